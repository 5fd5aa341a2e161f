"""Canonical networks do what they did; equal dynamics by other vectors become equal vectors."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tbrnn
from connectivity.networks import MODELS, ensemble
from tbrnn import connectivity
from tolerances import assert_close

RNG = np.random.default_rng(6)
ORDERS = st.permutations(range(3))
SIZES = st.lists(st.floats(0.2, 5), min_size=6, max_size=6)
SWAPS = st.lists(st.booleans(), min_size=3, max_size=3)


@pytest.mark.parametrize("kind", MODELS)
def test_dynamics_do_not_change(kind):
    nets, inputs = ensemble(MODELS[kind])[1:], RNG.normal(0, 1, (3, 12, 2))
    canonical = connectivity.canonical(nets)
    assert canonical.model == nets.model
    assert canonical.numbers.tolist() == [1, 2, 3]
    assert canonical.seeds == nets.seeds
    before, after = nets.simulate(inputs), canonical.simulate(inputs)
    assert_close(after.states, before.states, "float64 values")
    assert_close(after.outputs, before.outputs, "float64 values")


@pytest.mark.parametrize("kind", MODELS)
def test_canonical_of_canonical(kind):
    once = connectivity.canonical(ensemble(MODELS[kind]))
    again = connectivity.canonical(once)
    for name, array in once.arrays.items():
        assert_close(again.arrays[name], array, "float64 values", name)
    alone = connectivity.canonical(ensemble(MODELS[kind])[2])
    for name, array in alone.arrays.items():
        assert_close(array, once.arrays[name][2], "float64 values", name)


def test_pairs_of_gates_are_treated_one_by_one():
    model = tbrnn.LowRankGRU(units=5, rank=2, inputs=2, outputs=3)
    nets, inputs = ensemble(model), RNG.normal(0, 1, (3, 12, 2))
    canonical = connectivity.canonical(nets)
    assert_close(canonical.simulate(inputs).states, nets.simulate(inputs).states, "float64 values")
    for gate in ("hr", "hz", "hh"):
        m, n = (canonical.arrays[f"{letter}_{gate}"] for letter in "mn")
        gram = m.swapaxes(1, 2) @ m
        assert_close(gram, n.swapaxes(1, 2) @ n, "float64 values", gate)
        assert np.all(gram[:, 0, 0] > gram[:, 1, 1])


@given(order=ORDERS, sizes=SIZES, swaps=SWAPS)
def test_scale_and_order_of_triples_are_forgotten(order, sizes, swaps):
    nets = ensemble(MODELS["three-body"])
    a, b = np.reshape(sizes, (2, 3))
    l, m, n = (nets.arrays[name] for name in "lmn")  # noqa: E741
    m, n = np.where(swaps, n, m), np.where(swaps, m, n)
    other = dict(nets.arrays) | dict(zip("lmn", (a * l, b * m, n / (a * b)), strict=True))
    other = {k: v[..., list(order)] if k in "lmn" else v for k, v in other.items()}
    theirs = connectivity.canonical(tbrnn.Ensemble.from_arrays(nets.model, other))
    ours = connectivity.canonical(nets)
    symmetric = [connectivity.symmetrised(connectivity.tensor(x)) for x in (theirs, ours)]
    assert_close(*symmetric, "float64 values")
    lengths = [np.linalg.norm(x.l, axis=1) for x in (theirs, ours)]
    assert_close(*lengths, "float64 values")
    assert_close(theirs.l, ours.l, "float64 values")


def test_columns_of_a_triple_have_one_length_and_the_longer_is_m():
    nets = ensemble(MODELS["three-body"])
    canonical = connectivity.canonical(nets)
    lengths = np.array([np.linalg.norm(canonical.arrays[name], axis=1) for name in "lmn"])
    product = np.prod([np.linalg.norm(nets.arrays[name], axis=1) for name in "lmn"], axis=0)
    assert_close(lengths, np.broadcast_to(np.sort(np.cbrt(product)), (3, 4, 3)), "float64 values")
    longer = {name: np.linalg.norm(nets.arrays[name], axis=1) for name in "mn"}
    for member in range(4):
        for column in range(3):
            name = "m" if longer["m"][member, column] > longer["n"][member, column] else "n"
            vector = nets.arrays[name][member, :, column]
            cosines = vector @ canonical.m[member] / np.linalg.norm(vector)
            assert np.any(np.abs(cosines / lengths[1, member] - 1) < 1e-12)


@given(mix=st.lists(st.floats(-2, 2), min_size=4, max_size=4))
def test_pairs_forget_the_basis(mix):
    nets = ensemble(MODELS["two-body"])
    basis = np.reshape(mix, (2, 2)) + 4 * np.eye(2)
    other = dict(nets.arrays) | {"m": nets.m @ basis, "n": nets.n @ np.linalg.inv(basis).T}
    theirs = connectivity.canonical(tbrnn.Ensemble.from_arrays(nets.model, other))
    ours = connectivity.canonical(nets)
    assert_close(theirs.m, ours.m, "inverse of a small matrix")
    assert_close(theirs.n, ours.n, "inverse of a small matrix")
    assert np.all(ours.m.max(axis=1) >= -ours.m.min(axis=1))
    gram = ours.m.swapaxes(1, 2) @ ours.m
    assert_close(gram, ours.n.swapaxes(1, 2) @ ours.n, "float64 values")
    values = np.linalg.svd(nets.m @ nets.n.swapaxes(1, 2), compute_uv=False)[:, :2]
    assert_close(gram, values[:, None, :] * np.eye(2), "float64 values")


def test_pairs_of_dependent_columns():
    """The product has rank one, and the other canonical columns are 0."""
    nets = ensemble(MODELS["two-body"])
    arrays = {**nets.arrays, "m": nets.m[:, :, :1] * [1.0, -2.0]}
    ours = connectivity.canonical(tbrnn.Ensemble.from_arrays(nets.model, arrays))
    product = arrays["m"] @ nets.n.swapaxes(1, 2)
    assert_close(ours.m @ ours.n.swapaxes(1, 2), product, "float64 values")
    for vectors in (ours.m, ours.n):
        assert_close(vectors, vectors * [1, 0], "roots of rounding")


def test_pairs_of_many_units_take_no_matrices():
    model = tbrnn.LowRankRNN(units=400, rank=2, inputs=1, outputs=1)
    nets = model.initial(range(10), dtype="float64")
    tracemalloc.start()
    connectivity.canonical(nets)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 20 * (nets.m.nbytes + nets.n.nbytes)


@pytest.mark.parametrize("name", ["l", "m", "n"])
def test_dependent_columns_are_refused(name):
    nets = ensemble(MODELS["three-body"])
    arrays = {key: array.copy() for key, array in nets.arrays.items()}
    arrays[name][1, :, 2] = arrays[name][1, :, 0] - 2 * arrays[name][1, :, 1]
    dependent = tbrnn.Ensemble.from_arrays(nets.model, arrays)
    message = f"{name} must be .* independent columns, got column 2 of member 1"
    with pytest.raises(ValueError, match=message):
        connectivity.canonical(dependent)


def test_a_residual_of_negative_entries_is_independent():
    nets = ensemble(MODELS["three-body"], members=1)
    columns = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 1, 0], [1, 1, 1, 0, 0]]).T.astype(float)
    arrays = dict(nets.arrays) | {"m": -columns[None]}
    assert connectivity.canonical(tbrnn.Ensemble.from_arrays(nets.model, arrays)).rank == 3
