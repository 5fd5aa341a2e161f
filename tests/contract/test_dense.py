"""Networks of full rank: the packed product at every remainder, divergence, bits of threads."""

import numpy as np
import pytest

import tbrnn
from contract.agreement import (
    assert_forward_is_oracle,
    assert_gradient,
    assert_gradient_is_oracle,
)
from contract.calls import gradient, simulate, train
from contract.cases import FORMS, MATCHES, case

# around panels of 12 rows and vectors of 4 to 16 lanes
UNITS = (1, 2, 3, 7, 11, 12, 13, 15, 16, 17, 23, 24, 25, 31, 32, 33, 36, 37, 63, 64, 65, 97)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("units", UNITS)
def test_units(units, dtype):
    for form in FORMS:
        c = case("full", form, units=units, trials=33, steps=4, initial=True, dtype=dtype)
        assert_forward_is_oracle(c)
        assert_gradient_is_oracle(c)


@pytest.mark.parametrize("form", FORMS)
def test_one_unit_one_trial_one_step(form):
    for match in MATCHES:
        c = case("full", form, units=1, inputs=1, outputs=1, trials=1, steps=1, match=match)
        assert_gradient(c)


@pytest.mark.parametrize("identity_readout", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_steps_around_chunks(form, identity_readout):
    for steps in (15, 16, 17, 32, 33):
        assert_gradient_is_oracle(
            case("full", form, steps=steps, identity_readout=identity_readout)
        )


@pytest.mark.parametrize("form", FORMS)
def test_threads_and_company_do_not_change_a_bit(form):
    c = case("full", form, units=37, trials=70, dtype="float32")
    parameters, data = c.parameters(3), c.data()
    losses, one = gradient(c, parameters, data, sigma=0.1)
    for threads in (2, 5):
        again, more = gradient(c, parameters, data, sigma=0.1, threads=threads)
        assert np.array_equal(losses, again)
        assert np.array_equal(one, more)
    _, alone = gradient(c, parameters[:1], data, sigma=0.1)
    assert np.array_equal(alone[0], one[0])
    runs = [train(c, parameters, data, epochs=5, threads=threads) for threads in (1, 2, 5)]
    for run in runs[1:]:
        assert np.array_equal(run["last"], runs[0]["last"])


def test_entry_ij_is_from_j_to_i():
    model = tbrnn.RNN(units=3, inputs=1, outputs=1, alpha=1.0, phi="identity", input_bias=False)
    arrays = {name: np.zeros(shape) for name, shape in model.spec.fields}
    arrays["w_hh"][2, 0] = 5.0
    net = tbrnn.Ensemble.from_arrays(model, {name: a[None] for name, a in arrays.items()})
    states = net.simulate(np.zeros((1, 1, 1)), initial_states=np.array([[1.0, 0.0, 0.0]])).states
    assert np.array_equal(states[0, 0, 0], [0.0, 0.0, 5.0])


def test_an_exploding_network_ends_as_diverged():
    model = tbrnn.RNN(units=20, inputs=1, outputs=1, phi="relu")
    nets = model.initial([0, 1])
    wild = {**nets.arrays, "w_hh": np.stack([nets.w_hh[0], 1e3 * np.abs(nets.w_hh[1])])}
    trials = tbrnn.Trials(np.ones((4, 60, 1)), np.zeros((4, 60, 1)))
    runs = tbrnn.fit(tbrnn.Ensemble.from_arrays(model, wild), trials, epochs=3, stall=None)
    assert list(runs.status) == ["capped", "diverged"]
    assert np.array_equal(runs.last[1].w_hh, wild["w_hh"][1])


def test_no_drive_is_no_company():
    """With w_hh = 0 the units are as they are without a recurrence."""
    c = case("full", units=9)
    still = case("two-body", units=9, ranks=(1, 1))
    parameters, data = c.parameters(), c.data()
    parameters[:, : 9 * 9] = 0
    alone = np.concatenate([np.zeros((1, 18)), parameters[:, 81:]], axis=1)
    assert np.array_equal(
        simulate(c, parameters, data)["states"], simulate(still, alone, data)["states"]
    )
