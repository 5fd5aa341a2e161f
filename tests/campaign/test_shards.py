"""Shards and executors: the parts, wherever they ran, are the whole."""

from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context

import pytest

import tbrnn
from campaign.sweeps import SMALL, content, lines
from tbrnn.campaign import FolderInUse, hold, work
from tbrnn.campaign.plan import plan_sweep
from tbrnn.campaign.status import read_status


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    tbrnn.sweep(SMALL, out=folder)
    return content(folder)


class Here:
    """The least that is an executor."""

    def __init__(self):
        self.calls = []

    def submit(self, fn, *args):
        self.calls.append(args)
        future = Future()
        try:
            future.set_result(fn(*args))
        except Exception as error:
            future.set_exception(error)
        return future


@pytest.mark.parametrize("n", [1, 5, 13])
def test_shards_merge_to_the_whole(whole, tmp_path, monkeypatch, n):
    parts = [tbrnn.sweep(SMALL, out=tmp_path, shard=(i, n)) for i in reversed(range(1, n + 1))]
    assert sorted(len(part) for part in parts) == sorted(len(range(i, 12, n)) for i in range(n))
    monkeypatch.setattr(work, "train_batch", None)
    tbrnn.sweep(SMALL, out=tmp_path)
    assert content(tmp_path) == whole


def test_logs_and_copies_beside_shards_are_no_shards(whole, tmp_path):
    """As of `#SBATCH --output`; of twelve shards the second comes before the tenth."""
    for i in (10, 2):
        tbrnn.sweep(SMALL, out=tmp_path, shard=(i, 12))
        (tmp_path / f"shard-{i}-of-12.out").write_text("batch 1 of 1\n")
    (tmp_path / "shard-3-of-12").write_text("a file\n")
    (tmp_path / "shard-2-of-12-before").mkdir()
    shards = [part.name for part in read_status(tmp_path).parts[1:]]
    assert shards == ["shard-2-of-12", "shard-10-of-12"]
    tbrnn.sweep(SMALL, out=tmp_path)
    assert content(tmp_path) == whole
    assert not any((tmp_path / "shard-2-of-12-before").iterdir())


def test_what_no_shard_has_finished_is_trained_when_they_merge(whole, tmp_path):
    part = tbrnn.sweep(SMALL, out=tmp_path, shard=(2, 3))
    path = tmp_path / "shard-2-of-3" / "networks.jsonl"
    path.write_bytes(path.read_bytes()[:-40])
    tbrnn.sweep(SMALL, out=tmp_path)
    assert content(tmp_path) == whole
    assert part[0] in tbrnn.sweep(SMALL, out=tmp_path)  # the seconds, too


def test_any_executor_runs_the_shards(whole, tmp_path):
    executor = Here()
    tbrnn.sweep(SMALL, out=tmp_path, executor=executor, shards=5, threads=1)
    assert [call[3:] for call in executor.calls] == [((i, 5), 1) for i in range(1, 6)]
    assert content(tmp_path) == whole


def test_processes_run_the_shards(whole, tmp_path):
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        tbrnn.sweep(SMALL, out=tmp_path, executor=executor, shards=2, threads=1)
    assert content(tmp_path) == whole
    assert len(lines(tmp_path / "shard-1-of-2")) == 6


def test_dask_runs_the_shards(whole, tmp_path):
    distributed = pytest.importorskip("distributed", reason="pip install 'tbrnn[dask]'")
    cluster = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    with distributed.Client(**cluster) as client:
        tbrnn.sweep(SMALL, out=tmp_path, executor=client, shards=3, threads=1)
    assert content(tmp_path) == whole


def test_a_shard_that_fails_is_raised_after_the_others(tmp_path):
    manifest = plan_sweep(SMALL, tmp_path).manifest
    with hold(tmp_path / "shard-1-of-3", manifest), pytest.raises(FolderInUse, match="shard-1-of"):
        tbrnn.sweep(SMALL, out=tmp_path, executor=Here(), shards=3)
    assert [len(lines(tmp_path / f"shard-{i}-of-3")) for i in (2, 3)] == [4, 4]


def test_a_shard_that_runs_is_not_merged(tmp_path):
    tbrnn.sweep(SMALL, out=tmp_path, shard=(1, 3))
    manifest = plan_sweep(SMALL, tmp_path).manifest
    with hold(tmp_path / "shard-1-of-3", manifest), pytest.raises(FolderInUse):
        tbrnn.sweep(SMALL, out=tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shard": (0, 2)}, r"shard must be \(i, n\) with 1 <= i <= n, got \(0, 2\)"),
        ({"shards": 2}, "shards must be left out without an executor, got 2"),
        ({"executor": Here()}, "shards must be a whole number of at least 1, got None"),
        ({"executor": Here(), "shards": 0}, "shards must be a whole number of at least 1, got 0"),
        ({"executor": Here(), "shards": 2, "shard": (1, 2)}, "shard must be left out with an exec"),
        ({"executor": 3, "shards": 2}, r"executor must be an object with submit\(fn, \*args\)"),
        ({"threads": 0}, "threads must be a whole number of at least 1, got 0"),
    ],
)
def test_mistakes(tmp_path, options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        tbrnn.sweep(SMALL, out=tmp_path / "new", **options)
    assert not (tmp_path / "new").exists()
