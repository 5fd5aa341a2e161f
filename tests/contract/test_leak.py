"""Leaks of the units' own: a time constant for each, and a cubic part."""

from dataclasses import replace

import numpy as np
import pytest

import tbrnn
from contract.agreement import (
    assert_forward_is_oracle,
    assert_gradient,
    assert_gradient_is_oracle,
    assert_same_training,
)
from contract.calls import gradient, oracle_gradient, oracle_train, simulate, train
from contract.cases import FORMS, GATED, KINDS, LEAKY, MATCHES, OWN_LEAK, case
from reference import noise, schedules
from tolerances import assert_close

LEAKING = [kind for kind in KINDS if kind not in GATED]


def variants(kind, form, **options):
    """Both at once, time constants alone, the cubic part alone."""
    both = case(kind, form, OWN_LEAK, **options)
    return (
        both,
        replace(both, net=replace(both.net, cubic=0.0)),
        replace(both, net=replace(both.net, alpha=0.3)),
    )


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", LEAKING)
def test_forward(kind, form):
    for dtype in ("float64", "float32"):
        for c in variants(kind, form, initial=True, dtype=dtype):
            assert_forward_is_oracle(c)


@pytest.mark.parametrize("phi_out", ["tanh", "sigmoid"])
@pytest.mark.parametrize("match", MATCHES)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", LEAKING)
def test_gradient(kind, form, match, phi_out):
    options = {"phi": "tanh", "phi_out": phi_out, "match": match, "initial": True}
    for c in variants(kind, form, **options):
        assert_gradient(c)
    shape = {"units": 33, "trials": 33, "steps": 20, "dtype": "float32"}
    assert_gradient_is_oracle(case(kind, form, OWN_LEAK, **options | shape))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("units", "trials", "steps"), [(1, 1, 1), (2, 31, 17), (31, 3, 2)])
def test_sizes(form, units, trials, steps):
    shape = {"units": units, "trials": trials, "steps": steps, "ranks": (1, 1)}
    assert_gradient_is_oracle(case("two-body", form, OWN_LEAK, identity_readout=True, **shape))
    assert_gradient_is_oracle(case("two-body", form, OWN_LEAK, **shape))


@pytest.mark.parametrize("form", FORMS)
def test_noise_and_training_are_the_oracle(form):
    c = case("three-body", form, OWN_LEAK, trials=33)
    parameters, data, key = c.parameters(), c.data(), 2**40 + 5
    xi = 0.2 * noise.state_noise(key, 3, c.trials, c.steps, c.units)
    loss, ours = gradient(c, parameters, data, sigma=0.2, keys=[key], epoch=3)
    expected_loss, expected = oracle_gradient(c, parameters[0], data, xi)
    assert_close(loss[0], expected_loss, "float64 values")
    for name, array in c.named(ours[0]).items():
        assert_close(array, expected[name], "float64 gradients of an array", name)
    lr = schedules.constant(1e-2)
    run = oracle_train(c, parameters[0], data, epochs=10, lr=lr, target_loss=0)
    assert_same_training(c, train(c, parameters, data, epochs=10), 0, run)


@pytest.mark.parametrize("form", FORMS)
def test_equal_time_constants_are_one(form):
    one = case("hybrid", form, LEAKY)
    each = replace(one, net=replace(one.net, alpha=(0.3,) * one.units))
    parameters, data = one.parameters(), one.data()
    states = [simulate(c, parameters, data)["states"] for c in (one, each)]
    assert_close(*states, "float64 values")
    sizes = {"units": 3, "rank": 1, "inputs": 1, "outputs": 1}
    assert tbrnn.LowRankRNN(alpha=[0.3] * 3, **sizes) == tbrnn.LowRankRNN(alpha=0.3, **sizes)


def test_cubic_leak_holds_unbounded_networks():
    """A linear network whose overlap makes it grow: without the cubic part it diverges."""
    shape = {"units": 20, "rank": 1, "inputs": 1, "outputs": 1}
    model = tbrnn.LowRankRNN(phi="identity", alpha=0.05, cubic=0.1, scale=0.2, **shape)
    arrays = model.initial([0]).arrays
    nets = tbrnn.Ensemble.from_arrays(
        model, arrays | {"m": np.ones_like(arrays["m"]), "n": np.ones_like(arrays["n"])}
    )
    pulse = np.zeros((1, 800, 1))
    pulse[:, 0] = 1
    states = nets.simulate(pulse).states[0, 0]
    assert np.isfinite(states).all()
    # at rest -x - 0.1 x^3 + 0.2 20 x + b = 0
    b = nets.b_in[0]
    for x, bias in zip(states[-1], b, strict=True):
        assert abs(-x - 0.1 * x**3 + 0.2 * states[-1].sum() + bias) < 1e-3
    wild = tbrnn.Ensemble.from_arrays(replace(model, cubic=0.0), nets.arrays)
    assert not np.isfinite(wild.simulate(pulse).states).all()


def test_files_students_and_analysis(tmp_path):
    model = tbrnn.LowRankRNN(
        units=4, rank=1, inputs=1, outputs=1, alpha=[0.1, 0.2, 0.3, 0.4], cubic=0.05
    )
    nets = model.initial([0])
    nets.save(tmp_path / "nets.safetensors")
    assert tbrnn.load(tmp_path / "nets.safetensors").model == model
    trials = tbrnn.Trials(np.random.default_rng(0).normal(size=(5, 6, 1)))
    students = tbrnn.lint(nets, tbrnn.LowRankTBRNN, ranks=[1], trials=trials, epochs=2)
    assert students.best.model.alpha == model.alpha
    assert students.best.model.cubic == 0.05
    with pytest.raises(ValueError, match="nets must be networks with one alpha for all units"):
        tbrnn.analysis.fixed_points(nets[0])
    with pytest.raises(ValueError, match="nets must be networks with one alpha for all units"):
        tbrnn.analysis.kappa_dynamics(nets, trials.inputs)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"alpha": [0.1, 0.2]}, "alpha must be one number, or one for each of the 3 units, got 2"),
        ({"alpha": [0.1, 0.2, 1.1]}, r"alpha\[2\] must be .* at most 1, got 1.1"),
        ({"cubic": -0.1}, "cubic must be .* at least 0, got -0.1"),
    ],
)
def test_mistakes(options, message):
    with pytest.raises(ValueError, match=message):
        tbrnn.LowRankRNN(units=3, rank=1, inputs=1, outputs=1, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"alpha": [0.1, 0.2, 0.3]}, "alpha must be one number, as units have gates, got 3"),
        ({"cubic": 0.1}, "cubic must be 0, as units have gates, got 0.1"),
    ],
)
def test_gated_units_have_no_leaks_of_their_own(options, message):
    with pytest.raises(ValueError, match=message):
        tbrnn.LowRankGRU(units=3, rank=1, inputs=1, outputs=1, **options)
    with pytest.raises(ValueError, match=message):
        tbrnn.LeakyGRU(units=3, inputs=1, outputs=1, **options)
