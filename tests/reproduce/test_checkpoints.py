"""The checkpoints of an experiment: which of them go when some networks are finished."""

import pytest

from tbrnn.reproduce.folder import CHECKPOINTS, Checkpoints


@pytest.fixture
def begun(tmp_path):
    checkpoints = Checkpoints(tmp_path)

    def begin(name, *words):
        folder = checkpoints.of(name, *words)
        folder.mkdir(parents=True)
        (folder / "running").touch()
        return folder

    return checkpoints, begin


def test_a_refused_call_drops_what_it_opened_alone(begun, tmp_path):
    _, begin = begun
    kept = begin("sine", 1)
    begin("sine", 2)
    again = Checkpoints(tmp_path)
    again.of("sine", 2)
    again.drop()
    assert list((tmp_path / CHECKPOINTS).iterdir()) == [kept]
    again.of("sine", 1)
    again.drop()
    assert not (tmp_path / CHECKPOINTS).exists()


def test_finished_networks_leave_the_checkpoints_of_others(begun, tmp_path):
    checkpoints, begin = begun
    finished = [begin("flipflop-1", place) for place in range(3)]
    others = [begin(name, 0) for name in ("flipflop-10", "flipflop-1-sine", "sine")]
    checkpoints.clear("flipflop-1")
    assert not any(folder.exists() for folder in finished)
    assert all((folder / "running").exists() for folder in others)
    for name in ("flipflop-10", "flipflop-1-sine", "sine"):
        checkpoints.clear(name)
    assert not (tmp_path / CHECKPOINTS).exists()


def test_nothing_begun_is_nothing_to_clear(tmp_path):
    Checkpoints(tmp_path).clear("sine")
    Checkpoints(None).clear("sine")
    assert not any(tmp_path.iterdir())
