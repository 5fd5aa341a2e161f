"""A campaign's folder: one process, one configuration, one format."""

import errno
import fcntl
import json
import os
import platform
import subprocess
import sys

import pytest

from tbrnn.campaign import ChangedConfiguration, FolderInUse, hold
from tbrnn.campaign.folder import FORMAT, MANIFEST, holder

CONFIGURATION = {"seed": 0, "ranks": (1, 2), "teacher": {"lr": 1e-2, "epochs": 20}}


def begin(folder, **changes):
    with hold(folder, {**CONFIGURATION, **changes}):
        return json.loads((folder / MANIFEST).read_text())


def test_the_manifest_says_what_made_the_folder(tmp_path):
    made = begin(tmp_path / "new" / "folder")
    assert made["format"] == FORMAT
    assert made["configuration"] == {**CONFIGURATION, "ranks": [1, 2]}
    assert begin(tmp_path / "new" / "folder") == made


def test_a_changed_configuration_is_refused_with_the_differences(tmp_path):
    begin(tmp_path)
    with pytest.raises(ChangedConfiguration) as refused:
        begin(tmp_path, seed=1, teacher={"lr": 1e-3, "clip": 1.0, "epochs": 20})
    assert str(refused.value).splitlines() == [
        f"{tmp_path}: begun with another configuration",
        "  seed: 0 there, 1 now",
        "  teacher.lr: 0.01 there, 0.001 now",
        "  teacher.clip: absent there, 1.0 now",
    ]
    assert begin(tmp_path)["configuration"]["seed"] == 0


def test_numbers_of_results_may_grow(tmp_path):
    def begin(**changes):
        with hold(tmp_path, {"seed": 0, "runs": 10, **changes}, growing=["runs"]):
            return json.loads((tmp_path / MANIFEST).read_text())["configuration"]

    assert begin() == begin() == {"seed": 0, "runs": 10}
    with pytest.raises(ChangedConfiguration, match="seed: 0 there, 1 now"):
        begin(seed=1, runs=30)
    assert begin() == {"seed": 0, "runs": 10}
    assert begin(runs=30) == {"seed": 0, "runs": 30}
    with pytest.raises(ChangedConfiguration, match="runs: 30 there, 10 now"):
        begin()


@pytest.mark.parametrize(
    ("there", "told"), [({}, "absent"), ({"runs": "all"}, "all"), ({"runs": [1, 2]}, r"\[1, 2\]")]
)
def test_what_is_no_number_does_not_grow(tmp_path, there, told):
    """As in a folder of another kind."""
    with hold(tmp_path, there):
        pass
    with (
        pytest.raises(ChangedConfiguration, match=f"runs: {told} there, 10 now"),
        hold(tmp_path, {"runs": 10}, growing=["runs"]),
    ):
        pass


def test_growing_changes_nothing_else_in_the_manifest(tmp_path):
    made = {"format": FORMAT, "note": "by hand", "configuration": {"runs": 10}}
    (tmp_path / MANIFEST).write_text(json.dumps(made))
    with hold(tmp_path, {"runs": 30}, growing=["runs"]):
        grown = json.loads((tmp_path / MANIFEST).read_text())
    assert grown == {**made, "configuration": {"runs": 30}}


def test_a_second_process_is_refused(tmp_path):
    code = (
        "import sys, pathlib; from tbrnn.campaign import hold\n"
        "with hold(pathlib.Path(sys.argv[1]), {}): pass"
    )
    with hold(tmp_path, {}):
        second = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False
        )
        assert f"in use by process {os.getpid()}" in second.stderr
        with pytest.raises(FolderInUse, match=f"{tmp_path}: in use by process {os.getpid()}"):
            begin(tmp_path)
    begin(tmp_path / "another")
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)


def test_a_process_of_another_machine_is_named_with_it(tmp_path, monkeypatch):
    monkeypatch.setattr(platform, "node", lambda: "node07")
    with hold(tmp_path, {}):
        monkeypatch.undo()
        assert holder(tmp_path) == f"{os.getpid()} on node07"
        with pytest.raises(FolderInUse, match=f"in use by process {os.getpid()} on node07;"):
            begin(tmp_path)
    with hold(tmp_path, {}):
        assert holder(tmp_path) == str(os.getpid())


def test_halves_of_files_that_a_killed_process_left_are_removed(tmp_path):
    """Not those of a shard, where another process may be writing."""
    places = [tmp_path / name for name in (".", "weights", "history", "shard-1-of-2")]
    for place in places:
        place.mkdir(exist_ok=True)
        (place / ".a.safetensors.123.partial").write_text("half")
        (place / "a.safetensors").write_text("whole")
    begin(tmp_path)
    left = [path.parent for path in tmp_path.rglob(".*.partial")]
    assert left == [tmp_path / "shard-1-of-2"]
    assert len(list(tmp_path.rglob("a.safetensors"))) == len(places)
    begin(tmp_path / "shard-1-of-2")
    assert not list(tmp_path.rglob(".*.partial"))


def test_a_folder_of_a_later_version_is_refused(tmp_path):
    begin(tmp_path)
    made = json.loads((tmp_path / MANIFEST).read_text())
    (tmp_path / MANIFEST).write_text(json.dumps({**made, "format": FORMAT + 1, "tbrnn": "9.1"}))
    with pytest.raises(ValueError, match=rf"made by tbrnn 9.1 \(format {FORMAT + 1}\)"):
        begin(tmp_path)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 1}'])
def test_a_damaged_manifest_is_an_error(tmp_path, content):
    (tmp_path / MANIFEST).write_text(content)
    with pytest.raises(ValueError, match="campaign.json: damaged"):
        begin(tmp_path)


@pytest.mark.parametrize(
    ("module", "name", "number", "told"),
    [
        (os, "write", errno.ENOSPC, "No space left"),
        (fcntl, "flock", errno.ENOSYS, "no lock: Function not implemented"),
    ],
    ids=["a full disk", "no locks"],
)
def test_what_a_file_system_refuses_is_named(module, name, number, told, tmp_path, monkeypatch):
    def refuse(file, argument):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(module, name, refuse)
    with pytest.raises(OSError, match=f"{told}.*{tmp_path}"):
        begin(tmp_path)
    monkeypatch.undo()
    begin(tmp_path)


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        begin(tmp_path / "file" / "folder")
    with pytest.raises(OSError, match="/proc/nothing"):
        begin(type(tmp_path)("/proc/nothing"))
