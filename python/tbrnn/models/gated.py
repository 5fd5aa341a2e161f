"""Networks whose units have gates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tbrnn._network import Network, fan_in
from tbrnn.errors import mistake
from tbrnn.models._documents import documented
from tbrnn.models.low_rank import LowRankNetwork


@dataclass(frozen=True, kw_only=True)
class GatedNetwork(Network):
    """A network whose rates are its states, and whose gates take the place of other leaks."""

    form: ClassVar[str] = "voltage"  # type: ignore[misc]  # no argument here
    phi_out: ClassVar[str] = "identity"  # type: ignore[misc]

    def _check(self) -> None:
        """Check every argument; gates take the place of other leaks."""
        super()._check()
        if not isinstance(self.alpha, float):
            raise mistake("alpha", "one number, as units have gates", f"{len(self.alpha)} numbers")
        if self.cubic:
            raise mistake("cubic", "0, as units have gates", self.cubic)


@documented
@dataclass(frozen=True, kw_only=True)
class LowRankGRU(GatedNetwork, LowRankNetwork):
    """A gated recurrent unit whose three recurrent matrices have rank R.

    With gates between 0 and 1, ``sigmoid(v) = 1 / (1 + exp(-v))``, inputs u, unit Gaussian noise xi
    and alpha = dt/tau::

        q = sigmoid(W_ir u + b_ir + scale m_hr (n_hr^T x))         reset
        z = sigmoid(W_iz u + b_iz + scale m_hz (n_hz^T x))         update
        g = phi(W_ih u + b_ih + scale m_hh (n_hh^T (q x)))         candidate
        x <- x + alpha (-x + (1 - z) g + z x) + sigma xi
        o  = W_out x + b_out

    The readout is linear, and so the rates of this network are its states x. `form`, `phi_out`,
    `bulk`, leaks of single units and cubic leaks are no arguments here.

    Parameters
    ----------
    units : int
        Number of units N.
    rank : int
        Number R of pairs of vectors m, n of each matrix, from 1 to units.
    <GATED>
    scale : float, optional
        Factor of the three low-rank products; 1/N unless given.

    <RAISES>

    Notes
    -----
    Parameters: m_hr, n_hr, m_hz, n_hz, m_hh, n_hh (unit, rank), w_ir (unit, input), b_ir (unit),
    w_iz, b_iz, w_ih, b_ih, w_out (output, unit), b_out (output). They start uniform on
    +-sqrt(6/(p+q)) for a p x q matrix and on +-1/sqrt(fan-in) for a bias. `from_state_dict` reads
    ``M_hr N_hr M_hz N_hz M_hh N_hh W_ir.weight W_ir.bias ... w_out.weight w_out.bias``.

    <SOURCE>
    Cho et al., "Learning phrase representations using RNN encoder-decoder for statistical machine
    translation", EMNLP 2014.

    Examples
    --------
    >>> import numpy as np, tbrnn
    >>> model = tbrnn.LowRankGRU(units=30, rank=1, inputs=2, outputs=1)
    >>> nets = model.initial(seeds=range(5))
    >>> nets.m_hh.shape, nets.w_iz.shape, nets.b_ir.shape
    ((5, 30, 1), (5, 30, 2), (5, 30))
    >>> activity = nets.simulate(np.ones((4, 50, 2)))
    >>> bool((activity.rates == activity.states).all())
    True
    """

    rank: int

    bulk: ClassVar[None] = None  # type: ignore[misc]

    code: ClassVar[int] = 7
    published: ClassVar[Mapping[str, str]] = {
        "M_hr": "m_hr",
        "N_hr": "n_hr",
        "M_hz": "m_hz",
        "N_hz": "n_hz",
        "M_hh": "m_hh",
        "N_hh": "n_hh",
    }
    published_inputs: ClassVar[Mapping[str, str]] = {
        "W_ir.weight": "w_ir",
        "W_ir.bias": "b_ir",
        "W_iz.weight": "w_iz",
        "W_iz.bias": "b_iz",
        "W_ih.weight": "w_ih",
        "W_ih.bias": "b_ih",
    }
    rank_from: ClassVar[tuple[str, ...]] = ("m_hr",)

    def _draw_field(
        self, rng: np.random.Generator, name: str, shape: tuple[int, ...]
    ) -> NDArray[np.float64]:
        if name in ("b_ir", "b_iz", "b_ih"):
            return fan_in(rng, shape, self.inputs)
        return super()._draw_field(rng, name, shape)


@documented
@dataclass(frozen=True, kw_only=True)
class LeakyGRU(GatedNetwork):
    """A leaky network of full rank whose units have one gate, the update.

    With ``sigmoid(v) = 1 / (1 + exp(-v))``, inputs u, unit Gaussian noise xi and alpha = dt/tau::

        s = sigmoid(W_iu u + b_iu + w_hu x)                        update
        g = phi(W_ih u + b_ih + w_hh x)                            candidate
        x <- (1 - s) x + s ((1 - alpha) x + alpha g) + sigma xi
        o  = W_out x + b_out

    The rates of this network are its states x. `form`, `phi_out`, leaks of single units and cubic
    leaks are no arguments here. An exponential decay over dt is ``alpha = 1 - exp(-dt/tau)``.

    Parameters
    ----------
    units : int
        Number of units N.
    <GATED>

    <RAISES>

    Notes
    -----
    Parameters: w_hu, w_hh (unit, unit), entry ij from unit j to unit i, w_iu (unit, input),
    b_iu (unit), w_ih, b_ih, w_out (output, unit), b_out (output). They start uniform on
    +-1/sqrt(N) (w_hu, w_hh, w_out, b_out) and on +-1/sqrt(inputs) (the others). `from_state_dict`
    reads ``w_hu w_hh w_iu.weight w_iu.bias w_ih.weight w_ih.bias w_out.weight w_out.bias``.

    Published code computes a reset gate, too, and never uses it; it is left out.

    References
    ----------
    Yang et al., "Task representations in neural networks trained to perform many cognitive tasks",
    Nature Neuroscience 22 (2019).

    Examples
    --------
    >>> import numpy as np, tbrnn
    >>> nets = tbrnn.LeakyGRU(units=30, inputs=2, outputs=1).initial(seeds=range(5))
    >>> nets.w_hu.shape, nets.w_iu.shape, nets.b_ih.shape
    ((5, 30, 30), (5, 30, 2), (5, 30))
    >>> nets.simulate(np.ones((4, 50, 2))).outputs.shape
    (5, 4, 50, 1)
    """

    code: ClassVar[int] = 9
    published: ClassVar[Mapping[str, str]] = {"w_hu": "w_hu", "w_hh": "w_hh"}
    published_inputs: ClassVar[Mapping[str, str]] = {
        "w_iu.weight": "w_iu",
        "w_iu.bias": "b_iu",
        "w_ih.weight": "w_ih",
        "w_ih.bias": "b_ih",
    }

    def _draw_field(
        self, rng: np.random.Generator, name: str, shape: tuple[int, ...]
    ) -> NDArray[np.float64]:
        inputs = self.published_inputs.values()
        return fan_in(rng, shape, self.inputs if name in inputs else self.units)
