"""Alignments by their definitions, by what they ignore and by what they must not ignore."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ortho_group

import tbrnn
from reference import cka
from tbrnn.analysis import METRICS, distance, pairwise_distance, pairwise_similarity, similarity
from tbrnn.analysis import cka as blocks
from tolerances import TOLERANCES, assert_close

RNG = np.random.default_rng(10)
ACTIVITY = [  # trial, time, unit: the same trials, unlike numbers of units
    np.tanh(RNG.normal(0, 1, (6, 7, 4)) @ RNG.normal(0, 1, (4, units)) + RNG.normal(0, 1, units))
    for units in (3, 8, 5, 4)
]
SHARED = RNG.normal(0, 1, (6, 7, 4))
ACTIVITY = [x + 0.5 * SHARED @ RNG.normal(0, 1, (4, x.shape[-1])) for x in ACTIVITY]
DEFINITION = {
    "cka_debiased": cka.debiased,
    "cka_centred": lambda x, y: cka.plug_in(x, y, centred=True),
    "cka_uncentred": lambda x, y: cka.plug_in(x, y, centred=False),
}
KINDS = list(DEFINITION)
SHIPPED = {  # uncentred, centred distances of the published networks: RNN-TBRNN, RNN-GRU, TBRNN-GRU
    "cka_uncentred": (0.983255, 0.803512, 0.246375),
    "cka_centred": (0.940741, 0.671945, 0.400297),
}


def flat(x):
    return x.reshape(-1, x.shape[-1])


@pytest.mark.parametrize("kind", KINDS)
def test_values_are_those_of_the_definition(kind):
    expected = [[DEFINITION[kind](flat(x), flat(y)) for y in ACTIVITY] for x in ACTIVITY]
    ours = pairwise_similarity(ACTIVITY, kind)
    assert_close(ours, expected, "float64 values")
    assert np.all(np.diag(ours) == 1)
    assert np.array_equal(ours, ours.T)
    assert np.array_equal(pairwise_distance(ACTIVITY, kind), 1 - ours)
    assert similarity(ACTIVITY[0], ACTIVITY[2], kind) == ours[0, 2]
    assert distance(ACTIVITY[0], ACTIVITY[2], kind) == 1 - ours[0, 2]


def test_cosine_is_its_definition():
    x, y = RNG.normal(0, 1, (2, 4, 5, 6))
    expected = np.sum(x * y) / np.sqrt(np.sum(x**2) * np.sum(y**2))
    assert_close(similarity(x, y, "cosine"), expected, "float64 values")
    assert_close(similarity(x, -3 * y, "cosine"), -expected, "float64 values")
    assert distance(x, 2 * x, "cosine") == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_blocks_and_chunks_do_not_matter(kind, monkeypatch):
    whole = pairwise_similarity(ACTIVITY, kind)
    monkeypatch.setattr(blocks, "ROWS", 5)
    monkeypatch.setattr(blocks, "FEATURES", 9)
    assert_close(pairwise_similarity(ACTIVITY, kind), whole, "float64 values")


@pytest.mark.parametrize("kind", KINDS)
def test_memory_is_that_of_a_block_however_many_networks_there_are(kind, monkeypatch):
    monkeypatch.setattr(blocks, "FEATURES", 40)
    activity = RNG.normal(0, 1, (20, 500, 40))
    pairwise_similarity(activity[:2], kind)
    tracemalloc.start()
    pairwise_similarity(activity, kind)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 8 * activity[0].nbytes


@pytest.mark.parametrize("scale", [1e38, 1e-44])
@pytest.mark.parametrize("kind", KINDS)
def test_activity_may_be_of_any_size_that_float32_has(kind, scale):
    x, y = ACTIVITY[0], ACTIVITY[1]
    assert_close(similarity(scale * x, scale * y, kind), similarity(x, y, kind), "shifted sums")


@pytest.mark.parametrize("kind", ["cka_debiased", "cka_centred"])
def test_activity_far_from_0_is_not_taken_for_constant(kind):
    x, y = flat(ACTIVITY[0]), flat(ACTIVITY[1])
    assert_close(similarity(x + 1e5, y, kind), similarity(x, y, kind), "shifted sums")


@given(seed=st.integers(0, 10_000), scale=st.floats(0.01, 100), shift=st.floats(-3, 3))
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_ignored(kind, seed, scale, shift):
    rng = np.random.default_rng(seed)
    x, y = flat(ACTIVITY[0]), flat(ACTIVITY[1])
    base = similarity(x, y, kind)
    order = rng.permutation(len(x))
    moved = scale * x @ ortho_group(3, seed=rng).rvs()
    if kind != "cka_uncentred":
        moved = moved + shift * rng.normal(0, 1, 3)
    assert_close(similarity(moved[order], y[order], kind), base, "shifted sums")
    assert_close(similarity(y[order], -moved[order], kind), base, "shifted sums")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_ignored(kind):
    x, y = flat(ACTIVITY[0]), flat(ACTIVITY[1])
    base = similarity(x, y, kind)
    for changed in (x * [10, 1, 1], x[::-1], x[:, :2], x + 0.3 * x**3):
        assert abs(similarity(changed, y, kind) - base) > 1e-3
    shifted = similarity(x + 2, y, kind)
    assert (abs(shifted - base) > 1e-3) == (kind == "cka_uncentred")


def test_only_the_debiased_form_is_zero_for_independent_activity():
    values = {kind: [] for kind in KINDS}
    for _ in range(200):
        x, y = RNG.normal(0, 1, (2, 20, 10))
        for kind in KINDS:
            values[kind].append(similarity(x, y, kind))
    debiased = np.array(values["cka_debiased"])
    assert abs(debiased.mean()) < 4 * debiased.std() / np.sqrt(200)
    assert debiased.min() < 0
    assert min(values["cka_centred"]) > 0.15


@pytest.mark.parametrize("kind", KINDS)
def test_ranges(kind):
    low, high = METRICS[kind].range
    for x in ACTIVITY:
        for y in (x, -x, x[::-1], RNG.normal(0, 1, (6, 7, 2))):
            assert low <= similarity(x, y, kind) <= high
            assert 1 - high <= distance(x, y, kind) <= 1 - low


@pytest.mark.parametrize("kind", [*KINDS, "cosine"])
def test_arrays_are_not_modified_and_float32_is_summed_in_float64(kind):
    x = np.stack([ACTIVITY[0], ACTIVITY[0][::-1] + 1]).astype(np.float32)
    before = x.copy()
    ours = pairwise_similarity(x, kind)
    assert np.array_equal(x, before)
    assert ours.dtype == np.float64
    assert_close(ours, pairwise_similarity(x.astype(float), kind), "float64 values")


@pytest.mark.parametrize("kind", SHIPPED)
def test_published_distances(published, kind):
    inputs = published("solution_data")["input"].astype(float)
    weights = {
        name: {
            key: value.astype(float) for key, value in published(f"solution_run1_{name}").items()
        }
        for name in ("rnn", "tbrnn", "gru")
    }
    two = tbrnn.LowRankRNN.from_state_dict(weights["rnn"], alpha=0.2)[0]
    three = tbrnn.LowRankTBRNN.from_state_dict(weights["tbrnn"], alpha=0.2)[0]
    gru = tbrnn.LowRankGRU.from_state_dict(weights["gru"], alpha=0.2)[0]
    states = [net.simulate(inputs).states for net in (two, three, gru)]
    ours = pairwise_distance(states, kind)[np.triu_indices(3, 1)]
    allowed = TOLERANCES["golden metrics float64"]
    assert np.max(np.abs(ours - SHIPPED[kind])) <= allowed
    if kind == "cka_uncentred":
        matrix = published("solution_distance_matrix")["distance"]
        golden = matrix[[0, 0, 30], [30, 90, 90]]
        assert np.max(np.abs(ours - golden)) <= TOLERANCES["golden metrics float32"]


@pytest.mark.parametrize(
    ("activity", "metric", "message"),
    [
        (ACTIVITY, "cka", "metric must be one of 'cka_debiased', .*, got 'cka'"),
        (
            [np.ones((10, 20, 3)), np.ones((20, 10, 3))],
            "cka_centred",
            r"activity\[1\] must be of activity\[0\]'s samples \(10, 20\), got shape \(20, 10, 3\)",
        ),
        ([np.ones(5)], "cka_centred", r"activity\[0\] must be \(trial, time, unit\) or"),
        ([ACTIVITY[0], np.full((6, 7, 2), 0.1)], "cka_centred", r"activity\[1\] must be not con"),
        ([ACTIVITY[0], np.full((6, 7, 2), 0.1)], "cka_debiased", r"activity\[1\] must be not con"),
        ([ACTIVITY[0], np.zeros((6, 7, 2))], "cka_uncentred", r"activity\[1\] must be not 0 every"),
        ([np.eye(6), np.eye(6)], "cka_debiased", r"activity\[0\] must be of unequal distances"),
        ([np.eye(3), np.eye(3)], "cka_debiased", r"activity\[0\] must be of at least 4"),
        ([ACTIVITY[0], np.full((6, 7, 2), np.nan)], "cka_centred", r"activity\[1\] must be finite"),
        ([np.ones(3), np.zeros(3)], "cosine", r"activity\[1\] must be not 0 everywhere"),
        ([np.ones(3), np.ones(4)], "cosine", r"activity\[1\] must be of activity\[0\]'s"),
    ],
)
def test_errors(activity, metric, message):
    with pytest.raises(ValueError, match=message):
        pairwise_similarity(activity, metric)


@pytest.mark.parametrize("function", [similarity, distance])
@pytest.mark.parametrize(
    ("other", "message"),
    [
        (np.full((6, 7, 2), np.nan), r"y must be finite, got nan at \(0, 0, 0\)"),
        (np.zeros((6, 7, 2)), "y must be not constant"),
        (np.ones((6, 8, 2)), r"y must be of x's samples \(6, 7\), got shape \(6, 8, 2\)"),
    ],
)
def test_errors_of_two_networks_name_the_argument(function, other, message):
    with pytest.raises(ValueError, match=message):
        function(ACTIVITY[0], other)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pairwise_similarity([]), "activity must be a sequence with an array for each"),
        (lambda: pairwise_distance([ACTIVITY[0], None]), r"activity\[1\] must be .* got None"),
        (lambda: distance(ACTIVITY[0], None), "y must be an array of real numbers, got None"),
        (lambda: similarity([["a"]], ACTIVITY[0]), "x must be an array of real numbers"),
    ],
)
def test_wrong_types(call, message):
    with pytest.raises(TypeError, match=message):
        call()
