"""Every instruction set that this processor has computes what the oracle does."""

import numpy as np
import pytest

from contract.agreement import assert_forward_is_oracle, assert_gradient_is_oracle
from contract.calls import gradient, train
from contract.cases import FORMS, KINDS, MATCHES, PHIS, case
from tbrnn import _core
from tolerances import assert_close

AVAILABLE = _core.engine()["available"]


@pytest.fixture(params=AVAILABLE)
def instruction_set(request):
    chosen = _core.engine()["instruction_set"]
    _core.use_instruction_set(request.param)
    yield request.param
    _core.use_instruction_set(chosen)


def test_the_first_choice_is_the_widest():
    assert _core.engine()["instruction_set"] in AVAILABLE
    assert "baseline" in AVAILABLE


def test_the_choice_is_reported(instruction_set):
    assert _core.engine()["instruction_set"] == instruction_set


def test_an_unknown_choice_is_refused():
    with pytest.raises(RuntimeError, match="avx1024"):
        _core.use_instruction_set("avx1024")


@pytest.mark.parametrize("phi", PHIS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_forward_and_gradient(instruction_set, kind, form, phi):
    shape = {"trials": 33, "units": 9, "mask": "entries", "initial": True}
    for match in MATCHES:
        for dtype in ("float64", "float32"):
            c = case(kind, form, phi=phi, match=match, dtype=dtype, **shape)
            assert_forward_is_oracle(c)
            assert_gradient_is_oracle(c)


@pytest.mark.parametrize("members", [1, 5])
def test_threads_are_bit_identical(instruction_set, members):
    c = case("gated", trials=70, dtype="float32")
    parameters, data = c.parameters(members), c.data()
    one, two = (gradient(c, parameters, data, sigma=0.1, threads=t) for t in (1, 2))
    assert np.array_equal(one[1], two[1])


def test_noise_is_the_same_integers(instruction_set):
    """Normals agree between instruction sets; within one they are tested in test_noise."""
    _core.use_instruction_set("baseline")
    expected = _core.normals(5, 6, 7, 33, 31, "float32")
    _core.use_instruction_set(instruction_set)
    assert_close(_core.normals(5, 6, 7, 33, 31, "float32"), expected, "normals float32")


def test_training(instruction_set):
    c = case("three-body", trials=33)
    parameters, data = c.parameters(), c.data()
    single = case("three-body", trials=33, dtype="float32")
    history = train(c, parameters, data, epochs=20)["history"][0]
    small = {name: array.astype(np.float32) for name, array in data.items()}
    ours = train(single, parameters.astype(np.float32), small, epochs=20)["history"][0]
    assert_close(ours[:, 1], history[:, 1], "golden trace float32")
