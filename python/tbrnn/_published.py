"""Published parameter names (the three-body code's state dicts) and ours, in one table.

The names of recurrence and input belong to the models; those of the readout are the same for all.
The parameter that the published HORNN calls ``alpha`` is our ``gate``.
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import mode
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tbrnn._arguments import check_finite, real_array
from tbrnn.errors import mistake, wrong_type

if TYPE_CHECKING:
    from tbrnn._network import Network

READOUT = {"w_out.weight": "w_out", "w_out.bias": "b_out"}


def published_names(model: type[Network]) -> dict[str, str]:
    """Published name -> ours."""
    return {**model.published, **model.published_inputs, **READOUT}


def read_state_dict(
    model: type[Network], arrays: Mapping[str, ArrayLike], options: Mapping[str, Any]
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Arrays under our names, and the sizes and switches that they imply."""
    if not isinstance(arrays, Mapping):
        raise wrong_type("arrays", "a mapping from published name to array", arrays)
    identity = options.get("readout") == "identity"
    names = published_names(model)
    if identity:
        names = {name: ours for name, ours in names.items() if not name.startswith("w_out")}
    _check_names(model, arrays, names, identity=identity)
    read = {
        ours: real_array(f"arrays[{name!r}]", arrays[name])
        for name, ours in names.items()
        if name in arrays
    }
    for name, ours in names.items():
        if name in arrays:
            check_finite(f"arrays[{name!r}]", read[ours])
    read.setdefault("gate", np.zeros(()))
    if "gate" not in names.values():
        del read["gate"]
    sizes = _sizes(model, read, identity=identity)
    for name, size in sizes.items():
        if name in options:
            raise mistake(name, f"left out: the arrays say it is {size}", options[name])
    _check_shapes(names, read, model(**sizes, **options).spec.fields)
    return read, sizes


def _check_names(
    model: type[Network],
    arrays: Mapping[str, ArrayLike],
    names: Mapping[str, str],
    *,
    identity: bool,
) -> None:
    optional = ["w_out.bias", "alpha"]
    biases = [name for name in model.published_inputs if name.endswith(".bias")]
    if not any(name in arrays for name in biases):  # all or none
        optional += biases
    missing = [name for name in names if name not in arrays and name not in optional]
    unexpected = [name for name in arrays if name not in names]
    if not missing and not unexpected:
        return
    faults = []
    if missing:
        faults.append("lack " + ", ".join(missing))
    if unexpected:
        faults.append("have unexpected " + ", ".join(unexpected))
    hint = "" if identity or "w_out.weight" not in missing else " (no readout: readout='identity')"
    expected = f"the parameters of {model.__name__}, {', '.join(names)}"
    raise mistake("arrays", expected, f"arrays that {' and '.join(faults)}{hint}")


def _sizes(
    model: type[Network], read: Mapping[str, NDArray[Any]], *, identity: bool
) -> dict[str, Any]:
    """Units, rank, inputs, outputs and bias switches."""
    w_in, b_in, *_ = model.published_inputs.values()
    for ours in [*model.rank_from, w_in, *([] if identity else ["w_out"])]:
        if read[ours].ndim != 2:
            raise mistake(f"arrays: {ours}", "a matrix", f"shape {read[ours].shape}")
    rows = [read[ours].shape[0] for ours in (*model.published.values(), w_in) if read[ours].shape]
    units = mode(rows)  # an array that says otherwise is the one at fault
    ranks = [read[ours].shape[1] for ours in model.rank_from]
    return {
        "units": units,
        **({"rank": ranks[0] if len(ranks) == 1 else tuple(ranks)} if ranks else {}),
        "inputs": read[w_in].shape[1],
        "outputs": units if identity else read["w_out"].shape[0],
        "input_bias": b_in in read,
        "output_bias": "b_out" in read,
    }


def _check_shapes(
    names: Mapping[str, str],
    read: Mapping[str, NDArray[Any]],
    fields: list[tuple[str, tuple[int, ...]]],
) -> None:
    published = {ours: name for name, ours in names.items()}
    for ours, shape in fields:
        if read[ours].shape != tuple(shape):
            given = f"shape {read[ours].shape}"
            raise mistake(f"arrays[{published[ours]!r}]", f"of shape {tuple(shape)}", given)
