"""Forward pass = oracle, for every model, form, mode, nonlinearity, size and channel count."""

import numpy as np
import pytest

from contract.agreement import assert_forward_is_oracle
from contract.calls import simulate
from contract.cases import DISCRETE, FORMS, KINDS, LEAKY, PARAMETRISED, PHIS, case
from tolerances import assert_close

DTYPES = ("float64", "float32")


@pytest.mark.parametrize("phi_out", PHIS)
@pytest.mark.parametrize("phi", PHIS)
@pytest.mark.parametrize("mode", [LEAKY, DISCRETE])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_nonlinearities(kind, form, mode, phi, phi_out):
    for dtype in DTYPES:
        assert_forward_is_oracle(case(kind, form, mode, phi, phi_out, dtype=dtype))


@pytest.mark.parametrize("phi", PARAMETRISED)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_parameters_of_nonlinearities(kind, form, phi):
    for dtype in DTYPES:
        for phis in ((phi, "tanh"), ("tanh", phi), (phi, phi)):
            assert_forward_is_oracle(case(kind, form, LEAKY, *phis, dtype=dtype))


@pytest.mark.parametrize("identity_readout", [False, True])
@pytest.mark.parametrize("biases", [(False, False), (True, False), (False, True)])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_biases_readouts_and_initial_states(kind, form, biases, identity_readout):
    options = {"input_bias": biases[0], "output_bias": biases[1]}
    for dtype in DTYPES:
        for initial in (False, True):
            c = case(
                kind,
                form,
                phi_out="sigmoid",
                identity_readout=identity_readout,
                initial=initial,
                dtype=dtype,
                **options,
            )
            assert_forward_is_oracle(c)


@pytest.mark.parametrize("steps", [1, 2])
@pytest.mark.parametrize("trials", [1, 3, 31, 32, 33, 70])
@pytest.mark.parametrize("units", [1, 5, 31, 33])
@pytest.mark.parametrize("kind", KINDS)
def test_sizes(kind, units, trials, steps):
    for dtype in DTYPES:
        for form in FORMS:
            size = {"units": units, "trials": trials, "steps": steps}
            c = case(kind, form, ranks=(1, 1), inputs=2, initial=True, dtype=dtype, **size)
            if units > 3 or kind != "hard-orth":
                assert_forward_is_oracle(c)


@pytest.mark.parametrize("rank", range(1, 10))
@pytest.mark.parametrize("kind", KINDS)
def test_ranks_and_channels(kind, rank):
    for dtype in DTYPES:
        for ranks, inputs, outputs in (
            ((rank, 2), 1, 3),
            ((2, rank), rank, 1),
            ((1, rank), 3, rank),
        ):
            channels = {"ranks": ranks, "inputs": inputs, "outputs": outputs}
            assert_forward_is_oracle(case(kind, units=11, dtype=dtype, **channels))


def test_output_nonlinearity_is_ignored_in_voltage_form():
    plain, other = (case(form="voltage", phi_out=name) for name in ("tanh", "relu"))
    parameters, data = plain.parameters(), plain.data()
    ours, theirs = simulate(plain, parameters, data), simulate(other, parameters, data)
    for name, array in ours.items():
        assert np.array_equal(array, theirs[name])


def test_input_space_of_every_direction_leaves_no_drive():
    c = case("hard-orth", units=3, ranks=(2, 1), inputs=4)
    still = case("two-body", units=3, ranks=(1, 1), inputs=4)
    parameters, data = c.parameters(), c.data()
    shared = still.parameters()
    shared[:, : 2 * 3] = 0
    shared[:, 6:] = parameters[:, 3 * 3 * 2 :]
    ours, theirs = simulate(c, parameters, data), simulate(still, shared, data)
    assert_close(ours["states"], theirs["states"], "float64 values")


def test_parameter_block_is_documented():
    for kind in KINDS:
        for identity_readout in (False, True):
            c = case(kind, identity_readout=identity_readout)
            assert [(name, tuple(shape)) for name, shape in c.spec.fields] == c.fields
            assert c.spec.size == c.size


def test_each_member_has_its_data_set():
    c = case()
    parameters, data = c.parameters(3), [c.data(seed) for seed in (0, 1)]
    together = simulate(c, parameters, data, which=[1, 0, 1])
    for member, index in enumerate([1, 0, 1]):
        alone = simulate(c, parameters[[member]], data[index])
        assert np.array_equal(together["states"][member], alone["states"][0])
