"""Functions of a three-body tensor, applied to a tensor or to the networks that hold one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike

from tbrnn.connectivity.tensors import three_way
from tbrnn.connectivity.terms import Array
from tbrnn.ensemble import Ensemble
from tbrnn.errors import mistake
from tbrnn.models import HORNN, TBRNN

TENSOR = {TBRNN: "w_hh", HORNN: "w_hh_tbrnn"}


@overload
def of_tensor(given: Ensemble, function: Callable[[Array], Array]) -> Ensemble: ...
@overload
def of_tensor(given: ArrayLike, function: Callable[[Array], Array]) -> Array: ...
@overload
def of_tensor(
    given: Ensemble | ArrayLike, function: Callable[[Array], Array]
) -> Ensemble | Array: ...
def of_tensor(given: Ensemble | ArrayLike, function: Callable[[Array], Array]) -> Ensemble | Array:
    """A function of a tensor, or of networks with one: the networks with its value."""
    if not isinstance(given, Ensemble):
        return function(three_way(given))
    name = TENSOR.get(type(given.model))
    if name is None:
        raise mistake("tensor", "an array, or networks TBRNN or HORNN", repr(given))
    arrays = {n: a[np.newaxis] if given.single else a for n, a in given.arrays.items()}
    arrays[name] = function(three_way(arrays[name]))
    labels = {"numbers": given.numbers.tolist(), "seeds": given.seeds}
    free: dict[str, Any] = {"mask" if isinstance(given.model, TBRNN) else "mask_tbrnn": None}
    model = replace(given.model, **free)  # the function's value need not keep a mask
    nets = Ensemble.from_arrays(model, arrays, dtype=given.dtype, **labels)
    return nets[0] if given.single else nets
