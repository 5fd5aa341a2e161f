"""Networks whose recurrent weights are all of a matrix."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tbrnn._network import Network, fan_in
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

    code: ClassVar[int] = 1
    published: ClassVar[Mapping[str, str]] = {"w_hh": "w_hh"}

    def _draw_recurrent(
        self, rng: np.random.Generator, shape: tuple[int, ...]
    ) -> NDArray[np.float64]:
        return 0.1 / math.sqrt(self.units) * rng.standard_normal(shape)
