"""State noise: known answers, moments, and a draw that depends on nothing but what it is for."""

import numpy as np
import pytest

from contract.calls import gradient, oracle_forward, oracle_gradient, simulate
from contract.cases import FORMS, KINDS, case
from reference import noise
from tbrnn import _core
from tolerances import TOLERANCES, assert_close

KEY = 0x0123456789ABCDEF


@pytest.mark.parametrize("line", noise.KNOWN_ANSWERS)
def test_philox_known_answers(line):
    counter, key, words = (np.array(part, np.uint32) for part in noise.known_answer(line))
    assert np.array_equal(_core.philox(counter, key), words)


@pytest.mark.parametrize("seed", range(5))
def test_philox_is_the_oracle(seed):
    rng = np.random.default_rng(seed)
    counter, key = (rng.integers(0, 2**32, n, np.uint32) for n in (4, 2))
    assert np.array_equal(_core.philox(counter, key), noise.philox(counter, key))


@pytest.mark.parametrize("units", [1, 2, 3, 4, 5, 31, 33])
@pytest.mark.parametrize("trials", [1, 33])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_normals_are_the_oracle(units, trials, dtype):
    ours = _core.normals(KEY, 3, 4, trials, units, dtype)
    expected = noise.normals(KEY, 3, 4, trials, units)
    assert ours.dtype == dtype
    assert np.max(np.abs(ours - expected)) <= TOLERANCES[f"normals {dtype}"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_normals_have_the_moments_of_a_standard_normal(dtype):
    xi = _core.normals(KEY, 0, 0, 2000, 100, dtype).astype(float)
    n = xi.size
    assert abs(xi.mean()) < 4 / np.sqrt(n)
    assert abs(xi.var() - 1) < 4 * np.sqrt(2 / n)
    assert abs(np.mean(xi**3)) < 4 * np.sqrt(15 / n)
    assert abs(np.mean(xi**4) - 3) < 4 * np.sqrt(96 / n)
    assert np.max(np.abs(np.corrcoef(xi[:, :20].T) - np.eye(20))) < 5 / np.sqrt(2000)
    assert np.max(np.abs(np.corrcoef(xi[:40, :]) - np.eye(40))) < 5 / np.sqrt(100)


def test_normals_depend_on_key_epoch_and_step():
    base = _core.normals(KEY, 3, 4, 5, 6, "float32")
    for other in ((KEY + 1, 3, 4), (KEY + 2**32, 3, 4), (KEY, 4, 4), (KEY, 3, 5)):
        assert not np.isin(_core.normals(*other, 5, 6, "float32"), base).any()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_simulation_and_gradient_with_noise_are_the_oracle(kind, form, dtype):
    c = case(kind, form, trials=33, dtype=dtype, initial=True)
    parameters, data, keys = c.parameters(2), c.data(), np.array([KEY, KEY + 1], np.uint64)
    sigma = np.array([0.1, 0.2])
    ours = simulate(c, parameters, data, sigma=sigma, keys=keys, epoch=5)
    losses, gradients = gradient(c, parameters, data, sigma=sigma, keys=keys, epoch=5)
    for i, flat in enumerate(parameters):
        xi = noise.state_noise(int(keys[i]), 5, c.trials, c.steps, c.units)
        expected = oracle_forward(c, flat, data, sigma[i] * xi)
        for name, array in expected.items():
            assert_close(ours[name][i], array, f"{dtype} values", name)
        loss, expected = oracle_gradient(c, flat, data, sigma[i] * xi)
        assert_close(losses[i], loss, f"{dtype} values", "loss")
        for name, array in c.named(gradients[i]).items():
            assert_close(array, expected[name], f"{dtype} gradients of an array", name)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_noise_of_a_trial_does_not_depend_on_how_many_there_are(dtype):
    c, few = (case(trials=trials, dtype=dtype) for trials in (70, 3))
    parameters, data = c.parameters(), c.data()
    first = {name: array[:3].copy() for name, array in data.items()}
    many = simulate(c, parameters, data, sigma=0.1)["states"]
    assert np.array_equal(many[:, :3], simulate(few, parameters, first, sigma=0.1)["states"])


def test_noise_of_a_step_does_not_depend_on_how_many_there_are():
    c, short = case(steps=7), case(steps=2)
    parameters, data = c.parameters(), c.data()
    first = {name: array[:, :2].copy() for name, array in data.items()}
    many = simulate(c, parameters, data, sigma=0.1)["states"]
    assert np.array_equal(many[:, :, :2], simulate(short, parameters, first, sigma=0.1)["states"])


def test_noise_differs_between_epochs_and_keys():
    c = case()
    parameters, data = c.parameters(), c.data()
    states = [
        simulate(c, parameters, data, sigma=0.1, keys=[key], epoch=epoch)["states"]
        for key, epoch in ((1, 0), (2, 0), (1, 1))
    ]
    assert not np.isclose(states[0], states[1]).any()
    assert not np.isclose(states[0], states[2]).any()


def test_sigma_is_the_standard_deviation_of_one_step():
    c = case(units=33, trials=70, steps=1)
    parameters, data = c.parameters(), c.data()
    noisy, still = (simulate(c, parameters, data, sigma=s)["states"] for s in (0.3, 0.0))
    kick = noisy - still
    assert abs(kick.std() / 0.3 - 1) < 4 * np.sqrt(0.5 / kick.size)
