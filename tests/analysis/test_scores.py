"""Scores are tested by their definition, by what they ignore and by what they must not ignore."""

import numpy as np
import pytest

from reference import scores
from tbrnn.analysis import (
    METRICS,
    accuracy,
    r2_across_trials,
    r2_per_trial,
    r2_pooled,
    squared_error,
)
from tolerances import assert_close

RNG = np.random.default_rng(8)
REFERENCE = RNG.normal(0, 1, (6, 7, 5))  # trial, time, unit
STATES = REFERENCE + RNG.normal(0, 0.3, (4, 6, 7, 5))  # member first
SCORES = [accuracy, squared_error, r2_per_trial, r2_pooled, r2_across_trials]


def test_accuracy_is_its_definition():
    expected = [scores.accuracy(states, REFERENCE) for states in STATES]
    assert_close(accuracy(STATES, REFERENCE), expected, "float64 values")


def test_r2_per_trial_is_its_definition():
    expected = [scores.r2_per_trial(states, REFERENCE) for states in STATES]
    assert_close(r2_per_trial(STATES, REFERENCE), expected, "float64 values")


def test_r2_pooled_is_its_definition():
    centred = REFERENCE - REFERENCE.reshape(-1, 5).mean(axis=0)
    expected = [1 - np.sum((s - REFERENCE) ** 2) / np.sum(centred**2) for s in STATES]
    assert_close(r2_pooled(STATES, REFERENCE), expected, "float64 values")


def test_squared_error_is_its_definition():
    expected = [np.mean((s - REFERENCE) ** 2) for s in STATES]
    assert_close(squared_error(STATES, REFERENCE), expected, "float64 values")


@pytest.mark.parametrize("score", SCORES)
def test_member_axis_may_be_missing(score):
    assert_close(score(STATES[1], REFERENCE), score(STATES, REFERENCE)[1], "float64 values")


@pytest.mark.parametrize("score", SCORES)
def test_reference_may_have_a_member_axis(score):
    references = np.stack([REFERENCE, REFERENCE[::-1], REFERENCE + 1, REFERENCE * 2])
    together = score(STATES, references)
    for member in range(4):
        alone = score(STATES[member], references[member])
        assert_close(together[member], alone, "float64 values")


@pytest.mark.parametrize("score", SCORES)
def test_inputs_are_not_modified(score):
    states, reference = STATES.copy(), REFERENCE.copy()
    score(states, reference)
    assert np.array_equal(states, STATES)
    assert np.array_equal(reference, REFERENCE)


@pytest.mark.parametrize("kind", [bool, int, object])
@pytest.mark.parametrize("score", SCORES)
def test_numbers_of_other_kinds_are_scored_as_floating_point_numbers(score, kind):
    values, reference = ((array > 0.5).astype(kind) for array in (STATES, REFERENCE))
    assert np.array_equal(
        score(values, reference), score(values.astype(float), reference.astype(float))
    )


@pytest.mark.parametrize("score", SCORES)
def test_float32_arrays_are_scored_in_float64(score):
    states, reference = STATES.astype(np.float32), REFERENCE.astype(np.float32)
    exact = score(states.astype(float), reference.astype(float))
    ours = score(states, reference)
    assert ours.dtype == np.float64
    assert_close(ours, exact, "float64 values")


@pytest.mark.parametrize("score", [r2_per_trial, r2_pooled])
def test_r2_of_perfect_and_of_mean_predictions(score):
    assert np.all(score(REFERENCE, REFERENCE) == 1)
    axis = 1 if score is r2_per_trial else (0, 1)
    means = np.broadcast_to(REFERENCE.mean(axis=axis, keepdims=True), REFERENCE.shape)
    assert np.max(np.abs(score(means, REFERENCE))) < 1e-12


def test_r2_across_trials_is_its_definition():
    expected = [
        np.mean(
            [
                [scores.unit_r2(states[:, t, i], REFERENCE[:, t, i]) for t in range(7)]
                for i in range(5)
            ]
        )
        for states in STATES
    ]
    assert_close(r2_across_trials(STATES, REFERENCE), expected, "float64 values")
    assert r2_across_trials(REFERENCE, REFERENCE) == 1
    means = np.broadcast_to(REFERENCE.mean(axis=0), REFERENCE.shape)
    assert abs(r2_across_trials(means, REFERENCE)) < 1e-12


@pytest.mark.parametrize("score", [accuracy, squared_error, r2_pooled, r2_across_trials])
def test_order_of_trials_is_ignored(score):
    order = RNG.permutation(6)
    ours = score(STATES[:, order], REFERENCE[order])
    assert_close(ours, score(STATES, REFERENCE), "float64 values")


def test_order_of_trials_permutes_r2_per_trial():
    order = RNG.permutation(6)
    ours = r2_per_trial(STATES[:, order], REFERENCE[order])
    assert_close(ours, r2_per_trial(STATES, REFERENCE)[:, order], "float64 values")


def test_accuracy_ignores_positive_scale_and_nothing_more():
    base = accuracy(STATES, REFERENCE)
    assert np.array_equal(accuracy(3 * STATES, REFERENCE), base)
    assert_close(accuracy(-STATES, REFERENCE), 1 - base, "float64 values")
    assert np.all(accuracy(STATES + 1, REFERENCE) < base)


def test_accuracy_of_zero_targets_and_masks():
    targets = np.zeros((2, 3, 1))
    assert accuracy(np.zeros((2, 3, 1)), targets) == 1
    assert accuracy(np.full((2, 3, 1), 1e-9), targets) == 0
    mask = np.zeros(REFERENCE.shape)
    mask[0, 2:, 1] = 1
    expected = np.mean(np.sign(STATES[:, 0, 2:, 1]) == np.sign(REFERENCE[0, 2:, 1]), axis=1)
    ours = accuracy(STATES, REFERENCE, mask)
    assert_close(ours, expected, "float64 values")
    assert np.array_equal(accuracy(STATES, REFERENCE, 0.1 * mask), ours)
    for shape in ((6, 7), (6, 7, 1)):
        by_time = accuracy(STATES, REFERENCE, np.ones(shape))
        assert np.array_equal(by_time, accuracy(STATES, REFERENCE))


@pytest.mark.parametrize("score", [r2_per_trial, r2_across_trials])
def test_r2_of_units_ignores_an_affine_map_of_each_unit_in_both(score):
    scale, shift = RNG.uniform(0.5, 3, 5), RNG.normal(0, 1, 5)
    ours = score(scale * STATES + shift, scale * REFERENCE + shift)
    assert_close(ours, score(STATES, REFERENCE), "float64 values")


def test_r2_pooled_weighs_units_by_their_variance():
    scale, shift = np.array([10, 1, 1, 1, 1]), RNG.normal(0, 1, 5)
    base = r2_pooled(STATES, REFERENCE)
    shifted = r2_pooled(STATES * 2 + shift, REFERENCE * 2 + shift)
    assert_close(shifted, base, "float64 values")
    assert np.all(np.abs(r2_pooled(scale * STATES, scale * REFERENCE) - base) > 1e-4)


@pytest.mark.parametrize("score", [r2_per_trial, r2_pooled, r2_across_trials])
def test_r2_does_not_ignore_a_scale_shift_or_rotation_of_one_side(score):
    rotation = np.linalg.qr(RNG.normal(0, 1, (5, 5)))[0]
    base = score(STATES, REFERENCE)
    for changed in (1.5 * STATES, STATES + 0.5, STATES @ rotation, STATES[:, :, ::-1]):
        assert np.all(score(changed, REFERENCE).mean() < base.mean() - 0.05)


def test_a_unit_with_little_variance_dominates_r2_per_trial_only():
    reference, states = REFERENCE.copy(), STATES[0].copy()
    reference[..., 0] *= 1e-3
    assert r2_per_trial(states, reference).mean() < -100
    assert r2_pooled(states, reference) > 0


def test_constant_units_count_one_if_met_and_zero_if_not():
    reference, states = REFERENCE.copy(), REFERENCE.copy()
    reference[:, :, 0] = 0.1
    states[:3, :, 0] = 0.1
    assert np.all(r2_per_trial(states, reference)[:3] == 1)
    assert_close(r2_per_trial(states, reference)[3:], np.full(3, 0.8), "float64 values")
    still = np.full((6, 7, 5), 0.1)
    assert r2_pooled(still, still) == 1
    assert r2_pooled(still + 1, still) == 0


def test_metrics_have_frozen_identities():
    assert [metric.label for metric in METRICS.values()] == [
        "accuracy/1",
        "squared_error/1",
        "r2_per_trial/1",
        "r2_pooled/1",
        "r2_across_trials/1",
        "cka_debiased/1",
        "cka_centred/1",
        "cka_uncentred/1",
        "cosine/1",
    ]
    assert all(metric.name == name for name, metric in METRICS.items())
    for metric in METRICS.values():
        assert metric.kind in ("similarity", "distance")
        assert metric.range[0] < metric.range[1]
        assert metric.invariant_to


@pytest.mark.parametrize(
    ("values", "reference", "message"),
    [
        (REFERENCE[0], REFERENCE, r"must be \(trial, time, unit\) or .*, got shape \(7, 5\)"),
        (REFERENCE[:5], REFERENCE, r"must be of \w+'s shape \(6, 7, 5\), got shape \(5, 7, 5\)"),
        (STATES, STATES[:2], r"must be of \w+'s shape \(2, 6, 7, 5\), got shape \(4, 6, 7, 5\)"),
        (REFERENCE[:0], REFERENCE[:0], r"without empty axes, got shape \(0, 7, 5\)"),
    ],
)
@pytest.mark.parametrize("score", SCORES)
def test_errors(score, values, reference, message):
    with pytest.raises(ValueError, match=message):
        score(values, reference)


@pytest.mark.parametrize("values", [3j * STATES, STATES.astype(str)])
@pytest.mark.parametrize("score", SCORES)
def test_what_is_no_real_number_is_refused(score, values):
    with pytest.raises(TypeError, match=r"must be an array of real numbers"):
        score(values, REFERENCE)


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (np.ones((6, 1, 5)), r"mask must be of shape .*, got shape \(6, 1, 5\)"),
        (np.zeros((6, 7, 1)), "mask must be nonzero somewhere, got zeros only"),
        (np.full((6, 7, 1), np.nan), r"mask must be finite, got nan at \(0, 0, 0\)"),
    ],
)
def test_mask_errors(mask, message):
    with pytest.raises(ValueError, match=message):
        accuracy(STATES, REFERENCE, mask)
