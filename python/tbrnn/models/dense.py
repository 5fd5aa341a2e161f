"""Networks whose recurrent weights are all of a matrix."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tbrnn._arguments import number, switch
from tbrnn._constants import Constant, mask
from tbrnn._network import OPTION, Network, fan_in
from tbrnn.models._documents import documented
from tbrnn.nonlinearity import Phi


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

    The drive is ``drive(r) = w_hh r``, not scaled.

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
    tbrnn.errors.WrongValue: units must be a whole number of at least 1, got 0
    """

    mask: ArrayLike | Constant | None = field(default=None, metadata=OPTION)

    code: ClassVar[int] = 1
    published: ClassVar[Mapping[str, str]] = {"w_hh": "w_hh"}

    def _check(self) -> None:
        super()._check()
        if self.mask is not None:
            self._set("mask", mask("mask", self.mask, (self.units, self.units)))

    def effective(self, w_hh: ArrayLike) -> NDArray[np.float64]:
        """The matrix (..., unit, unit) that the dynamics see: w_hh itself.

        Examples
        --------
        >>> import tbrnn
        >>> nets = tbrnn.RNN(units=30, inputs=2, outputs=1).initial(range(5))
        >>> bool((nets.model.effective(nets.w_hh) == nets.w_hh).all())
        True
        """
        return np.asarray(w_hh, np.float64)

    @property
    def masks(self) -> Mapping[str, Constant]:
        """Constant arrays by the name of the parameter whose gradient they multiply."""
        return {"w_hh": self.mask} if isinstance(self.mask, Constant) else {}

    def _draw_recurrent(
        self, rng: np.random.Generator, shape: tuple[int, ...]
    ) -> NDArray[np.float64]:
        weights = 0.1 / math.sqrt(self.units) * rng.standard_normal(shape)
        return weights if self.mask is None else weights * np.asarray(self.mask)


@documented
@dataclass(frozen=True, kw_only=True)
class EIRNN(Network):
    """A pairwise network of excitatory and inhibitory units: Dale's law by construction.

    <UPDATE>

    The drive is ``drive(r)_i = sum_j s_j |w_hh_ij| r_j`` over ``j != i``: one sign s_j for each
    sending unit, +1 for the first ``floor(excitatory * units)``, -1 for the others; no
    self-connections.

    Parameters
    ----------
    units : int
        Number of units N.
    excitatory : float, default 0.8
        Share of excitatory units, from 0 to 1.
    frozen_zeros : bool, default True
        Whether half of the synapses start at exactly 0 and stay there, see Notes.
    <SHARED>

    <RAISES>

    Notes
    -----
    The sign is imposed on the weights of every step, so that an update needs no projection, and the
    magnitude is the absolute value, as in the source. A rectified magnitude ``max(w, 0)`` would
    freeze every synapse that an update takes below 0; the absolute value reflects it. The slope of
    ``|w|`` at 0 is taken as 0, so that a weight of exactly 0 never moves.

    phi and phi_out are "relu" unless given. Parameters: w_hh (unit, unit), entry ij from unit j to
    unit i, w_in (unit, input), b_in (unit), w_out (output, unit), b_out (output). They start as in
    the source: w_hh from Normal(0, 0.1/sqrt(N)), negative draws set to 0, which leaves half of the
    connections at 0 for ever (without `frozen_zeros` the absolute values of the draws); w_in and
    w_out from Normal(0, sqrt(2/(p+q))) for a p x q matrix; biases at 0.

    References
    ----------
    Zemlianova, Bose and Rinzel (2024), Scientific Reports 14, doi 10.1038/s41598-024-77849-x.

    Examples
    --------
    >>> import numpy as np, tbrnn
    >>> model = tbrnn.EIRNN(units=50, inputs=2, outputs=1)
    >>> nets = model.initial(seeds=range(3))
    >>> nets.w_hh.shape, model.excitatory_units
    ((3, 50, 50), 40)
    >>> bool((np.sign(tbrnn.connectivity.matrix(nets))[:, :, 40:] <= 0).all())
    True
    """

    excitatory: float = 0.8
    frozen_zeros: bool = True
    phi: Phi = "relu"

    code: ClassVar[int] = 8
    published: ClassVar[Mapping[str, str]] = {"w_hh": "w_hh"}
    zero_input_bias: ClassVar[bool] = True
    zero_output_bias: ClassVar[bool] = True

    def _check(self) -> None:
        super()._check()
        self._set("excitatory", number("excitatory", self.excitatory, least=0, most=1))
        self._set("frozen_zeros", switch("frozen_zeros", self.frozen_zeros))

    @property
    def excitatory_units(self) -> int:
        """Number of excitatory units; they come first."""
        return math.floor(self.excitatory * self.units + 1e-9)

    def effective(self, w_hh: ArrayLike) -> NDArray[np.float64]:
        """The matrix (..., unit, unit) that the dynamics see, with signs and without a diagonal.

        Examples
        --------
        >>> import tbrnn
        >>> model = tbrnn.EIRNN(units=3, inputs=2, outputs=1, excitatory=0.7)
        >>> model.effective([[1, 2, 3], [4, 5, 6], [7, 8, 9]])[:2]
        array([[ 0.,  2., -3.],
               [ 4.,  0., -6.]])
        """
        signs = np.where(np.arange(self.units) < self.excitatory_units, 1.0, -1.0)
        return np.asarray(signs * np.abs(w_hh) * (1 - np.eye(self.units)))

    def _draw_input(self, rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
        return math.sqrt(2 / sum(shape)) * rng.standard_normal(shape)

    def _draw_readout(
        self, rng: np.random.Generator, shape: tuple[int, ...]
    ) -> NDArray[np.float64]:
        return math.sqrt(2 / sum(shape)) * rng.standard_normal(shape)

    def _draw_recurrent(
        self, rng: np.random.Generator, shape: tuple[int, ...]
    ) -> NDArray[np.float64]:
        weights = 0.1 / math.sqrt(self.units) * rng.standard_normal(shape)
        return np.maximum(weights, 0) if self.frozen_zeros else np.abs(weights)
