"""Values and slopes of the nonlinearities phi, and their ranges over intervals.

Every phi rises, so its range over [low, high] is [phi(low), phi(high)]. Slopes rise too, except
those of tanh and sigmoid, which fall with the distance from 0.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

Array = NDArray[np.float64]

VALUE: dict[str, Callable[[Array], Array]] = {
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0.0),
    "sigmoid": expit,
    "softplus": lambda x: np.logaddexp(0.0, x),
    "identity": lambda x: x,
}
SLOPE: dict[str, Callable[[Array], Array]] = {
    "tanh": lambda x: 1 - np.tanh(x) ** 2,
    "relu": lambda x: np.where(x > 0, 1.0, 0.0),
    "sigmoid": lambda x: expit(x) * expit(-x),
    "softplus": expit,
    "identity": np.ones_like,
}
BOUND = {"tanh": 1.0, "sigmoid": 1.0}  # of |phi|; the others have none


def slope_range(phi: str, low: Array, high: Array) -> tuple[Array, Array]:
    """Least and largest slope of phi over [low, high]."""
    slope = SLOPE[phi]
    if phi not in BOUND:
        return slope(low), slope(high)
    nearest = np.clip(0.0, low, high)
    return np.minimum(slope(low), slope(high)), slope(nearest)
