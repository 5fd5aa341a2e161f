"""The low-rank networks, one class per drive."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tbrnn._arguments import NUMBERS, number, switch, whole
from tbrnn._constants import Constant, constant
from tbrnn._network import OPTION, Network
from tbrnn._seeds import entropy, generator
from tbrnn.errors import mistake, wrong_type
from tbrnn.models._documents import documented


@dataclass(frozen=True, kw_only=True)
class LowRankNetwork(Network):
    """Hyperparameters of a network with a low-rank drive."""

    rank: int | tuple[int, int]
    scale: float | None = None
    bulk: ArrayLike | Constant | None = field(default=None, metadata=OPTION)

    def _check(self) -> None:
        super()._check()
        self._set("rank", self._checked_rank())
        if self.bulk is not None:
            self._set("bulk", _bulk(self.bulk, self.units))
        if self.scale is not None:
            self._set("scale", number("scale", self.scale, above=0))

    def _checked_rank(self) -> int | tuple[int, int]:
        return whole("rank", self.rank, least=1, most=self.units)

    @property
    def ranks(self) -> tuple[int, ...]:
        """The rank of each low-rank term of the drive."""
        return self.rank if isinstance(self.rank, tuple) else (self.rank,)

    @property
    def fixed(self) -> Constant | None:
        """Matrix of a pairwise drive that is never trained."""
        return self.bulk if isinstance(self.bulk, Constant) else None

    @property
    def scales(self) -> tuple[float, float]:
        """Factors of a pairwise and of a three-body low-rank drive."""
        if self.scale is not None:
            return self.scale, self.scale
        return 1 / self.units, 1 / self.units**2


def _bulk(value: Any, units: int) -> Constant:
    """A matrix (unit, unit), or g C from a pair (g, seed)."""
    if isinstance(value, NUMBERS):
        raise wrong_type("bulk", f"an array {(units, units)}, or (gain, seed)", value)
    if not isinstance(value, (tuple, list)) or len(value) != 2 or np.ndim(value[0]) > 0:
        return constant("bulk", value, (units, units))
    gain = number("bulk[0]", value[0], least=0)
    draw = generator(entropy(value[1], "bulk[1]"))
    return Constant(gain / math.sqrt(units) * draw.standard_normal((units, units)))


@documented
@dataclass(frozen=True, kw_only=True)
class LowRankRNN(LowRankNetwork):
    """A pairwise network of rank R.

    <UPDATE>

    The drive is ``drive(r) = scale * sum_R m_R (n_R . r)``.

    Parameters
    ----------
    units : int
        Number of units N.
    rank : int
        Number R of pairs of vectors m, n, from 1 to units.
    <SHARED>
    scale : float, optional
        Factor of the drive; 1/N unless given.
    <BULK>

    <RAISES>

    Notes
    -----
    Parameters: m, n (unit, rank), w_in (unit, input), b_in (unit), w_out (output, unit), b_out
    (output). They start as: m, n from Normal(0, 1); w_in, w_out uniform on +-sqrt(6/(p+q)) for a
    p x q matrix; biases uniform on +-1/sqrt(fan-in).

    <SOURCE>

    Examples
    --------
    >>> import tbrnn
    >>> model = tbrnn.LowRankRNN(units=30, rank=2, inputs=2, outputs=2)
    >>> nets = model.initial(seeds=range(5))
    >>> nets.n.shape
    (5, 30, 2)
    >>> tbrnn.LowRankRNN(units=30, rank=31, inputs=2, outputs=2)
    Traceback (most recent call last):
        ...
    tbrnn.errors.WrongValue: rank must be a whole number from 1 to 30, got 31
    """

    rank: int

    code: ClassVar[int] = 2
    published: ClassVar[Mapping[str, str]] = {"M": "m", "N": "n"}
    rank_from: ClassVar[tuple[str, ...]] = ("m",)

    def _draw_recurrent(
        self, rng: np.random.Generator, shape: tuple[int, ...]
    ) -> NDArray[np.float64]:
        return rng.standard_normal(shape)


@documented
@dataclass(frozen=True, kw_only=True)
class LowRankTBRNN(LowRankNetwork):
    """A three-body network of CP rank R: units are driven by products of two overlaps.

    <UPDATE>

    The drive is ``drive(r) = scale * sum_R l_R (m_R . r) (n_R . r)``.

    Parameters
    ----------
    units : int
        Number of units N.
    rank : int
        Number R of triples of vectors l, m, n, from 1 to units.
    <SHARED>
    scale : float, optional
        Factor of the drive; 1/N^2 unless given.
    <BULK>
    hard_orth : bool, default False
        Project l off the span of I = [W_in, b] in every forward pass,
        ``l - I (I^T I)^+ I^T l``, and differentiate through it. The stored l stays unprojected.

    <RAISES>

    Notes
    -----
    Parameters: l, m, n (unit, rank), w_in (unit, input), b_in (unit), w_out (output, unit), b_out
    (output). They start uniform on +-sqrt(6/(p+q)) for a p x q matrix and on +-1/sqrt(fan-in) for
    a bias. The initial drive is tiny (products of three such numbers, below 0.44 for 30 units,
    times 1/N^2): trainings stay on a plateau first.

    <SOURCE>

    Examples
    --------
    >>> import tbrnn
    >>> model = tbrnn.LowRankTBRNN(units=30, rank=3, inputs=3, outputs=3, alpha=0.2)
    >>> model.initial(seeds=[0]).l.shape
    (1, 30, 3)
    """

    rank: int
    hard_orth: bool = False

    code: ClassVar[int] = 4
    published: ClassVar[Mapping[str, str]] = {"L": "l", "M": "m", "N": "n"}
    rank_from: ClassVar[tuple[str, ...]] = ("l",)

    def _check(self) -> None:
        super()._check()
        self._set("hard_orth", switch("hard_orth", self.hard_orth))


@documented
@dataclass(frozen=True, kw_only=True)
class LowRankHORNN(LowRankNetwork):
    """A higher-order network: a pairwise drive of rank R2 beside a three-body drive of rank R3.

    <UPDATE>

    The drive is ``drive(r) = two + three``, or with a gate ``g two + (1 - g) three``,
    ``g = 1 / (1 + exp(-gate))``, where ``two = scale * sum_R2 m_R (n_R . r)`` and
    ``three = scale * sum_R3 l_R (m_R . r) (n_R . r)``, each with vectors of its own.

    Parameters
    ----------
    units : int
        Number of units N.
    rank : (int, int)
        R2 and R3, each from 1 to units.
    <SHARED>
    scale : float, optional
        Factor of both drives; 1/N for the pairwise and 1/N^2 for the three-body unless given.
    <BULK>
    gated : bool, default False
        The trained mix of the two drives, published as ``adv``.

    <RAISES>

    Notes
    -----
    Parameters: m_rnn, n_rnn (unit, R2), l_tbrnn, m_tbrnn, n_tbrnn (unit, R3), gate (), w_in (unit,
    input), b_in (unit), w_out (output, unit), b_out (output). They start uniform on
    +-sqrt(6/(p+q)) for a p x q matrix, b_in and gate at 0, b_out uniform on +-1/sqrt(N). The gate
    (published name: alpha) exists without `gated` too; it has no effect and no gradient then.

    <SOURCE>

    Examples
    --------
    >>> import tbrnn
    >>> model = tbrnn.LowRankHORNN(units=30, rank=(2, 1), inputs=3, outputs=3, gated=True)
    >>> nets = model.initial(seeds=[0])
    >>> nets.m_rnn.shape, nets.l_tbrnn.shape, nets.gate.shape
    ((1, 30, 2), (1, 30, 1), (1,))
    """

    rank: tuple[int, int]
    gated: bool = False

    code: ClassVar[int] = 6
    published: ClassVar[Mapping[str, str]] = {
        "M_rnn": "m_rnn",
        "N_rnn": "n_rnn",
        "L_tbrnn": "l_tbrnn",
        "M_tbrnn": "m_tbrnn",
        "N_tbrnn": "n_tbrnn",
        "alpha": "gate",
    }
    rank_from: ClassVar[tuple[str, ...]] = ("m_rnn", "l_tbrnn")
    zero_input_bias: ClassVar[bool] = True

    def _check(self) -> None:
        super()._check()
        self._set("gated", switch("gated", self.gated))

    def _checked_rank(self) -> tuple[int, int]:
        if not isinstance(self.rank, (tuple, list)) or len(self.rank) != 2:
            raise mistake("rank", "a pair (two-body rank, three-body rank)", repr(self.rank))
        two, three = (
            whole(f"rank[{i}]", rank, least=1, most=self.units) for i, rank in enumerate(self.rank)
        )
        return two, three
