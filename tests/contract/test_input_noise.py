"""Noise of the inputs: the oracle's numbers, rectified or not, in all that uses them."""

from dataclasses import replace

import numpy as np
import pytest

import tbrnn
from contract.agreement import assert_same_training
from contract.calls import gradient, oracle_forward, oracle_gradient, oracle_train, simulate, train
from contract.cases import FORMS, KINDS, case
from reference import noise, schedules
from tolerances import assert_close

KEY = 2**40 + 7


def noisy(c, data, key, epoch, sigma):
    """The data with the oracle's noise on the inputs."""
    u = data["inputs"] + sigma * noise.input_noise(key, epoch, c.trials, c.steps, c.inputs)
    return data | {"inputs": np.maximum(u, 0) if c.rectified_inputs else u}


@pytest.mark.parametrize("rectified", [False, True])
@pytest.mark.parametrize("inputs", [1, 2, 7])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_simulation_and_gradient_are_the_oracle(kind, form, inputs, rectified):
    """Seven inputs are more than the units: the rows of the noise are enough for either."""
    for dtype in ("float64", "float32"):
        options = {"inputs": inputs, "rectified_inputs": rectified, "dtype": dtype}
        if kind == "hard-orth" and inputs == 7:  # as many dimensions of input leave nothing of l
            options["units"] = 12
        c = case(kind, form, trials=33, **options)
        parameters, data, keys = c.parameters(2), c.data(), np.array([KEY, KEY + 1], np.uint64)
        both = {"sigma": 0.1, "input_sigma": [0.3, 0.6], "keys": keys, "epoch": 5}
        ours = simulate(c, parameters, data, **both)
        losses, gradients = gradient(c, parameters, data, **both)
        for i, flat in enumerate(parameters):
            shown = noisy(c, data, int(keys[i]), 5, both["input_sigma"][i])
            xi = 0.1 * noise.state_noise(int(keys[i]), 5, c.trials, c.steps, c.units)
            for name, array in oracle_forward(c, flat, shown, xi).items():
                assert_close(ours[name][i], array, f"{dtype} values", name)
            loss, expected = oracle_gradient(c, flat, shown, xi)
            assert_close(losses[i], loss, f"{dtype} values", "loss")
            for name, array in c.named(gradients[i]).items():
                assert_close(array, expected[name], f"{dtype} gradients of an array", name)


def test_inputs_without_noise_are_left_alone():
    plain, rectified = case(), case(rectified_inputs=True)
    parameters, data = plain.parameters(), plain.data()
    states = [simulate(c, parameters, data)["states"] for c in (plain, rectified)]
    assert (data["inputs"] < 0).any()
    assert np.array_equal(*states)


@pytest.mark.parametrize("rectified", [False, True])
def test_training_sees_the_noise_of_its_epoch(rectified):
    c = case(trials=3, rectified_inputs=rectified)
    parameters, data = c.parameters(), c.data()
    result = train(c, parameters, data, epochs=1, input_sigma=0.4, keys=[KEY])
    lr = schedules.constant(1e-2)
    shown = noisy(c, data, KEY, 0, 0.4)
    run = oracle_train(c, parameters[0], shown, epochs=1, lr=lr, target_loss=0)
    for name, array in c.named(result["last"][0]).items():
        assert_close(array, run.last[name], "training", name)
    still = train(c, parameters, data, epochs=1)
    run = oracle_train(c, parameters[0], data, epochs=1, lr=lr, target_loss=0)
    assert_same_training(c, still, 0, run)


def test_models_have_their_own_noise():
    rng = np.random.default_rng(0)
    trials = tbrnn.Trials(rng.normal(size=(5, 6, 2)), rng.normal(size=(5, 6, 1)))
    model = tbrnn.LowRankRNN(units=5, rank=1, inputs=2, outputs=1, input_sigma=0.3)
    nets = model.initial([4])
    still, noisy_outputs, again = (
        nets.simulate(trials, noise=on, seed=1).outputs for on in (False, True, True)
    )
    assert np.array_equal(noisy_outputs, again)
    assert not np.isclose(still, noisy_outputs).any()
    silent = replace(model, input_sigma=0.0).initial([4])
    assert np.array_equal(silent.simulate(trials, noise=True, seed=1).outputs, still)
    losses, _ = tbrnn.gradient(nets, trials, noise=True, seed=1)
    expected = np.mean((noisy_outputs[0] - trials.targets) ** 2)
    assert_close(losses[0], expected, "float32 values")
    runs = [tbrnn.fit(m, trials, epochs=3, stall=None) for m in (model, silent.model)]
    assert runs[0].last_loss != runs[1].last_loss


def test_mistakes():
    sizes = {"units": 5, "rank": 1, "inputs": 2, "outputs": 1}
    with pytest.raises(ValueError, match="input_sigma must be .* at least 0, got -1"):
        tbrnn.LowRankRNN(input_sigma=-1, **sizes)
    with pytest.raises(TypeError, match="rectified_inputs must be True or False, got 1"):
        tbrnn.LowRankRNN(rectified_inputs=1, **sizes)
    with pytest.raises(ValueError, match="alpha must be .* above 0 and at most 1, got 0"):
        tbrnn.noise.diffusion(0.1, 0)
    with pytest.raises(ValueError, match="sigma must be .* at least 0, got -0.1"):
        tbrnn.noise.stationary(-0.1, 0.2)


def test_conversions_of_noise():
    """A free unit under the converted noise fluctuates as its convention says."""
    alpha, std = 0.2, 0.5
    free = tbrnn.LowRankRNN(
        units=200, rank=1, inputs=1, outputs=1, alpha=alpha, scale=1e-30, input_bias=False
    ).initial([0])
    silence = np.zeros((20, 200, 1))
    for convert, expected in (
        (tbrnn.noise.stationary, std),
        (tbrnn.noise.diffusion, std / np.sqrt(1 - alpha / 2)),
        (tbrnn.noise.within_bracket, std * np.sqrt(alpha / (2 - alpha))),
    ):
        states = free.simulate(silence, noise=convert(std, alpha)).states[:, :, 50:]
        assert abs(states.std() / expected - 1) < 0.01


def test_noise_of_inputs_is_that_of_units():
    """An input that drives one free unit with weight 1, in the convention of `diffusion`."""
    alpha, std = 0.2, 0.5
    model = tbrnn.LowRankRNN(
        units=60,
        rank=1,
        inputs=60,
        outputs=1,
        alpha=alpha,
        scale=1e-30,
        input_bias=False,
        input_sigma=tbrnn.noise.input_diffusion(std, alpha),
    )
    arrays = {**model.initial([0]).arrays, "w_in": np.eye(60, dtype=np.float32)[None]}
    free = tbrnn.Ensemble.from_arrays(model, arrays)
    states = free.simulate(np.zeros((40, 250, 60)), noise=True).states[:, :, 50:]
    assert abs(states.std() * np.sqrt(1 - alpha / 2) / std - 1) < 0.01
