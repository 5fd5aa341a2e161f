"""What must hold for every network whatever its numbers: splitting, permuting, time, scale."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.agreement import assert_forward_is_oracle, assert_gradient_is_oracle
from contract.calls import gradient, simulate
from contract.cases import FORMS, KINDS, MATCHES, PHIS, case
from tolerances import assert_close

cases = st.builds(
    case,
    st.sampled_from(list(KINDS)),
    st.sampled_from(FORMS),
    phi=st.sampled_from(PHIS),
    units=st.integers(5, 35),
    ranks=st.tuples(st.integers(1, 5), st.integers(1, 4)),
    inputs=st.integers(1, 3),
    outputs=st.integers(1, 4),
    trials=st.integers(1, 70),
    steps=st.integers(2, 12),
    match=st.sampled_from(MATCHES),
    mask=st.sampled_from([None, "entries", "trial and time"]),
    initial=st.booleans(),
)


@settings(max_examples=150)
@given(cases, st.booleans(), st.booleans(), st.booleans())
def test_any_network_is_the_oracle(c, input_bias, output_bias, identity_readout):
    net = replace(c.net, identity_readout=identity_readout)
    c = replace(c, net=net, input_bias=input_bias, output_bias=output_bias)
    for dtype in ("float64", "float32"):
        assert_forward_is_oracle(replace(c, dtype=dtype))
    assert_gradient_is_oracle(c)


@given(cases, st.data(), st.sampled_from(["float32", "float64"]))
def test_splitting_a_rollout_gives_the_same_states(c, draw, dtype):
    c = replace(c, dtype=dtype)
    cut = draw.draw(st.integers(1, c.steps - 1))
    parameters, data = c.parameters(), c.data()
    whole = simulate(c, parameters, data)
    start = {name: data[name] for name in data if name == "initial_states"}
    first = simulate(c, parameters, {"inputs": data["inputs"][:, :cut].copy()} | start)
    middle = {"initial_states": first["states"][0, :, -1].copy()}
    second = simulate(c, parameters, {"inputs": data["inputs"][:, cut:].copy()} | middle)
    for name, array in whole.items():
        assert np.array_equal(array[:, :, :cut], first[name])
        assert np.array_equal(array[:, :, cut:], second[name])


@given(cases, st.randoms(use_true_random=False))
def test_permuting_trials(c, random):
    order = random.sample(range(c.trials), c.trials)
    parameters, data = c.parameters(2), c.data()
    permuted = {name: array[order].copy() for name, array in data.items()}
    ours, theirs = simulate(c, parameters, data), simulate(c, parameters, permuted)
    for name, array in ours.items():
        assert np.array_equal(array[:, order], theirs[name])
    loss, ours = gradient(c, parameters, data)
    permuted_loss, theirs = gradient(c, parameters, permuted)
    assert_close(permuted_loss, loss, "permuted trials")
    assert_close(theirs, ours, "permuted trials")


@given(cases)
def test_future_inputs_do_not_reach_the_past(c):
    parameters, data = c.parameters(), c.data()
    changed = data | {"inputs": data["inputs"].copy()}
    changed["inputs"][:, -1] += 1
    ours, theirs = simulate(c, parameters, data), simulate(c, parameters, changed)
    assert np.array_equal(ours["states"][:, :, :-1], theirs["states"][:, :, :-1])
    assert not np.array_equal(ours["states"][:, :, -1], theirs["states"][:, :, -1])


@given(cases)
def test_repeating_every_trial_changes_neither_loss_nor_gradient(c):
    parameters, data = c.parameters(), c.data()
    twice = {name: np.concatenate([array, array]) for name, array in data.items()}
    loss, ours = gradient(c, parameters, data)
    again, theirs = gradient(c, parameters, twice)
    assert_close(again, loss, "permuted trials")
    assert_close(theirs, ours, "permuted trials")


@given(cases, st.floats(0.1, 10))
def test_scaling_the_mask_changes_nothing(c, factor):
    c = replace(c, mask="entries")
    parameters, data = c.parameters(), c.data()
    loss, ours = gradient(c, parameters, data)
    again, theirs = gradient(c, parameters, data | {"mask": factor * data["mask"]})
    assert_close(again, loss, "permuted trials")
    assert_close(theirs, ours, "permuted trials")


def test_two_runs_are_bit_identical():
    c = case(trials=70, dtype="float32")
    parameters, data = c.parameters(3), c.data()
    first, second = gradient(c, parameters, data), gradient(c, parameters, data)
    assert np.array_equal(first[0], second[0])
    assert np.array_equal(first[1], second[1])


@pytest.mark.parametrize("form", FORMS)
def test_swapping_m_and_n_of_a_three_body_network_changes_nothing(form):
    c = case("three-body", form)
    parameters, data = c.parameters(), c.data()
    block = c.units * c.model_ranks[0]
    swapped = parameters.copy()
    swapped[:, block : 2 * block] = parameters[:, 2 * block : 3 * block]
    swapped[:, 2 * block : 3 * block] = parameters[:, block : 2 * block]
    ours, theirs = simulate(c, parameters, data), simulate(c, swapped, data)
    assert_close(theirs["states"], ours["states"], "float64 values")
