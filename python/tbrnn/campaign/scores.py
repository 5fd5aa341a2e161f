"""What a network is worth on the test trials."""

from __future__ import annotations

from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tbrnn.analysis import accuracy
from tbrnn.ensemble import Ensemble
from tbrnn.gradients import gradient
from tbrnn.trials import Floats, Trials


def test_scores(
    network: Ensemble, test: Trials, loss: str, threads: int | None
) -> dict[str, float | None]:
    """A network's accuracy and loss on the test trials, without noise."""
    shown = network.simulate(test, states=False, rates=False, threads=threads)
    losses, _ = gradient(network, test, loss=loss, threads=threads, device="cpu")
    return {
        "accuracy": finite(test_accuracy(shown.outputs, test, loss)),
        "test_loss": finite(losses[0]),
    }


def test_accuracy(outputs: Floats, test: Trials, loss: str) -> Any:
    """Share of outputs on the targets' side.

    Sides are those of 0, and for ``logistic`` those of the probability 1/2; ``cross_entropy`` has
    the share of right classes.
    """
    targets: NDArray[np.float64] = np.asarray(test.targets, np.float64)
    if loss != "cross_entropy":
        sides = 2 * targets - 1 if loss == "logistic" else targets
        return accuracy(outputs, sides, test.mask)
    right = outputs.argmax(axis=-1) == targets.argmax(axis=-1)
    right &= np.isfinite(outputs).all(axis=-1)
    return right.mean() if test.mask is None else right[test.mask[..., 0] > 0].mean()


def finite(value: Any) -> float | None:
    """A number for JSON, which has none that is not finite."""
    return float(value) if isfinite(value) else None
