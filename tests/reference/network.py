"""Rollout and hand-written backpropagation through time of every model."""

from dataclasses import dataclass, field

import numpy as np

from . import (
    eirnn,
    hard_orth,
    hornn,
    leak,
    leaky_gru,
    low_rank_gru,
    low_rank_hornn,
    low_rank_rnn,
    low_rank_tbrnn,
    rnn,
    tbrnn,
)
from .loss import LOSS
from .nonlinearities import SLOPE, VALUE

DRIVE = {
    "LowRankRNN": (low_rank_rnn, ("scale_two",)),
    "LowRankTBRNN": (low_rank_tbrnn, ("scale_three",)),
    "LowRankHORNN": (low_rank_hornn, ("scale_two", "scale_three", "gated")),
    "RNN": (rnn, ()),
    "EIRNN": (eirnn, ("excitatory",)),
    "TBRNN": (tbrnn, ()),
    "HORNN": (hornn, ("gated",)),
}


@dataclass(frozen=True)
class Network:
    model: str
    alpha: float | tuple = 0.2  # one, or one per unit
    form: str = "rate"
    phi: str = "tanh"
    phi_out: str = "tanh"
    scale_two: float = 1.0
    scale_three: float = 1.0
    gated: bool = False
    hard_orth: bool = False
    identity_readout: bool = False
    excitatory: int = 0
    bulk: np.ndarray | None = field(default=None, compare=False)
    cubic: float = 0.0

    @property
    def recurrence(self):
        module, options = DRIVE[self.model]
        return module, [getattr(self, name) for name in options]


def effective(net, p):
    """The parameters that the dynamics see."""
    return p | {"l": hard_orth.project(p)} if net.hard_orth else p


def preactivation(net, p, r, u):
    module, options = net.recurrence
    bulk = 0 if net.bulk is None else r @ net.bulk.T
    return module.drive(p, r, *options) + bulk + u @ p["w_in"].T + p.get("b_in", 0)


GATED = {"LowRankGRU": low_rank_gru, "LeakyGRU": leaky_gru}


def step(net, p, x, u, noise):
    if net.model in GATED:
        return GATED[net.model].step(net, p, x, u, noise)
    return leak.step(net, x, preactivation(net, p, leak.presynaptic(net, x), u), noise)


def adjoint_step(net, p, x, u, g):
    """g = dL/d(next state) -> dL/dx and the sums over trials of dL/dp."""
    if net.model in GATED:
        return GATED[net.model].adjoint_step(net, p, x, u, g)
    module, options = net.recurrence
    r = leak.presynaptic(net, x)
    d = leak.adjoint_drive(net, preactivation(net, p, r, u), g)
    dr, gradients = module.adjoint(p, r, d, *options)
    dr = dr if net.bulk is None else dr + d @ net.bulk
    gradients["w_in"] = d.T @ u
    gradients |= {"b_in": d.sum(0)} if "b_in" in p else {}
    return leak.adjoint_state(net, x, r, g, dr), gradients


def rollout(net, p, inputs, initial_states=None, noise=None):
    """States (trial, time, unit) after each input; noise is sigma xi of the same shape."""
    p = effective(net, p)
    trials, steps, _ = inputs.shape
    units = len(next(iter(p.values())))
    x = np.zeros((trials, units)) if initial_states is None else initial_states
    noise = np.zeros((trials, steps, units)) if noise is None else noise
    states = np.empty((trials, steps, units), np.result_type(x, *p.values()))
    for t in range(steps):
        x = states[:, t] = step(net, p, x, inputs[:, t], noise[:, t])
    return states


def rates(net, states):
    return leak.presynaptic(net, states)


def readout(net, p, states):
    y = VALUE[net.phi_out](states) if net.form == "rate" else states
    return y if net.identity_readout else y @ p["w_out"].T + p.get("b_out", 0)


def matched(net, p, states, match):
    if match == "outputs":
        return readout(net, p, states)
    return rates(net, states) if match == "rates" else states


def adjoint_match(net, p, states, match, e):
    """e = dL/d(matched array) -> dL/dx of the loss alone, and the readout's gradients."""
    gradients = {}
    if match == "states":
        return e, gradients
    if match == "rates":
        return e * SLOPE[net.phi](rates(net, states)) if net.form == "rate" else e, gradients
    if not net.identity_readout:
        y = VALUE[net.phi_out](states) if net.form == "rate" else states
        gradients = {"w_out": np.einsum("bto,btn->on", e, y)}
        gradients |= {"b_out": e.sum((0, 1))} if "b_out" in p else {}
        e = e @ p["w_out"]
    if net.form == "rate":
        e = e * SLOPE[net.phi_out](VALUE[net.phi_out](states))
    return e, gradients


def loss_and_gradient(
    net,
    p,
    inputs,
    targets,
    mask=None,
    initial_states=None,
    noise=None,
    match="outputs",
    loss="mse",
):
    """The loss and its gradient by backpropagation through time."""
    states = rollout(net, p, inputs, initial_states, noise)
    total, e = LOSS[loss](matched(net, p, states, match), targets, mask)
    loss_part, readout_part = adjoint_match(net, p, states, match, e)
    gradients = {name: np.zeros_like(value) for name, value in p.items()} | readout_part

    seen = effective(net, p)
    start = np.zeros_like(states[:, 0]) if initial_states is None else initial_states
    g = np.zeros_like(states[:, 0])
    for t in reversed(range(inputs.shape[1])):
        before = states[:, t - 1] if t else start
        g, parts = adjoint_step(net, seen, before, inputs[:, t], g + loss_part[:, t])
        for name, value in parts.items():
            gradients[name] = gradients[name] + value

    if net.hard_orth:
        through = hard_orth.adjoint(p, gradients.pop("l"))
        gradients["l"] = 0
        for name, value in through.items():
            gradients[name] = gradients[name] + value
    return total, gradients
