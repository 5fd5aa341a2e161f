"""Networks and trials for tests of fit, and what it means that two runs are the same."""

import numpy as np

import tbrnn

RNG = np.random.default_rng(3)
INPUTS, TARGETS = RNG.normal(0, 1, (6, 7, 3)), RNG.normal(0, 1, (6, 7, 2))
TRIALS = tbrnn.Trials(INPUTS, TARGETS)
OTHERS = tbrnn.Trials(RNG.normal(0, 1, (9, 7, 3)), RNG.normal(0, 1, (9, 7, 2)))
SIZES = {"units": 5, "inputs": 3, "outputs": 2}
MODEL = tbrnn.LowRankTBRNN(rank=4, **SIZES)
FREE = {"target_loss": None, "stall": None}

COLUMNS = ("status", "best_loss", "last_loss", "epochs", "best_epoch", "rollbacks", "attempts")


def same(a, i, b, j):
    """Member i of one result is member j of another."""
    for name in COLUMNS:
        assert getattr(a, name)[i] == getattr(b, name)[j], name
    assert a.history[i].tobytes() == b.history[j].tobytes()
    assert a.statistics[i].tobytes() == b.statistics[j].tobytes()
    pairs = [(a.best, b.best), (a.last, b.last)]
    pairs += [(a.optimizer.first, b.optimizer.first), (a.optimizer.second, b.optimizer.second)]
    for nets, others in pairs:
        ours, theirs = nets[i].arrays, others[j].arrays
        assert all(np.array_equal(ours[name], theirs[name]) for name in ours)
    assert a.optimizer.counts[i] == b.optimizer.counts[j]
