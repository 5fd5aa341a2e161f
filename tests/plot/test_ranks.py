"""R2 by rank: arrows below the floor, ranks that can be read."""

from itertools import combinations

import numpy as np
import pytest

from plot.drawn import texts
from tbrnn import plot


def test_r2_below_the_floor_becomes_an_arrow(ax):
    assert plot.r2_by_rank([1, 2, 3], [-40.0, 0.5, 0.95], label="students", ax=ax) is ax
    curve, dots, arrows = ax.lines
    assert curve.get_ydata().tolist() == [-1, 0.5, 0.95]
    assert dots.get_ydata().tolist() == [0.5, 0.95]
    assert arrows.get_ydata().tolist() == [-1]
    assert arrows.get_marker() == "v"
    assert texts(ax) == ["students"]
    plot.r2_by_rank([1], [-1.0], ax=ax)
    assert ax.lines[4].get_ydata().tolist() == [-1]  # as a dot


@pytest.mark.parametrize("ranks", [range(1, 31), range(1, 201), [1, 2, 4, 8, 16, 32, 64], [3, 1]])
def test_named_ranks_are_apart(ranks):
    ax = plot.r2_by_rank(ranks, np.linspace(0, 1, len(ranks)))
    assert ax.lines[0].get_xdata().tolist() == sorted(ranks)
    ax.figure.draw_without_rendering()
    low, high = ax.get_xlim()
    named = [text for text in ax.get_xticklabels() if low <= text.get_position()[0] <= high]
    boxes = [text.get_window_extent() for text in named]
    assert len(boxes) >= 2
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))


def test_ranks_of_students_drawn_before_keep_their_names(ax):
    for ranks in ([1, 2, 6], [1, 2, 3]):
        plot.r2_by_rank(ranks, [0.1, 0.2, 0.9], ax=ax)
    assert ax.get_xticks().tolist() == [1, 2, 3, 6]
    for ranks in (range(1, 201), [1, 2, 3]):
        plot.r2_by_rank(ranks, np.linspace(0, 1, len(ranks)), ax=ax)
    assert ax.get_xticks().max() >= 150


@pytest.mark.parametrize("floor", [-1.0, -0.3, 0.8])
def test_the_axis_of_r2_says_what_is_below_the_floor(ax, floor):
    """And has room for arrows there, and none of its labels beneath another."""
    plot.r2_by_rank([1, 2], [-3.0, 1.0], floor=floor, ax=ax)
    ax.figure.draw_without_rendering()
    labels = ax.get_yticklabels()
    assert labels[0].get_text() == f"≤ {floor:g}".replace("-", "−")
    boxes = [label.get_window_extent() for label in labels]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    low, high = ax.transData.transform([(1, ax.get_ylim()[0]), (1, floor)])[:, 1]
    assert high - low > ax.lines[-1].get_markersize()
    assert ax.get_legend() is None
