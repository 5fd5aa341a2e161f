"""Arrays that are part of a model: what a training never changes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from tbrnn.errors import mistake, wrong_type
from tbrnn.nonlinearity import Nonlinearity


class Constant:
    """A read-only array, equal and hashed by value, so that models with it compare and hash."""

    def __init__(self, array: ArrayLike) -> None:
        self.array: NDArray[Any] = np.array(array, order="C")
        self.array.flags.writeable = False
        digest = hashlib.blake2b(f"{self.array.dtype} {self.shape}".encode(), digest_size=16)
        digest.update(self.array.data)
        self.digest = digest.hexdigest()

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        return self.array.astype(self.array.dtype if dtype is None else dtype, copy=bool(copy))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Constant) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"array{self.shape}"

    def __deepcopy__(self, memo: object) -> Constant:
        return self


def constant(argument: str, value: object, shape: tuple[int, ...]) -> Constant:
    """A checked array of finite numbers of the given shape."""
    if isinstance(value, Constant):
        given = value
    else:
        try:
            given = Constant(np.asarray(value))
        except ValueError:
            raise wrong_type(argument, f"an array {shape}", value) from None
    if given.array.dtype.kind not in "biuf":
        raise wrong_type(argument, f"an array {shape} of numbers", value)
    if given.shape != shape:
        raise mistake(argument, f"an array {shape}", f"shape {given.shape}")
    if not np.isfinite(given.array).all():
        raise mistake(argument, "finite", "entries that are not")
    return given


def mask(argument: str, value: object, shape: tuple[int, ...]) -> Constant:
    """A checked array of zeros and ones."""
    given = constant(argument, value, shape)
    if not np.isin(given.array, (0, 1)).all():
        raise mistake(argument, "zeros and ones", "other entries")
    return given if given.array.dtype == bool else Constant(given.array.astype(bool))


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values with constants as their digests and nonlinearities as their fields."""
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Constant):
        return value.digest
    return asdict(value) if isinstance(value, Nonlinearity) else value
