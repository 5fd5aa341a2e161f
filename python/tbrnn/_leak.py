"""The leak of the units: one alpha for all, or one for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tbrnn._arguments import number
from tbrnn.errors import mistake

if TYPE_CHECKING:
    from tbrnn._network import Network


def alphas(value: float | Sequence[float], units: int) -> float | tuple[float, ...]:
    """The checked value of a model's alpha; equal ones are one."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if not isinstance(value, (list, tuple)):
        return number("alpha", value, above=0, most=1)
    if len(value) != units:
        expected = f"one number, or one for each of the {units} units"
        raise mistake("alpha", expected, f"{len(value)} numbers")
    each = tuple(number(f"alpha[{i}]", a, above=0, most=1) for i, a in enumerate(value))
    return each if len(set(each)) > 1 else each[0]


def linear_leak(model: Network) -> float:
    """The alpha of a network whose units all have the same linear leak, which overlaps share."""
    if isinstance(model.alpha, float) and not model.cubic:
        return model.alpha
    expected = "networks with one alpha for all units and no cubic leak"
    raise mistake("nets", expected, f"alpha={model.alpha}, cubic={model.cubic}")
