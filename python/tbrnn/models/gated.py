"""Low-rank networks with gates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tbrnn._network import fan_in
from tbrnn.errors import mistake
from tbrnn.models._documents import documented
from tbrnn.models.low_rank import LowRankNetwork


@documented
@dataclass(frozen=True, kw_only=True)
class LowRankGRU(LowRankNetwork):
    """A gated recurrent unit whose three recurrent matrices have rank R.

    With gates between 0 and 1, ``sigmoid(v) = 1 / (1 + exp(-v))``, inputs u, unit Gaussian noise xi
    and alpha = dt/tau::

        q = sigmoid(W_ir u + b_ir + scale m_hr (n_hr^T x))         reset
        z = sigmoid(W_iz u + b_iz + scale m_hz (n_hz^T x))         update
        g = phi(W_ih u + b_ih + scale m_hh (n_hh^T (q x)))         candidate
        x <- x + alpha (-x + (1 - z) g + z x) + sigma xi
        o  = W_out x + b_out

    The readout is linear, and so the rates of this network are its states x. `form`, `phi_out` and
    `bulk` are no arguments here; every network can be asked for them, and this one answers
    "voltage", "identity" and None.

    Parameters
    ----------
    units : int
        Number of units N.
    rank : int
        Number R of pairs of vectors m, n of each matrix, from 1 to units.
    inputs, outputs : int
        Number of input and output channels.
    alpha : float, default 0.2
        Euler step dt/tau, above 0 and at most 1. The published "discrete" mode is
        ``alpha=1, sigma=0, scale=1``.
    sigma : float, default 0
        Standard deviation of the noise added to each unit in each step (not scaled by dt).
    phi : {"tanh", "relu", "sigmoid", "softplus", "identity"}, default "tanh"
        Nonlinearity of the candidate.
    input_bias, output_bias : bool, default True
        Whether there are b_ir, b_iz and b_ih, and a b_out.
    readout : {"matrix", "identity"}, default "matrix"
        "identity": the outputs are x, without W_out and b_out; requires outputs == units.
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

    form: ClassVar[str] = "voltage"  # type: ignore[misc]  # no argument here
    phi_out: ClassVar[str] = "identity"  # type: ignore[misc]
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

    def __post_init__(self) -> None:
        """Check every argument; gates take the place of other leaks."""
        super().__post_init__()
        if not isinstance(self.alpha, float):
            raise mistake("alpha", "one number, as units have gates", f"{len(self.alpha)} numbers")
        if self.cubic:
            raise mistake("cubic", "0, as units have gates", self.cubic)

    def _draw_field(
        self, rng: np.random.Generator, name: str, shape: tuple[int, ...]
    ) -> NDArray[np.float64]:
        if name in ("b_ir", "b_iz", "b_ih"):
            return fan_in(rng, shape, self.inputs)
        return super()._draw_field(rng, name, shape)
