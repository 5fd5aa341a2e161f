"""The leaky GRU where it differs from the other networks: its gate, its start, what it lacks.

Its rollout, gradients, training and determinism are tested with all other kinds (`KINDS`).
"""

import numpy as np
import pytest

import tbrnn
from contract.calls import gradient, simulate
from contract.cases import case
from contract.test_gated import with_biases
from tolerances import assert_close

MODEL = tbrnn.LeakyGRU(units=30, inputs=3, outputs=2, alpha=0.3)
INPUTS = np.random.default_rng(5).normal(0, 1, (6, 7, 3))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_closed_gate_keeps_the_state(dtype):
    c = case("leaky gru", initial=True, dtype=dtype)
    data = c.data()
    states = simulate(c, with_biases(c, c.parameters(), b_iu=-200.0), data)["states"][0]
    assert np.array_equal(states, np.repeat(data["initial_states"][:, None], c.steps, axis=1))


@pytest.mark.parametrize("phi", ["tanh", "softplus"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_an_open_gate_makes_a_pairwise_network_of_voltage_form(dtype, phi):
    c = case("leaky gru", phi=phi, initial=True, dtype=dtype)
    plain = case("full", "voltage", phi=phi, initial=True, dtype=dtype)
    parameters, data = with_biases(c, c.parameters(), b_iu=200.0), c.data()
    named, ours = c.named(parameters[0]), {"w_in": "w_ih", "b_in": "b_ih"}
    block = [named[ours.get(name, name)].ravel() for name, _ in plain.fields]
    same = np.concatenate(block)[None].astype(dtype)
    one, other = simulate(c, parameters, data), simulate(plain, same, data)
    for name in one:
        assert_close(one[name], other[name], f"{dtype} values", name)
    _, gradients = gradient(c, parameters, data)
    _, expected = gradient(plain, same, data)
    gradients, expected = c.named(gradients[0]), plain.named(expected[0])
    for name, array in expected.items():
        assert_close(gradients[ours.get(name, name)], array, f"{dtype} gradients of an array", name)
    assert not any(gradients[name].any() for name in ("w_hu", "w_iu", "b_iu"))


def test_initial_weights():
    """In the order of the parameters, uniform on +-1/sqrt(fan-in)."""
    nets = MODEL.initial([(7, 1)], dtype="float64")
    rng = np.random.Generator(np.random.Philox(np.random.SeedSequence((7, 1))))
    fans = {"w_hu": 30, "w_hh": 30, "w_iu": 3, "b_iu": 3, "w_ih": 3, "b_ih": 3}
    fans |= {"w_out": 30, "b_out": 30}
    assert list(nets.arrays) == list(fans)
    for name, fan in fans.items():
        bound = 1 / np.sqrt(fan)
        expected = rng.uniform(-bound, bound, nets.arrays[name].shape[1:])
        assert_close(nets.arrays[name][0], expected, "float64 values", name)


@pytest.mark.parametrize("biases", [True, False])
def test_files_and_state_dicts_round_trip(biases, tmp_path):
    model = tbrnn.LeakyGRU(units=5, inputs=3, outputs=2, input_bias=biases, output_bias=biases)
    nets = model.initial([2])
    nets.save(tmp_path / "gru.safetensors")
    saved = tbrnn.load(tmp_path / "gru.safetensors")
    again = tbrnn.LeakyGRU.from_state_dict(nets.state_dict())
    assert saved.model == again.model == model
    for name, array in nets.arrays.items():
        assert np.array_equal(saved.arrays[name], array)
        assert np.array_equal(again.arrays[name], array)


def test_students():
    teachers = MODEL.initial([0, 1])
    options = {"ranks": [2], "trials": tbrnn.Trials(INPUTS), "match": "states", "epochs": 30}
    runs = tbrnn.lint(teachers, tbrnn.LowRankGRU, record_every=1, **options)
    for i, pupil in enumerate(runs.best):
        assert runs.best_loss[i] < 0.5 * runs.history[i]["loss"][0]
        assert np.array_equal(pupil.w_out, teachers[i].w_out)


def test_statistics_are_of_the_candidate():
    trials = tbrnn.Trials(INPUTS, np.zeros((6, 7, 2)))
    options = {"statistics": 2, "stall": None, "target_loss": None, "dtype": "float64"}
    runs = tbrnn.fit(MODEL, trials, epochs=4, **options)
    net, row = runs.last[0], runs.statistics[0][-1]
    radius = np.abs(np.linalg.eigvals(net.w_hh)).max()
    assert_close(row["spectral_radius"], radius, "float64 gradients")
