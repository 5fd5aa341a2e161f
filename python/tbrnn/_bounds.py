"""Bounds of parameter arrays, which every update keeps."""

from __future__ import annotations

import math
from collections.abc import Container, Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tbrnn._arguments import number
from tbrnn.errors import mistake, wrong_type

Bound: TypeAlias = tuple[str, float | None, float | None]


def checked_bounds(
    given: Mapping[str, Sequence[float | None]] | Sequence[Sequence[object]],
) -> tuple[Bound, ...]:
    """(name, low, high) by name of the array; None is no bound.

    A list of these is what a file holds.
    """
    if isinstance(given, Mapping):
        pairs = [(str(name), ends) for name, ends in given.items()]
    elif isinstance(given, (list, tuple)) and all(_is_bound(bound) for bound in given):
        pairs = [(str(name), ends) for name, *ends in given]
    else:
        raise wrong_type("bounds", "a mapping from parameter names to (low, high)", given)
    return tuple(_checked(name, ends) for name, ends in sorted(pairs, key=lambda pair: pair[0]))


def _is_bound(given: object) -> bool:
    return isinstance(given, (list, tuple)) and len(given) == 3


def _checked(name: str, ends: object) -> Bound:
    if not isinstance(ends, (list, tuple)) or len(ends) != 2:
        raise mistake(f"bounds[{name!r}]", "(low, high), None where there is none", repr(ends))
    low, high = (None if end is None else number(f"bounds[{name!r}]", end) for end in ends)
    if low is not None and high is not None and low > high:
        raise mistake(f"bounds[{name!r}]", "(low, high) with low at most high", repr(ends))
    return name, low, high


def masked_within(bounds: Sequence[Bound], masked: Container[str]) -> None:
    """Raise if bounds would move the zeros that a mask leaves."""
    for name, low, high in bounds:
        if name in masked and ((low or 0) > 0 or (high or 0) < 0):
            raise mistake(f"bounds[{name!r}]", "around 0, as a mask holds zeros", f"{(low, high)}")


def engine_bounds(bounds: Sequence[Bound]) -> list[tuple[str, float, float]]:
    """What the engine's Spec takes."""
    return [
        (name, -math.inf if low is None else low, math.inf if high is None else high)
        for name, low, high in bounds
    ]


def within(bounds: Sequence[Bound], name: str, drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Drawn weights in their bounds: their absolute value for (0, None), else clipped."""
    for field, low, high in bounds:
        if field == name:
            return np.abs(drawn) if (low, high) == (0, None) else np.clip(drawn, low, high)
    return drawn
