"""Reduced dynamics are the engine's; the flow is their velocity, the Jacobian its slope."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

import tbrnn
from connectivity.networks import MODELS, SIZES, ensemble
from reference import hard_orth
from tbrnn._phi import slope, slope_range
from tbrnn.analysis import fixed_points, flow, flow_jacobian, kappa_dynamics
from tbrnn.models.low_rank import LowRankNetwork
from tolerances import assert_close

RNG = np.random.default_rng(9)
RATE = {kind: model for kind, model in MODELS.items() if model.form == "rate"}
PHIS = [
    "tanh",
    "relu",
    "sigmoid",
    "softplus",
    "identity",
    tbrnn.Nonlinearity("leaky_relu", slope=1.3, shift=0.1, leak=0.2),
    tbrnn.Nonlinearity("sigmoid", slope=2.5, shift=0.3),
    tbrnn.Nonlinearity("softplus", slope=0.8, shift=-0.2, beta=5),
]
SHIFTS = [0.0, 0.1, 0.3, -0.2]
UNKNOWN = "nets must be low-rank networks of pairs .m, n. and triples .l, m, n., without a bulk"
INPUTS, STATES = RNG.normal(0, 1, (3, 12, 2)), RNG.normal(0, 1, (3, 5))


DATA = tbrnn.Trials(INPUTS)


def overlaps(model):
    return sum(model.ranks)


@pytest.mark.parametrize("start", [None, STATES])
@pytest.mark.parametrize("kind", RATE)
def test_states_are_those_of_the_engine(kind, start):
    nets = ensemble(RATE[kind])
    dynamics = kappa_dynamics(nets, INPUTS, start)
    assert dynamics.kappa.shape == (4, 3, 12, overlaps(nets.model))
    assert_close(dynamics.states, nets.simulate(INPUTS, start).states, "float64 values")
    alone = kappa_dynamics(nets[1], INPUTS, start)
    assert_close(alone.kappa, dynamics.kappa[1], "float64 values")
    assert_close(alone.states, dynamics.states[1], "float64 values")


def test_trials_are_taken_as_they_are_simulated():
    nets, trials = ensemble(MODELS["both"]), tbrnn.Trials(INPUTS, initial_states=STATES)
    states = kappa_dynamics(nets, trials).states
    assert_close(states, kappa_dynamics(nets, INPUTS, STATES).states, "exact")
    other = kappa_dynamics(nets, trials, 2 * STATES).states
    assert_close(other, kappa_dynamics(nets, INPUTS, 2 * STATES).states, "exact")


@pytest.mark.parametrize("phi", PHIS)
def test_every_nonlinearity(phi):
    nets = ensemble(replace(MODELS["both"], phi=phi))
    states = kappa_dynamics(nets, 0.1 * INPUTS).states
    assert_close(states, nets.simulate(0.1 * INPUTS).states, "float64 values")


def test_states_are_their_coordinates():
    nets = ensemble(MODELS["three-body"])
    dynamics = kappa_dynamics(nets, INPUTS, STATES)
    for net, kappa, states in zip(nets, dynamics.kappa, dynamics.states, strict=True):
        x = kappa @ net.l.T + dynamics.inputs @ net.w_in.T + dynamics.bias[:, None] * net.b_in
        x = x + dynamics.start[:, None] * STATES[:, None]
        assert_close(x, states, "float64 values")
    alpha = nets.model.alpha
    assert_close(dynamics.inputs[:, 0], alpha * INPUTS[:, 0], "float64 values")
    assert_close(dynamics.bias[:2], [alpha, 1 - (1 - alpha) ** 2], "float64 values")


@pytest.mark.parametrize("kind", RATE)
def test_flow_is_the_velocity_under_steady_input(kind):
    nets, u = ensemble(RATE[kind]), RNG.normal(0, 1, 2)
    kappa = RNG.normal(0, 1, (6, overlaps(nets.model)))
    velocity = flow(nets, kappa, u)
    assert velocity.shape == (4, *kappa.shape)
    for net, ours in zip(nets, velocity, strict=True):
        drives = net.w_in @ u + (net.b_in if nets.model.input_bias else 0)
        p = net.arrays
        if kind == "hard_orth":
            p = p | {"l": hard_orth.project(p)}
        leads = [p[name] for name in ("m_rnn", "l_tbrnn", "l") if name in p]
        leads = np.concatenate(leads or [net.m], axis=1)
        start = kappa @ leads.T + drives
        stepped = net.simulate(np.broadcast_to(u, (6, 1, 2)), start).states[:, 0]
        moved = ours @ leads.T * nets.model.alpha
        assert_close(stepped - start, moved, "float64 gradients of an array")
    assert_close(flow(nets[2], kappa, u), velocity[2], "float64 values")


@pytest.mark.parametrize("phi", PHIS)
@pytest.mark.parametrize("kind", MODELS)
def test_jacobian_is_the_slope_of_the_flow(kind, phi):
    nets = ensemble(replace(MODELS[kind], phi=phi))
    size, h = overlaps(nets.model), 1e-6
    kappa, u = RNG.normal(0, 1, (3, 4, size)), [0.3, -0.2]
    jacobian = flow_jacobian(nets, kappa, u)
    assert jacobian.shape == (4, 3, 4, size, size)
    for column, step in enumerate(h * np.eye(size)):
        central = (flow(nets, kappa + step, u) - flow(nets, kappa - step, u)) / (2 * h)
        assert_close(jacobian[..., column], central, "central differences", f"{column}")


@pytest.mark.parametrize("phi", PHIS)
def test_ranges_of_slopes_hold_every_slope_and_no_more(phi):
    phi = tbrnn.RNN(phi=phi, **SIZES).phi
    for low, high in np.sort(RNG.normal(0, 1, (50, 2)), axis=1):
        slopes = slope(phi, np.append(np.linspace(low, high, 4001), np.clip(SHIFTS, low, high)))
        least, most = slope_range(phi, np.array(low), np.array(high))
        assert_close([least, most], [slopes.min(), slopes.max()], "float64 values")


def test_symmetries_of_the_flow():
    kappa = np.linspace(-2, 2, 21)[:, None]
    two = ensemble(tbrnn.LowRankRNN(units=5, rank=1, inputs=1, outputs=1, input_bias=False))
    assert_close(flow(two, -kappa), -flow(two, kappa), "float64 values")
    three = ensemble(tbrnn.LowRankTBRNN(units=5, rank=1, inputs=1, outputs=1, input_bias=False))
    assert_close(flow(three, -kappa) - kappa, flow(three, kappa) + kappa, "float64 values")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: kappa_dynamics(ensemble(MODELS["discrete"]), INPUTS), "must be .* form='rate'"),
        (
            lambda: kappa_dynamics(ensemble(MODELS["both"]), INPUTS[..., :1]),
            r"inputs must be .* with 2 inputs, got shape \(3, 12, 1\)",
        ),
        (
            lambda: kappa_dynamics(ensemble(MODELS["both"]), INPUTS, STATES[:, :4]),
            "initial_states must be .* with 5 units",
        ),
        (
            lambda: kappa_dynamics(ensemble(MODELS["both"]), tbrnn.Trials.stack([DATA] * 2)),
            r"inputs must be \(trial, time, input\) .* got shape \(2, 3, 12, 2\)",
        ),
        (lambda: flow(ensemble(MODELS["both"]), [0.0]), r"kappa must be \(..., 5\)"),
        (
            lambda: flow(ensemble(MODELS["two-body"]), [0.0, 0.0], [1.0]),
            r"inputs must be \(2,\) numbers, got shape \(1,\)",
        ),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@dataclass(frozen=True, kw_only=True)
class Squares(LowRankNetwork):
    """``drive(r) = scale * sum_R m_R (n_R . r)^2``, which is neither of pairs nor of triples."""


Squares.__name__ = "LowRankRNN"  # under this name the engine knows its parameters


@pytest.mark.parametrize(
    "call",
    [
        lambda nets: kappa_dynamics(nets, INPUTS),
        lambda nets: flow(nets, [0.0]),
        lambda nets: flow_jacobian(nets, [0.0]),
        fixed_points,
    ],
)
@pytest.mark.parametrize("kind", ["another drive", "gates", "full rank", "a bulk"])
def test_networks_of_unknown_overlaps_are_refused(call, kind):
    models = {
        "another drive": Squares(rank=1, **SIZES),
        "gates": tbrnn.LowRankGRU(rank=1, **SIZES),
        "full rank": tbrnn.RNN(**SIZES),
        "a bulk": tbrnn.LowRankRNN(rank=1, bulk=(0.5, 0), **SIZES),
    }
    with pytest.raises(ValueError, match=UNKNOWN):
        call(models[kind].initial([0]))


@pytest.mark.parametrize(
    "call",
    [
        lambda: kappa_dynamics(MODELS["both"], INPUTS),
        lambda: flow(MODELS["both"], [0.0]),
        lambda: flow_jacobian(MODELS["both"], [0.0]),
        lambda: fixed_points(MODELS["both"]),
    ],
)
def test_a_model_is_no_ensemble(call):
    with pytest.raises(TypeError, match="nets must be an Ensemble, .* got LowRankHORNN"):
        call()
