"""Small trainings, and what it means that two of them are the same."""

import numpy as np

import tbrnn
from tolerances import assert_close

FREE = {"target_loss": None, "stall": None}
SIZES = {"units": 6, "inputs": 2, "outputs": 3}
LARGE = {"inputs": 2, "outputs": 3}


def trials_of(rng, trials, steps=4, **others):
    inputs, targets = rng.normal(size=(trials, steps, 2)), rng.normal(size=(trials, steps, 3))
    return tbrnn.Trials(inputs, targets, **others)


def same_training(ours, theirs):
    assert ours.status.tolist() == theirs.status.tolist()
    assert ours.epochs.tolist() == theirs.epochs.tolist()
    assert ours.best_epoch.tolist() == theirs.best_epoch.tolist()
    assert_close(ours.best_loss, theirs.best_loss, "float32 values")
    assert_close(ours.last_loss, theirs.last_loss, "float32 values")
    assert ours.optimizer.counts == theirs.optimizer.counts
    for i in range(len(ours)):
        for name in ours.history[i].dtype.names:
            a, b = ours.history[i][name], theirs.history[i][name]
            assert np.array_equal(np.isnan(a), np.isnan(b))
            assert_close(np.nan_to_num(a), np.nan_to_num(b), "float32 values", name)
        for which in ("best", "last"):
            a, b = getattr(ours, which)[i].arrays, getattr(theirs, which)[i].arrays
            flat = [np.concatenate([one[name].ravel() for name in one]) for one in (a, b)]
            assert_close(*flat, "float32 values", which)


def identical(ours, theirs):
    assert ours.status.tolist() == theirs.status.tolist()
    assert ours.last_loss.tobytes() == theirs.last_loss.tobytes()
    for i in range(len(ours)):
        assert ours.history[i].tobytes() == theirs.history[i].tobytes()
        for which in ("best", "last"):
            a, b = getattr(ours, which)[i].arrays, getattr(theirs, which)[i].arrays
            assert all(np.array_equal(a[name], b[name]) for name in a)
