"""Checks of single arguments and of options that may differ from member to member."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from tbrnn.errors import mistake, wrong_type

T = TypeVar("T")

LARGEST = 2**31 - 1
NUMBERS = (int, float, np.integer, np.floating)


def whole(argument: str, value: object, *, least: int, most: int | None = None) -> int:
    """A whole number from `least` to `most`."""
    expected = f"a whole number of at least {least}"
    if most is not None:
        expected = f"a whole number from {least} to {most}"
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise wrong_type(argument, expected, value)
    if value < least or (most is not None and value > most):
        raise mistake(argument, expected, value)
    return int(value)


def count(argument: str, value: object, *, least: int) -> int:
    """A whole number of at least `least` that the engine's 32 bits hold."""
    given = whole(argument, value, least=least)
    if given > LARGEST:
        raise mistake(argument, f"at most {LARGEST}", given)
    return given


def number(
    argument: str,
    value: object,
    *,
    least: float = -math.inf,
    above: float = -math.inf,
    most: float = math.inf,
) -> float:
    """A finite number with least <= value, above < value, value <= most."""
    bounds = [
        f"{word} {bound:g}"
        for word, bound in (("at least", least), ("above", above), ("at most", most))
        if math.isfinite(bound)
    ]
    expected = " ".join(["a finite number", " and ".join(bounds)]).strip()
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, NUMBERS):
        raise wrong_type(argument, expected, value)
    try:
        given = float(value)
    except OverflowError:  # of a whole number
        given = math.inf
    if not (math.isfinite(given) and least <= given <= most and given > above):
        raise mistake(argument, expected, value)
    return given


def real_array(argument: str, values: ArrayLike) -> NDArray[np.floating[Any]]:
    """An array of float32 or float64 numbers; other real numbers become float64."""
    try:
        array = np.asarray(values)
    except ValueError as error:  # rows of different lengths
        raise mistake(argument, "an array of real numbers", f"what is none ({error})") from error
    if array.dtype in (np.float32, np.float64):
        return array
    if array.dtype.kind not in "biuf":
        given = values if array.ndim == 0 else array.dtype
        raise wrong_type(argument, "an array of real numbers", given)
    return array.astype(np.float64)


def check_finite(argument: str, array: NDArray[np.floating[Any]], expected: str = "finite") -> None:
    """Every number of an array must be one."""
    finite = np.isfinite(array)
    if not finite.all():
        place = tuple(int(i) for i in np.argwhere(~finite)[0])
        raise mistake(argument, expected, f"{array[place]} at {place}")


def choice(argument: str, value: object, choices: Sequence[str]) -> str:
    """One of the words in `choices`."""
    if not isinstance(value, str) or value not in choices:
        raise mistake(argument, "one of " + ", ".join(map(repr, choices)), repr(value))
    return value


def instance(argument: str, value: object, kind: type[T], expected: str) -> T:
    """An instance of a class, which `expected` describes."""
    if not isinstance(value, kind):
        raise wrong_type(argument, expected, value)
    return value


def instances(argument: str, several: object, kind: type[T], expected: str) -> list[T]:
    """A list of at least one instance of a class, which `expected` describes."""
    if not isinstance(several, Iterable):
        raise wrong_type(argument, f"a list, each entry {expected}", several)
    listed = [instance(f"{argument}[{i}]", one, kind, expected) for i, one in enumerate(several)]
    if not listed:
        raise mistake(argument, f"at least one {kind.__name__}", "none")
    return listed


def switch(argument: str, value: object) -> bool:
    """True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise wrong_type(argument, "True or False", value)
    return bool(value)


def a_path(argument: str, value: object) -> Path:
    """A path, or its name."""
    if not isinstance(value, (str, os.PathLike)):
        raise wrong_type(argument, "a path", value)
    if value == "":
        raise mistake(argument, "a path", "''")
    return Path(value)


def precision(value: DTypeLike) -> np.dtype[Any]:
    """float32 or float64."""
    for kind in (np.float32, np.float64):
        if value is not None and _is(kind, value):
            return np.dtype(kind)
    raise mistake("dtype", "'float32' or 'float64'", repr(value))


def _is(kind: type[np.floating[Any]], value: DTypeLike) -> bool:
    try:
        return np.dtype(value) == kind
    except TypeError:
        return False


def per_member(
    argument: str, value: object, members: int, check: Callable[[str, object], T]
) -> list[T]:
    """One checked value per member: a single value serves all, a sequence has one for each."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if not isinstance(value, (list, tuple, range)):
        return [check(argument, value)] * members
    if len(value) != members:
        expected = f"one value, or one for each of the {members} members"
        raise mistake(argument, expected, f"{len(value)} values")
    return [check(f"{argument}[{i}]", entry) for i, entry in enumerate(value)]
