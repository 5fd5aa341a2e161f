"""Truncations against plain decompositions, their optimality, and the published network."""

import sys
from dataclasses import replace

import numpy as np
import pytest
import tqdm

import tbrnn
from connectivity.golden import discrete_outputs
from tbrnn import connectivity
from tolerances import TOLERANCES, assert_close

RNG = np.random.default_rng(7)
FULL = RNG.normal(0, 1, (4, 6, 6, 6))
MATRIX = tbrnn.RNN(units=6, inputs=1, outputs=1)
RANKS = (1, 3, 6)
ACCURACY = {  # of the published teacher on 128 fresh trials, ranks 1..6
    "svd": (0.5258, 0.5821, 0.7349, 0.8678, 0.8661, 0.8622),
    "svd of mode 1": (0.6642, 0.7119, 0.8293, 0.8308, 0.9002, 0.9207),
    "slices rrr": (0.8091, 0.9764, 1, 1, 1, 1),
    "slices 0rr": (0.7758, 0.9093, 0.9308, 0.9982, 1, 1),
    "cp": (0.5314, 0.6498, 0.7131, 0.7954, 0.7915, 0.7622),
}
CP_ERROR = (0.9397, 0.8727, 0.8087, 0.7617, 0.7315, 0.7054)
TRUNCATE = {
    "svd": connectivity.truncate_svd,
    "svd of mode 1": lambda w, r: connectivity.truncate_svd(w, r, mode=1),
    "slices rrr": lambda w, r: connectivity.truncate_slices(w, (r, r, r)),
    "slices 0rr": lambda w, r: connectivity.truncate_slices(w, (0, r, r)),
    "cp": connectivity.truncate_cp,
}


def rest(full, truncated):
    return np.linalg.norm((full - truncated).reshape(len(full), -1), axis=1)


@pytest.fixture
def tensorly():
    return pytest.importorskip("tensorly", reason="pip install 'tbrnn[analysis]'")


@pytest.mark.parametrize("mode", [0, 1, 2])
def test_svd_is_the_truncated_unfolding(mode):
    for one, ours in zip(FULL, connectivity.truncate_svd(FULL, 2, mode=mode), strict=True):
        left, values, right = np.linalg.svd(np.moveaxis(one, mode, 0).reshape(6, 36))
        kept = (left[:, :2] * values[:2]) @ right[:2]
        assert_close(ours, np.moveaxis(kept.reshape(6, 6, 6), 0, mode), "float64 values")
        assert_close(np.sum((one - ours) ** 2), np.sum(values[2:] ** 2), "float64 values")


def test_slices_along_one_mode_are_the_svd():
    for mode in range(3):
        ranks = tuple(3 if axis == mode else 0 for axis in range(3))
        ours = connectivity.truncate_slices(FULL, ranks)
        assert_close(ours, connectivity.truncate_svd(FULL, 3, mode=mode), "float64 values")


def test_slices_recover_a_sum_of_slices():
    vectors, slices = RNG.normal(0, 1, (3, 6)), RNG.normal(0, 1, (3, 6, 6))
    full = np.einsum("i,jk->ijk", vectors[0], slices[0])
    full += np.einsum("j,ik->ijk", vectors[1], slices[1])
    full += np.einsum("k,ij->ijk", vectors[2], slices[2])
    ours = connectivity.truncate_slices(full, (1, 1, 1), sweeps=400)
    assert_close(ours, full, "alternating least squares")


def test_the_error_of_slices_never_rises():
    errors = [
        rest(FULL, connectivity.truncate_slices(FULL, (1, 2, 1), sweeps=s)) for s in (1, 4, 20)
    ]
    assert np.all(np.diff(errors, axis=0) < 0)
    assert np.all(errors[-1] < rest(FULL, connectivity.truncate_svd(FULL, 2, mode=1)))


def test_cp_recovers_its_factors(tensorly):
    vectors = RNG.normal(0, 1, (3, 4, 6, 2))
    full = connectivity.tensor_of(*vectors)
    l, m, n = connectivity.cp_factors(full, 2, sweeps=2000, tolerance=1e-12)  # noqa: E741
    assert l.shape == (4, 6, 2)
    assert_close(connectivity.tensor_of(l, m, n), full, "alternating least squares")
    lengths = [np.linalg.norm(factor, axis=1) for factor in (l, m, n)]
    assert_close(lengths[1:], [lengths[0]] * 2, "float64 values")
    truncated = connectivity.truncate_cp(full[1], 2, sweeps=2000, tolerance=1e-12)
    assert_close(truncated, connectivity.tensor_of(l[1], m[1], n[1]), "float64 values")


def test_cp_factors_are_of_tensors(tensorly):
    with pytest.raises(TypeError, match=r"tensor must be an array, .*, got Ensemble\(1 network"):
        connectivity.cp_factors(MATRIX.initial([0]), 1)


@pytest.mark.parametrize("rank", [3, 4, 6])
def test_more_components_than_a_tensor_has(tensorly, rank):
    small = np.zeros((6, 6, 6))
    small[:2, :2, :2] = connectivity.tensor_of(*RNG.normal(0, 1, (3, 2, 2)))
    tensors = np.stack([small, np.zeros_like(small), 1e6 * small])
    few, many = (rest(tensors, connectivity.truncate_cp(tensors, r)) for r in (2, rank))
    rounding = TOLERANCES["float32 values"] * rest(tensors, np.zeros_like(tensors))
    assert (many <= (1 + TOLERANCES["spare components"]) * few + rounding).all()


def test_cp_draws_nothing(tensorly):
    legacy = np.random.get_state()[1].copy()  # noqa: NPY002
    first, second = (connectivity.truncate_cp(FULL[0], 6, sweeps=5) for _ in range(2))
    assert np.array_equal(first, second)
    assert np.array_equal(np.random.get_state()[1], legacy)  # noqa: NPY002


@pytest.mark.parametrize(("method", "rounds"), [("slices rrr", 50), ("cp", 4)])
def test_progress_is_shown_at_a_terminal_alone(method, rounds, monkeypatch, capsys, request):
    if method == "cp":
        request.getfixturevalue("tensorly")
    seen, bar = [], tqdm.tqdm

    def spy(rounds, *words, **options):
        seen.append((len(rounds), options["disable"], options["leave"]))
        return bar(rounds, *words, **options)

    monkeypatch.setattr(tqdm, "tqdm", spy)
    TRUNCATE[method](FULL, 1)
    assert seen == [(rounds, None, False)]
    assert capsys.readouterr() == ("", "")


def test_a_missing_library_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorly", None)
    message = r"cp_factors needs tensorly: pip install 'tbrnn\[analysis\]'"
    with pytest.raises(ModuleNotFoundError, match=message):
        connectivity.cp_factors(FULL, 2)


@pytest.mark.parametrize("method", TRUNCATE)
def test_inputs_are_not_modified(method, request):
    if method == "cp":
        request.getfixturevalue("tensorly")
    before = FULL.copy()
    TRUNCATE[method](FULL, 2)
    assert np.array_equal(FULL, before)


@pytest.mark.parametrize("method", TRUNCATE)
def test_accuracy_of_the_published_network(published, method, request):
    if method == "cp":
        request.getfixturevalue("tensorly")
    arrays = {k: v.astype(float) for k, v in published("validation_teacher_tbrnn").items()}
    data = published("validation_data")
    inputs, signs = data["input_fresh128"].astype(float), np.sign(data["target_fresh128"])
    full, allowed = arrays["w_hh"], TOLERANCES["golden figures of four decimals"]
    for rank in RANKS:
        truncated = TRUNCATE[method](full, rank)
        outputs = discrete_outputs(arrays, truncated, inputs)
        accuracy = np.mean(np.sign(outputs) == signs)
        assert abs(accuracy - ACCURACY[method][rank - 1]) <= allowed
        if method == "cp":
            left = np.linalg.norm(full - truncated) / np.linalg.norm(full)
            assert abs(left - CP_ERROR[rank - 1]) <= allowed


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["TBRNN", "HORNN"])
@pytest.mark.parametrize("method", TRUNCATE)
def test_networks_with_truncated_tensors(method, name, dtype, request):
    if method == "cp":
        request.getfixturevalue("tensorly")
    model = getattr(tbrnn, name)(units=6, inputs=2, outputs=1)
    nets = model.initial([4, (5, 1)], numbers=[7, 9], dtype=dtype)
    ours, tensor = TRUNCATE[method](nets, 2), "w_hh" if name == "TBRNN" else "w_hh_tbrnn"
    assert ours.model == model
    assert ours.numbers.tolist() == [7, 9]
    assert ours.seeds == nets.seeds
    assert ours.dtype == dtype
    for parameter, array in nets.arrays.items():
        if parameter == tensor:
            array = TRUNCATE[method](array, 2).astype(dtype)
        assert np.array_equal(ours.arrays[parameter], array)
    assert np.array_equal(TRUNCATE[method](nets[1], 2).arrays[tensor], ours.arrays[tensor][1])


def test_truncated_tensors_need_no_mask_but_matrices_keep_theirs():
    """A truncation fills what a mask of the tensor left out."""
    matrix, tensor = (RNG.random(axes * (6,)) < 0.5 for axes in (2, 3))
    masks = {"mask_rnn": matrix, "mask_tbrnn": tensor}
    both = tbrnn.HORNN(units=6, inputs=2, outputs=1, **masks)
    ours = connectivity.truncate_svd(both.initial([0]), 2)
    assert ours.model == replace(both, mask_tbrnn=None)
    assert not ours.w_hh_rnn[0][~matrix].any()
    assert ours.w_hh_tbrnn[0][~tensor].any()
    three = tbrnn.TBRNN(units=6, inputs=2, outputs=1, mask=tensor)
    assert connectivity.truncate_svd(three.initial([0]), 2).model == replace(three, mask=None)


@pytest.mark.parametrize("method", TRUNCATE)
def test_accuracy_of_the_truncated_published_network(published, method, request):
    """The engine runs the networks that truncations of a network give back."""
    if method == "cp":
        request.getfixturevalue("tensorly")
    nets = tbrnn.TBRNN.from_state_dict(
        published("validation_teacher_tbrnn"), alpha=1.0, form="voltage", dtype="float64"
    )
    data = published("validation_data")
    inputs, targets = (data[f"{name}_fresh128"].astype(float) for name in ("input", "target"))
    for rank in RANKS:
        outputs = TRUNCATE[method](nets, rank).simulate(inputs).outputs
        accuracy = tbrnn.analysis.accuracy(outputs, targets)[0]
        allowed = TOLERANCES["golden figures of four decimals"]
        assert abs(accuracy - ACCURACY[method][rank - 1]) <= allowed


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: connectivity.truncate_svd(FULL, 7), "rank must be a whole number from 1 to 6"),
        (lambda: connectivity.truncate_svd(FULL, 2, mode=3), "mode must be .* from 0 to 2, got 3"),
        (lambda: connectivity.truncate_slices(FULL, (1, 7, 0)), r"ranks\[1\] must be .* 0 to 6"),
        (lambda: connectivity.truncate_slices(FULL, (0, 0, 0)), "ranks must be above 0 along one"),
        (lambda: connectivity.truncate_slices(FULL, 2), "ranks must be one rank for each"),
        (
            lambda: connectivity.truncate_svd(MATRIX.initial([0]), 2),
            "tensor must be an array, or networks TBRNN or HORNN",
        ),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()
