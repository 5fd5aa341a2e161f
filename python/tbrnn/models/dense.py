"""Networks whose recurrent weights are all of a matrix."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tbrnn._constants import Constant, mask
from tbrnn._network import OPTION, Network, fan_in
from tbrnn.models._documents import documented


@dataclass(frozen=True, kw_only=True)
class FullRankNetwork(Network):
    """A network of full rank: how inputs and readout start."""

    zero_input_bias: ClassVar[bool] = True

    def _draw_input(self, rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
        return rng.standard_normal(shape)

    def _draw_readout(
        self, rng: np.random.Generator, shape: tuple[int, ...]
    ) -> NDArray[np.float64]:
        return fan_in(rng, shape, self.units)


@documented
@dataclass(frozen=True, kw_only=True)
class RNN(FullRankNetwork):
    """A pairwise network of full rank.

    <UPDATE>

    with ``drive(r) = w_hh r``, not scaled.

    Parameters
    ----------
    units : int
        Number of units N.
    <SHARED>
    mask : array (unit, unit) of 0 and 1, optional
        Multiplies the initial w_hh and every gradient of it, so that masked entries stay 0.

    <RAISES>

    Notes
    -----
    Parameters: w_hh (unit, unit), entry ij from unit j to unit i, w_in (unit, input), b_in (unit),
    w_out (output, unit), b_out (output). They start as: w_hh from Normal(0, 0.1/sqrt(N)), w_in from
    Normal(0, 1), b_in at 0, w_out and b_out uniform on +-1/sqrt(N).

    <SOURCE>

    Examples
    --------
    >>> import tbrnn
    >>> nets = tbrnn.RNN(units=30, inputs=2, outputs=1).initial(seeds=range(5))
    >>> nets.w_hh.shape
    (5, 30, 30)
    >>> tbrnn.RNN(units=0, inputs=2, outputs=1)
    Traceback (most recent call last):
        ...
    ValueError: units must be a whole number of at least 1, got 0
    """

    mask: ArrayLike | Constant | None = field(default=None, metadata=OPTION)

    code: ClassVar[int] = 1
    published: ClassVar[Mapping[str, str]] = {"w_hh": "w_hh"}

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.mask is not None:
            self._set("mask", mask("mask", self.mask, (self.units, self.units)))

    @property
    def masks(self) -> Mapping[str, Constant]:
        """Constant arrays by the name of the parameter whose gradient they multiply."""
        return {"w_hh": self.mask} if isinstance(self.mask, Constant) else {}

    def _draw_recurrent(
        self, rng: np.random.Generator, shape: tuple[int, ...]
    ) -> NDArray[np.float64]:
        weights = 0.1 / math.sqrt(self.units) * rng.standard_normal(shape)
        return weights if self.mask is None else weights * np.asarray(self.mask)
