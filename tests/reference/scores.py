"""The scores of Table 1, as loops over trials and units."""

import numpy as np


def accuracy(outputs, targets):
    return np.mean(np.sign(outputs) == np.sign(targets))


def unit_r2(y, reference):
    residual = np.sum((y - reference) ** 2)
    total = np.sum((reference - np.mean(reference)) ** 2)
    if total == 0:
        return 1.0 if residual == 0 else 0.0
    return 1 - residual / total


def r2_per_trial(states, reference):
    """(trial, time, unit) -> (trial,): unweighted mean over units of 1 - SSE/SST over time."""
    trials, _, units = reference.shape
    return np.array(
        [
            np.mean([unit_r2(states[b, :, i], reference[b, :, i]) for i in range(units)])
            for b in range(trials)
        ]
    )
