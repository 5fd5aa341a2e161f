"""Embeddings: groups, their ellipses, and the distances between them."""

from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np
import pytest

import tbrnn
from plot.drawn import embedding_of, texts
from tbrnn import plot


def test_groups_may_be_numbers(ax):
    plot.embedding(np.eye(4)[:, :2], [0, 0, 1, 1], colors={0: "red", 1: "blue"}, ax=ax)
    assert [patch.get_facecolor()[:3] for patch in ax.patches] == [(1, 0, 0), (0, 0, 1)]


def test_embedding_draws_groups_and_their_distances(ax):
    points = np.array([[0.0, 0.0], [0.0, 2.0], [3.0, 1.0], [3.0, 5.0]])
    assert plot.embedding(points, ["a", "a", "b", "b"], ax=ax) is ax
    assert texts(ax) == ["a", "b"]
    assert [text.get_text() for text in ax.texts] == [f"{np.hypot(3, 2):.2f}"]
    assert np.allclose(ax.collections[0].get_offsets(), points[:2])
    same = plot.embedding(tbrnn.analysis.Embedding(points, 0.0, np.zeros(1)), ["a", "a", "b", "b"])
    assert np.allclose(same.collections[0].get_offsets(), points[:2])
    first = ax.patches[0]
    assert first.center == (0, 1)
    assert (first.width, first.height) == pytest.approx((3 * np.sqrt(2), 3 * np.sqrt(1e-3)))
    assert abs(first.angle) == pytest.approx(90)
    assert np.allclose(ax.lines[0].get_data(), [[0, 3], [1, 3]])


def test_lengths_of_edges_in_one_line_do_not_overlap():
    ax = plt.figure(figsize=(2, 2)).add_subplot()
    centres = np.array([[0.0, 0.0], [2.0, 0.4], [3.0, 0.7]])
    around = np.array([[0.1, 0.0], [-0.1, 0.0], [0.0, 0.1], [0.0, -0.1]])
    points = (centres[:, None] + around).reshape(-1, 2)
    plot.embedding(points, np.repeat(["a", "b", "c"], 4), ax=ax)
    ax.figure.draw_without_rendering()
    lengths = [np.hypot(2, 0.4), np.hypot(3, 0.7), np.hypot(1, 0.3)]
    assert [text.get_text() for text in ax.texts] == [f"{length:.3g}" for length in lengths]
    boxes = [text.get_window_extent() for text in ax.texts]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))


def test_many_groups_have_ticks_for_lengths_and_a_legend_beside():
    few, many = embedding_of(4, 10), embedding_of(5, 10)
    assert (len(few.texts), len(few.get_xticks())) == (6, 0)
    assert len(many.texts) == 0
    assert len(many.get_xticks()) > 2
    assert len(many.collections) == 5  # of points, none of edges
    many.figure.draw_without_rendering()
    assert many.get_legend().get_window_extent().x0 > many.get_window_extent().x1
    given = embedding_of(7, 10, ax=plt.figure().add_subplot())  # may have a neighbour
    given.figure.draw_without_rendering()
    assert given.get_legend().get_window_extent().x1 < given.get_window_extent().x1


def test_a_group_of_one_network_has_no_ellipse(ax):
    plot.embedding([[0.0, 0.0], [0.0, 0.1], [3.0, 1.0]], ["a", "a", "b"], ax=ax)
    assert [patch.center for patch in ax.patches] == [(0, 0.05)]
    assert np.allclose(ax.lines[0].get_data(), [[0], [0.05]])


def test_ellipses_of_points_close_together_do_not_cover_one_another():
    """The least variance of an ellipse is that of the paper, for distances of about 1."""
    ax = embedding_of(3, 20, scale=0.01)
    sizes = [max(patch.width, patch.height) for patch in ax.patches]
    assert 0.002 < min(sizes) < max(sizes) < 0.005
    assert ax.texts[0].get_text().startswith("0.01")
