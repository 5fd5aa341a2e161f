"""Gradient = oracle and = central differences, for every option, in float64; float32 = oracle."""

import numpy as np
import pytest

from contract.agreement import assert_gradient, assert_gradient_is_oracle
from contract.calls import gradient, oracle_gradient, simulate
from contract.cases import (
    DISCRETE,
    FORMS,
    KINDS,
    LEAKY,
    MASKS,
    MATCHES,
    PARAMETRISED,
    PHIS,
    case,
)
from tolerances import assert_close


@pytest.mark.parametrize("phi_out", PHIS)
@pytest.mark.parametrize("phi", PHIS)
@pytest.mark.parametrize("mode", [LEAKY, DISCRETE])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_nonlinearities(kind, form, mode, phi, phi_out):
    assert_gradient(case(kind, form, mode, phi, phi_out, initial=True))


@pytest.mark.parametrize("phi", PARAMETRISED)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_parameters_of_nonlinearities(kind, form, phi):
    for phis in ((phi, "tanh"), ("tanh", phi), (phi, phi)):
        for match in MATCHES:
            assert_gradient(case(kind, form, LEAKY, *phis, match=match, initial=True))
            shape = {"units": 33, "trials": 33, "match": match, "dtype": "float32"}
            assert_gradient_is_oracle(case(kind, form, LEAKY, *phis, **shape))


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("match", MATCHES)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("phi_out", ["tanh", "sigmoid"])
def test_matches_masks_readouts_and_biases(phi_out, kind, form, match, mask):
    for identity_readout in (False, True):
        for input_bias, output_bias in ((True, True), (False, True), (True, False)):
            assert_gradient(
                case(
                    kind,
                    form,
                    phi_out=phi_out,
                    identity_readout=identity_readout,
                    input_bias=input_bias,
                    output_bias=output_bias,
                    match=match,
                    mask=mask,
                    initial=input_bias,
                )
            )


@pytest.mark.parametrize("match", MATCHES)
@pytest.mark.parametrize("steps", [1, 2])
@pytest.mark.parametrize("trials", [1, 3, 31, 32, 33, 70])
@pytest.mark.parametrize("units", [1, 5, 31, 33])
def test_sizes(units, trials, steps, match):
    for kind in KINDS:
        size = {"units": units, "trials": trials, "steps": steps}
        for form in FORMS:
            if units > 3 or kind != "hard-orth":
                c = case(kind, form, ranks=(1, 1), inputs=2, initial=True, match=match, **size)
                assert_gradient_is_oracle(c)


@pytest.mark.parametrize("rank", range(1, 10))
@pytest.mark.parametrize("kind", KINDS)
def test_ranks_and_channels(kind, rank):
    for ranks, inputs, outputs in (((rank, 2), 1, 3), ((2, rank), rank, 1), ((1, rank), 3, rank)):
        channels = {"ranks": ranks, "inputs": inputs, "outputs": outputs, "units": 11}
        for match in MATCHES:
            assert_gradient_is_oracle(case(kind, match=match, **channels))
            single = case(kind, match=match, dtype="float32", **channels)
            assert_gradient_is_oracle(single)


@pytest.mark.parametrize("match", MATCHES)
@pytest.mark.parametrize("phi", PHIS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_float32(kind, form, phi, match):
    shape = {"units": 33, "trials": 33, "steps": 20, "inputs": 3, "dtype": "float32"}
    assert_gradient_is_oracle(case(kind, form, phi=phi, match=match, **shape))


def test_whole_input_space_gives_finite_gradients():
    c = case("hard-orth", units=3, ranks=(2, 1), inputs=4)
    loss, ours = gradient(c, c.parameters(), c.data())
    assert np.isfinite(loss).all()
    assert np.isfinite(ours).all()


def test_gradient_is_of_the_loss_of_the_simulated_outputs():
    c = case(mask="trial and time")
    parameters, data = c.parameters(2), c.data()
    losses, _ = gradient(c, parameters, data)
    errors = (simulate(c, parameters, data)["outputs"] - data["targets"]) ** 2
    weights = np.broadcast_to(data["mask"], errors.shape[1:])
    by_hand = np.sum(weights * errors, axis=(1, 2, 3)) / np.sum(weights)
    assert_close(losses, by_hand, "float64 values")


def test_masked_targets_are_never_read():
    c = case(mask="entries")
    parameters, data = c.parameters(), c.data()
    hidden = data | {"targets": np.where(data["mask"] == 0, np.nan, data["targets"])}
    losses, ours = gradient(c, parameters, hidden)
    expected_losses, expected = gradient(c, parameters, data)
    assert np.array_equal(losses, expected_losses)
    assert np.array_equal(ours, expected)


def test_unused_gate_has_no_gradient():
    c = case("hybrid")
    _, ours = gradient(c, c.parameters(), c.data())
    assert c.named(ours[0])["gate"] == 0


@pytest.mark.parametrize("kind", KINDS)
def test_member_gradients_follow_their_data_set(kind):
    c = case(kind)
    parameters, data = c.parameters(3), [c.data(seed) for seed in (0, 1)]
    losses, together = gradient(c, parameters, data, which=[1, 0, 1])
    for member, index in enumerate([1, 0, 1]):
        loss, alone = gradient(c, parameters[[member]], data[index])
        assert losses[member] == loss[0]
        assert np.array_equal(together[member], alone[0])


@pytest.mark.parametrize("match", MATCHES)
def test_data_sets_with_and_without_masks_and_initial_states(match):
    variants = [
        case(match=match, trials=33),
        case(match=match, trials=33, mask="entries"),
        case(match=match, trials=33, mask="trial and time", initial=True),
        case(match=match, trials=33, initial=True),
    ]
    parameters, data = variants[0].parameters(6), [c.data(k) for k, c in enumerate(variants)]
    which = [2, 0, 1, 3, 2, 0]
    losses, together = gradient(variants[0], parameters, data, which=which)
    for member, index in enumerate(which):
        loss, expected = oracle_gradient(variants[index], parameters[member], data[index])
        assert_close(losses[member], loss, "float64 values")
        for name, array in variants[0].named(together[member]).items():
            assert_close(array, expected[name], "float64 gradients of an array", name)
