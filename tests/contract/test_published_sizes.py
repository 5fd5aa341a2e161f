"""The sizes of the papers: 30 units, 128 trials, 100 steps, ranks 1 to 6; and wide ones."""

import numpy as np
import pytest

from contract.agreement import assert_forward_is_oracle, assert_gradient_is_oracle
from contract.calls import gradient, oracle_gradient, simulate
from contract.cases import KINDS, MATCHES, case

LINT = {"units": 30, "trials": 128, "steps": 100, "inputs": 1, "input_bias": False}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rank", range(1, 7))
@pytest.mark.parametrize("kind", ["two-body", "three-body"])
def test_students_of_table_1(kind, rank, dtype):
    c = case(kind, ranks=(rank, 1), identity_readout=True, dtype=dtype, **LINT)
    assert_gradient_is_oracle(c)


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("kind", ["two-body", "three-body"])
def test_teachers_of_table_1(kind, channels):
    shape = LINT | {"inputs": channels, "outputs": channels, "ranks": (channels, 1)}
    c = case(kind, dtype="float32", **shape)
    assert_forward_is_oracle(c)
    assert_gradient_is_oracle(c)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("match", MATCHES)
@pytest.mark.parametrize("kind", KINDS)
def test_wide_networks(kind, match, dtype):
    shape = {"units": 97, "ranks": (12, 9), "inputs": 17, "outputs": 23, "trials": 35, "steps": 5}
    c = case(kind, match=match, mask="entries", initial=True, dtype=dtype, **shape)
    assert_forward_is_oracle(c)
    assert_gradient_is_oracle(c)


@pytest.mark.parametrize("kind", KINDS)
def test_long_rollouts(kind):
    assert_gradient_is_oracle(case(kind, units=7, trials=2, steps=700))


def test_a_loss_over_many_members_is_each_members_own():
    c = case("three-body", dtype="float32", trials=33)
    parameters, data = c.parameters(300), c.data()
    losses, gradients = gradient(c, parameters, data, threads=2)
    for i in (0, 151, 299):
        loss, expected = oracle_gradient(c, parameters[i], data)
        assert losses[i] == pytest.approx(loss, rel=1e-5)
        assert np.allclose(c.named(gradients[i])["l"], expected["l"], atol=1e-6)
    states = simulate(c, parameters, data, threads=2)["states"]
    assert np.unique(states.reshape(300, -1)[:, -1]).size > 290
