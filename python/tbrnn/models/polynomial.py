"""Networks whose units are driven by all products of two rates."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tbrnn._arguments import switch
from tbrnn._constants import Constant, mask
from tbrnn._network import OPTION
from tbrnn.models._documents import documented
from tbrnn.models.dense import FullRankNetwork


@documented
@dataclass(frozen=True, kw_only=True)
class TBRNN(FullRankNetwork):
    """A three-body network of full rank: every product of two rates drives every unit.

    <UPDATE>

    The drive is ``drive_i(r) = sum_jk w_hh_ijk r_j r_k``, not scaled.

    Parameters
    ----------
    units : int
        Number of units N.
    <SHARED>
    mask : array (unit, unit, unit) of 0 and 1, optional
        Multiplies the initial w_hh and every gradient of it, so that masked entries stay 0. It need
        not be symmetric in its last two axes.

    <RAISES>

    Notes
    -----
    Parameters: w_hh (unit, unit, unit), entry ijk from units j and k to unit i, w_in (unit, input),
    b_in (unit), w_out (output, unit), b_out (output). They start as: w_hh from Normal(0, 0.1/N),
    w_in from Normal(0, 1), b_in at 0, w_out and b_out uniform on +-1/sqrt(N).

    Only ``w_hh_ijk + w_hh_ikj`` acts; the engine multiplies N (N + 1) / 2 products with it. Both
    entries have the same gradient and take the same steps, so their difference stays as it starts
    (unless one of them is masked).

    <SOURCE>

    Examples
    --------
    >>> import tbrnn
    >>> nets = tbrnn.TBRNN(units=30, inputs=3, outputs=3).initial(seeds=range(5))
    >>> nets.w_hh.shape
    (5, 30, 30, 30)
    >>> tbrnn.TBRNN(units=30, inputs=3, outputs=2, readout="identity")
    Traceback (most recent call last):
        ...
    tbrnn.errors.WrongValue: outputs must be units = 30 with readout='identity', got 2
    """

    mask: ArrayLike | Constant | None = field(default=None, metadata=OPTION)

    code: ClassVar[int] = 3
    published: ClassVar[Mapping[str, str]] = {"w_hh": "w_hh"}

    def _check(self) -> None:
        super()._check()
        if self.mask is not None:
            self._set("mask", mask("mask", self.mask, 3 * (self.units,)))

    @property
    def masks(self) -> Mapping[str, Constant]:
        """Constant arrays by the name of the parameter whose gradient they multiply."""
        return {"w_hh": self.mask} if isinstance(self.mask, Constant) else {}

    def _draw_recurrent(
        self, rng: np.random.Generator, shape: tuple[int, ...]
    ) -> NDArray[np.float64]:
        weights = 0.1 / self.units * rng.standard_normal(shape)
        return weights if self.mask is None else weights * np.asarray(self.mask)


@documented
@dataclass(frozen=True, kw_only=True)
class HORNN(FullRankNetwork):
    """A higher-order network of full rank: a pairwise drive beside a three-body drive.

    <UPDATE>

    The drive is ``drive(r) = two + three``, or with a gate ``g two + (1 - g) three``,
    ``g = 1 / (1 + exp(-gate))``, where ``two = w_hh_rnn r`` and
    ``three_i = sum_jk w_hh_tbrnn_ijk r_j r_k``, not scaled.

    Parameters
    ----------
    units : int
        Number of units N.
    <SHARED>
    gated : bool, default False
        The trained mix of the two drives, published as ``adv``.
    mask_rnn, mask_tbrnn : array (unit, unit) and (unit, unit, unit) of 0 and 1, optional
        Multiply the initial w_hh_rnn and w_hh_tbrnn and every gradient of them, so that masked
        entries stay 0.

    <RAISES>

    Notes
    -----
    Parameters: w_hh_rnn (unit, unit), w_hh_tbrnn (unit, unit, unit), gate (), w_in (unit, input),
    b_in (unit), w_out (output, unit), b_out (output). They start as: w_hh_rnn from
    Normal(0, 0.1/sqrt(N)), w_hh_tbrnn from Normal(0, 0.1/N), gate and b_in at 0, w_in from
    Normal(0, 1), w_out from Normal(0, 4), b_out uniform on +-1/sqrt(N). The gate (published name:
    alpha) exists without `gated` too; it has no effect and no gradient then. Of w_hh_tbrnn only
    the part symmetric in its last two axes acts, as in `TBRNN`.

    <SOURCE>

    Examples
    --------
    >>> import tbrnn
    >>> nets = tbrnn.HORNN(units=30, inputs=3, outputs=3, gated=True).initial(seeds=range(5))
    >>> nets.w_hh_rnn.shape, nets.w_hh_tbrnn.shape, nets.gate.shape
    ((5, 30, 30), (5, 30, 30, 30), (5,))
    >>> tbrnn.HORNN(units=30, inputs=3, outputs=3, gated=2)
    Traceback (most recent call last):
        ...
    tbrnn.errors.WrongType: gated must be True or False, got 2 (int)
    """

    gated: bool = False
    mask_rnn: ArrayLike | Constant | None = field(default=None, metadata=OPTION)
    mask_tbrnn: ArrayLike | Constant | None = field(default=None, metadata=OPTION)

    code: ClassVar[int] = 5
    published: ClassVar[Mapping[str, str]] = {
        "w_hh_rnn": "w_hh_rnn",
        "w_hh_tbrnn": "w_hh_tbrnn",
        "alpha": "gate",
    }

    def _check(self) -> None:
        super()._check()
        self._set("gated", switch("gated", self.gated))
        for axes, name in enumerate(("mask_rnn", "mask_tbrnn"), start=2):
            if getattr(self, name) is not None:
                self._set(name, mask(name, getattr(self, name), axes * (self.units,)))

    @property
    def masks(self) -> Mapping[str, Constant]:
        """Constant arrays by the name of the parameter whose gradient they multiply."""
        masks = {"w_hh_rnn": self.mask_rnn, "w_hh_tbrnn": self.mask_tbrnn}
        return {name: given for name, given in masks.items() if isinstance(given, Constant)}

    def _draw_recurrent(
        self, rng: np.random.Generator, shape: tuple[int, ...]
    ) -> NDArray[np.float64]:
        matrix = len(shape) == 2
        width = 0.1 / (math.sqrt(self.units) if matrix else self.units)
        given = self.mask_rnn if matrix else self.mask_tbrnn
        weights = width * rng.standard_normal(shape)
        return weights if given is None else weights * np.asarray(given)

    def _draw_readout(
        self, rng: np.random.Generator, shape: tuple[int, ...]
    ) -> NDArray[np.float64]:
        return 4.0 * rng.standard_normal(shape)
