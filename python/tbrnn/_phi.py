"""Values and slopes of the nonlinearities phi, and their ranges over intervals.

Every phi rises, so its range over [low, high] is [phi(low), phi(high)]. Slopes rise too, except
those of tanh and sigmoid, which fall with the distance from the shift.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from tbrnn.nonlinearity import Phi, engine_activation

Array = NDArray[np.float64]

_VALUE: dict[str, Callable[[Array], Array]] = {
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0.0),
    "sigmoid": expit,
    "softplus": lambda x: np.logaddexp(0.0, x),
    "identity": lambda x: x,
}
_SLOPE: dict[str, Callable[[Array], Array]] = {
    "tanh": lambda x: 1 - np.tanh(x) ** 2,
    "relu": lambda x: np.where(x > 0, 1.0, 0.0),
    "sigmoid": lambda x: expit(x) * expit(-x),
    "softplus": expit,
    "identity": np.ones_like,
}
_BOUND = {"tanh": 1.0, "sigmoid": 1.0}  # of |phi|; the others have none


def _parts(phi: Phi) -> tuple[str, float, float, float, float]:
    """f, gain, shift, height and leak of phi(x) = height f(gain (x - shift))."""
    engine = engine_activation(phi)
    return (engine, 1.0, 0.0, 1.0, 0.0) if isinstance(engine, str) else engine


def value(phi: Phi, x: Array) -> Array:
    """phi(x)."""
    kind, gain, shift, height, leak = _parts(phi)
    y = gain * (x - shift)
    return height * (_VALUE[kind](y) + leak * np.minimum(y, 0.0))


def slope(phi: Phi, x: Array) -> Array:
    """phi'(x)."""
    kind, gain, shift, height, leak = _parts(phi)
    below = leak if kind == "relu" else 0.0
    return height * gain * (below + (1 - below) * _SLOPE[kind](gain * (x - shift)))


def bound(phi: Phi) -> float | None:
    """Of |phi|, if it has one."""
    return _BOUND.get(_parts(phi)[0])


def slope_range(phi: Phi, low: Array, high: Array) -> tuple[Array, Array]:
    """Least and largest slope of phi over [low, high]."""
    if bound(phi) is None:
        return slope(phi, low), slope(phi, high)
    nearest = np.clip(_parts(phi)[2], low, high)
    return np.minimum(slope(phi, low), slope(phi, high)), slope(phi, nearest)
