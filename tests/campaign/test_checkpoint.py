"""Checkpoints of fit and lint: what they refuse, what they keep, what they do not change."""

import errno
import json
import os
from contextlib import nullcontext

import numpy as np
import pytest

import tbrnn
from tbrnn import _checkpoint
from tbrnn.campaign import ChangedConfiguration, FolderInUse, hold
from tbrnn.campaign.folder import FORMAT, MANIFEST

TRIALS = tbrnn.tasks.FlipFlop(bits=1, steps=20).sample(12, seed=0)
RATES = tbrnn.Trials(TRIALS.inputs, np.zeros((12, 20, 10)))
MODEL = tbrnn.LowRankTBRNN(units=10, rank=2, inputs=1, outputs=1)

LONG = 50_000  # epochs, several slices of time


def fit(folder, trials=TRIALS, model=MODEL, **changes):
    options = {"members": 3, "epochs": 30, "lr": 1e-3, "stall": None, "threads": 2}
    options |= {"target_loss": None, **changes}
    return tbrnn.fit(model, trials, checkpoint=folder, **options)


def content(runs):
    nets = (runs.best, runs.last, runs.optimizer.first, runs.optimizer.second)
    arrays = [cohort.parameters for ensemble in nets for cohort in ensemble.cohorts]
    arrays += [runs.status, runs.best_loss, runs.last_loss, runs.epochs, runs.attempts]
    return [array.tobytes() for array in [*arrays, *runs.history, *runs.statistics]]


def same(a, b):
    return content(a) == content(b)


@pytest.fixture
def cut_off(tmp_path, monkeypatch):
    """A folder of a training that was interrupted after its first slice of time."""

    def cut(**options):
        def interrupt(progress):
            raise KeyboardInterrupt

        with pytest.warns(RuntimeWarning, match="interrupted"):
            runs = fit(tmp_path, on_slice=interrupt, **{"epochs": LONG, **options})
        assert "interrupted" in runs.status
        return tmp_path

    return cut


def test_a_checkpoint_changes_nothing(tmp_path):
    assert same(fit(None), fit(tmp_path / "made"))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"sigma": 0.1, "dtype": "float64", "epochs": 8_000},
        {"batch": 5, "validation": TRIALS, "evaluate_every": 3},
        {"optimizer": tbrnn.adamw(decay=0.1), "clip": 0.1, "train": ("l", "m"), "statistics": 500},
        {"guard": tbrnn.Guard(loss=1.5), "lr": 0.3, "record_every": 100},
        {"accept": 0.5, "attempts": 2},
    ],
    ids=["plain", "noise", "batch", "adamw", "guard", "accept"],
)
def test_an_interrupted_training_goes_on_to_the_same_bits(cut_off, options):
    options = {"epochs": LONG, **options}
    assert same(fit(cut_off(**options), **options), fit(None, **options))


def test_students_go_on_too(tmp_path):
    def students(folder, **more):
        return tbrnn.lint(
            MODEL.initial([0, 1]), tbrnn.LowRankRNN, ranks=[1, 2], trials=TRIALS, epochs=30_000,
            stall=None, target_loss=None, checkpoint=folder, **more,
        )  # fmt: skip

    def interrupt(progress):
        raise KeyboardInterrupt

    with pytest.warns(RuntimeWarning, match="interrupted"):
        students(tmp_path, on_slice=interrupt)
    assert same(students(tmp_path), students(None))


def test_another_data_set_or_criterion_is_another_training(tmp_path):
    both = tbrnn.Trials.stack([TRIALS, TRIALS])
    other = {"trials": both, "epochs": 3, "dataset": [0, 1, 0]}
    fit(tmp_path / "trials", **other)
    with pytest.raises(ChangedConfiguration, match="datasets: "):
        fit(tmp_path / "trials", **other | {"dataset": [1, 0, 0]})
    fit(tmp_path / "accept", epochs=3, accept=np.float32(1e9))
    fit(tmp_path / "zero", epochs=3, accept=np.int64(0), attempts=1)
    with pytest.raises(ChangedConfiguration, match=r"accept: 1000000000.0 there, 0.1 now"):
        fit(tmp_path / "accept", epochs=3, accept=0.1)


def test_other_teachers_are_another_training(tmp_path):
    for draw in (0, 1):
        teachers = tbrnn.LowRankRNN(units=6, rank=1, inputs=1, outputs=1, bulk=(0.8, draw))
        with pytest.raises(ChangedConfiguration, match="teachers") if draw else nullcontext():
            tbrnn.lint(
                teachers.initial([0]), tbrnn.LowRankRNN, ranks=[1], trials=TRIALS, epochs=2,
                checkpoint=tmp_path,
            )  # fmt: skip


def test_members_that_another_function_accepts_keep_their_attempts(tmp_path):
    def but(*accepted):
        return lambda runs: np.isin(runs.best.numbers, accepted)

    options = {"epochs": 5, "attempts": 2, "members": 5}
    fit(tmp_path, accept=but(0, 1), **options)
    assert same(fit(tmp_path, accept=but(3), **options), fit(None, accept=but(3), **options))


def test_an_exception_in_a_callback_loses_nothing(tmp_path):
    def fail(progress):
        raise RuntimeError("my own")

    with pytest.raises(RuntimeError, match="my own"):
        fit(tmp_path, epochs=LONG, on_slice=fail)
    assert same(fit(tmp_path, epochs=LONG), fit(None, epochs=LONG))


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"lr": 1e-2}, "lr_first: 0.001 there, 0.01 now"),
        ({"epochs": [30, 30, 40]}, "epochs: 30 there, ['30', '30', '40'] now"),
        ({"clip": 1.0}, "clip: 0.0 there, 1.0 now"),
        ({"seed": 1}, "seeds: [[0, 0], [0, 1], [0, 2]] there, [[1, 0], [1, 1], [1, 2]] now"),
        ({"dtype": "float64"}, "dtype: float32 there, float64 now"),
        ({"train": ("m",)}, "train: None there, ['m'] now"),
        ({"match": "rates", "trials": RATES}, "match: outputs there, rates now"),
        ({"trials": tbrnn.tasks.FlipFlop(bits=1, steps=20).sample(12, seed=1)}, "data: "),
    ],
)
def test_another_training_is_refused_with_the_difference(tmp_path, changes, line):
    first = fit(tmp_path)
    with pytest.raises(ChangedConfiguration) as refused:
        fit(tmp_path, **changes)
    assert any(found.strip().startswith(line) for found in str(refused.value).splitlines())
    assert same(fit(tmp_path), first)


def test_a_folder_in_use_is_refused(tmp_path):
    with hold(tmp_path, {}), pytest.raises(FolderInUse, match="in use by process"):
        fit(tmp_path)


def test_a_folder_of_a_later_version_is_refused(tmp_path):
    fit(tmp_path)
    made = json.loads((tmp_path / MANIFEST).read_text())
    (tmp_path / MANIFEST).write_text(json.dumps({**made, "format": FORMAT + 1}))
    with pytest.raises(ValueError, match="which knows formats up to"):
        fit(tmp_path)


def test_a_damaged_state_is_named(cut_off):
    folder = cut_off()
    path = folder / "running.safetensors"
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="running.safetensors: damaged"):
        fit(folder, epochs=LONG)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS])
def test_a_full_disk_or_read_only_folder_keeps_the_last_state(cut_off, monkeypatch, code):
    folder = cut_off()
    before = {path.name: path.read_bytes() for path in folder.glob("*.safetensors")}

    def refuse(file):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(_checkpoint, "EVERY", 0.0)
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match=os.strerror(code)):
        fit(folder, epochs=LONG)
    monkeypatch.undo()
    assert before == {path.name: path.read_bytes() for path in folder.glob("*.safetensors")}
    assert not list(folder.glob(".*partial"))
