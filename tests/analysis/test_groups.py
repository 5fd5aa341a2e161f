"""Centres, covariance ellipses and block statistics, by definition and by symmetry."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbrnn.analysis import block_statistics, centroids
from tolerances import assert_close

RNG = np.random.default_rng(12)
POINTS = RNG.normal(0, [2, 0.5], (9, 2))
GROUPS = np.array(["b", "b", "a", "b", "a", "c", "a", "b", "a"])


def test_centres_and_ellipses_are_their_definition():
    found = centroids(POINTS, GROUPS)
    assert found.names == ["b", "a", "c"]
    assert found.sizes.tolist() == [4, 4, 1]
    for g, name in enumerate(found.names):
        members = POINTS[name == GROUPS]
        assert_close(found.centres[g], members.mean(axis=0), "float64 values")
        distances = np.linalg.norm(found.centres - members.mean(axis=0), axis=1)
        assert_close(found.distances[g], distances, "float64 values")
    for g in (0, 1):
        covariance = np.cov(POINTS[found.names[g] == GROUPS].T)
        assert_close(
            found.half_axes[g] ** 2 / 1.5**2, np.linalg.eigvalsh(covariance)[::-1], "shifted sums"
        )
        rebuilt = found.axes[g] * (found.half_axes[g] / 1.5) ** 2 @ found.axes[g].T
        assert_close(rebuilt, covariance, "float64 values")
    assert_close(found.half_axes[2], 1.5 * np.sqrt([1e-3, 1e-3]), "float64 values")


@given(angle=st.floats(0, 7), shift=st.floats(-5, 5), scale=st.floats(0.1, 10))
def test_rotation_shift_and_scale(angle, shift, scale):
    base = centroids(POINTS, GROUPS, floor=0.0)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    found = centroids(scale * POINTS @ turn + shift, GROUPS, floor=0.0)
    assert_close(found.distances, scale * base.distances, "shifted sums")
    assert_close(found.half_axes[:2], scale * base.half_axes[:2], "shifted sums")


def test_sigmas_scale_the_ellipse():
    one, three = (centroids(POINTS, GROUPS, sigmas=s) for s in (1.0, 3.0))
    assert_close(three.half_axes, 3 * one.half_axes, "float64 values")


def test_blocks_are_their_definition():
    distances = np.abs(RNG.normal(0, 1, (9, 9)))
    distances = distances + distances.T
    np.fill_diagonal(distances, 0)
    blocks = block_statistics(distances, GROUPS)
    assert list(blocks) == [("b", "b"), ("b", "a"), ("b", "c"), ("a", "a"), ("a", "c")]
    for (first, second), ours in blocks.items():
        values = [
            distances[i, j]
            for i in range(9)
            for j in range(9)
            if (GROUPS[i], GROUPS[j]) == (first, second) and (first != second or i < j)
        ]
        assert ours.pairs == len(values)
        expected = [np.mean(values), np.std(values), np.median(values), min(values), max(values)]
        given = [ours.mean, ours.std, ours.median, ours.least, ours.most]
        assert_close(given, expected, "float64 values")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: centroids(POINTS[0], ["a"]), r"points must be \(network, dimension\), got"),
        (lambda: centroids([[0.0, np.nan]], ["a"]), r"points must be finite, got nan at \(0, 1\)"),
        (lambda: centroids(POINTS, GROUPS[:8]), "groups must be one name for each of the 9"),
        (lambda: centroids(POINTS, GROUPS, sigmas=0), "sigmas must be a finite number above 0"),
        (lambda: block_statistics(POINTS, GROUPS), r"distances must be \(network, network\)"),
        (lambda: block_statistics([[0, 1], [9, 0]], ["a", "b"]), "distances must be symmetric"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()
