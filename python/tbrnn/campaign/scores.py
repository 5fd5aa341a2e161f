"""What a network is worth on the test trials."""

from __future__ import annotations

from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from tbrnn.analysis import accuracy
from tbrnn.trials import Floats, Trials

Array = NDArray[np.float64]


def test_scores(outputs: Floats, test: Trials, loss: str) -> dict[str, float | None]:
    """Share of outputs on the targets' side, and the loss that `tbrnn.fit` would see.

    Sides are those of 0, and for ``logistic`` those of the probability 1/2; ``cross_entropy`` has
    the share of right classes.
    """
    targets: Array = np.asarray(test.targets, np.float64)
    weights = np.broadcast_to(1.0 if test.mask is None else test.mask, targets.shape)
    if loss == "cross_entropy":
        weights = weights[..., :1]
    seen: Array = np.where(weights > 0, outputs, 0.0).astype(np.float64)
    targets = np.where(weights > 0, targets, 0.0)
    with np.errstate(over="ignore", invalid="ignore"):  # of a network that explodes: None
        errors = (weights * _losses(seen, targets, loss)).sum() / weights.sum()
    return {
        "accuracy": finite(_accuracy(seen, targets, weights > 0, loss)),
        "test_loss": finite(errors),
    }


def _losses(outputs: Array, targets: Array, loss: str) -> Array:
    """The loss of each entry, or of each step."""
    if loss == "logistic":
        return np.asarray(np.logaddexp(0.0, outputs) - targets * outputs)
    if loss == "cross_entropy":
        return np.asarray(-np.sum(targets * log_softmax(outputs, axis=-1), axis=-1, keepdims=True))
    return np.square(outputs - targets)


def _accuracy(outputs: Array, targets: Array, counted: NDArray[np.bool_], loss: str) -> Any:
    if loss == "cross_entropy":
        right = outputs.argmax(axis=-1) == targets.argmax(axis=-1)
        right &= np.isfinite(outputs).all(axis=-1)
        return right[counted[..., 0]].mean()
    return accuracy(outputs, 2 * targets - 1 if loss == "logistic" else targets, counted)


def finite(value: Any) -> float | None:
    """A number for JSON, which has none that is not finite."""
    return float(value) if isfinite(value) else None
