"""Which members an index or a condition means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tbrnn._arguments import instance, whole
from tbrnn._network import Network
from tbrnn.errors import Mistake, WrongValue, mistake, wrong_type

EXPECTED = "an int, a slice, a list of ints or a boolean mask"


def position(index: int, members: int) -> int:
    """A checked position; negative ones count from the end."""
    if not -members <= index < members:
        raise IndexError(f"member {index} of an ensemble of {members}")
    return int(index) % members


def positions(index: Any, members: int) -> NDArray[np.int64]:
    """The positions that a slice, a list of positions or a boolean mask selects."""
    if isinstance(index, slice):
        return np.arange(members)[index]
    if not isinstance(index, (list, tuple, range, np.ndarray)):
        raise wrong_type("index", EXPECTED, index)
    array = np.asarray(index)
    if array.size == 0:
        return np.zeros(0, dtype=np.int64)
    if array.ndim != 1 or array.dtype.kind not in "bi":
        raise wrong_type("index", EXPECTED, index)
    if array.dtype == bool:
        if len(array) != members:
            raise mistake("index", f"a mask of {members} members", f"{len(array)} entries")
        return np.flatnonzero(array)
    return np.array([position(i, members) for i in array.tolist()], dtype=np.int64)


def members_where(
    models: Sequence[Network], numbers: NDArray[np.int64], conditions: Mapping[str, Any]
) -> NDArray[np.int64]:
    """The positions of the members that meet all conditions."""
    if not models:
        return np.zeros(0, dtype=np.int64)
    known = sorted({"model", "number", *(f.name for model in models for f in fields(model))})
    if unknown := sorted(set(conditions) - set(known)):
        raise mistake("where()", f"called with some of {', '.join(known)}", f"{unknown}")
    asked = dict(conditions)
    number = whole("number", asked.pop("number"), least=0) if "number" in asked else None
    kinds = set(models)
    for name, value in asked.items():
        _check_value(kinds, name, value)
    meets = {model: all(_meets(model, *pair) for pair in asked.items()) for model in kinds}
    met = np.array([meets[model] for model in models], dtype=bool)
    return np.flatnonzero(met if number is None else met & (numbers == number))


def _check_value(models: Iterable[Network], name: str, value: Any) -> None:
    """One of the models must take the value, or refuse it for its size or for other settings."""
    fault: Mistake | None = None
    for model in models:
        if name not in model.arguments:
            continue
        try:
            replace(model, **{name: value})
        except Mistake as error:
            unknown = isinstance(value, str) and error.argument == name
            if isinstance(error, WrongValue) and not unknown:
                return
            fault = error
        else:
            return
    if fault:
        raise fault


def _meets(model: Network, name: str, value: Any) -> bool:
    """Would it be the same model with this value, in whatever way it is written?"""
    if name == "model":
        if isinstance(value, type):
            return isinstance(model, value)
        return model == instance("model", value, Network, "a class or a model")
    if name not in model.arguments:
        return np.array_equal(np.asarray(getattr(model, name, None)), value)
    try:
        return replace(model, **{name: value}) == model
    except Mistake:
        return False
