"""Drawings of tensor decompositions: cubes, slices and vectors (panel b, top)."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Point: TypeAlias = tuple[float, float]

EDGE = "#33475b"
TENSOR = "#c9d6e6"
MATRIX = "#f0d9b5"
VECTOR = "#a9cbb0"
SLANT = 0.45  # of edges that go into the page, both ways


def decompositions(ax: Axes, methods: Collection[str]) -> None:
    """Those of CP, tensor train and slices that are among the methods, as sums of small parts."""
    known = {"tca": ("CP", _cp), "tt": ("TT", _train), "slices": ("slice", _slices)}
    shown = [drawn for method, drawn in known.items() if method in methods]
    for row, (name, draw) in enumerate(shown):
        y = -1.9 * row
        ax.text(-0.75, y + 0.5, name, ha="right", va="center", fontsize=8)
        _box(ax, (0, y), 1.0, 1.0, 1.0, TENSOR)
        ax.text(1.75, y + 0.5, "≈ Σ", ha="left", va="center", fontsize=9)
        draw(ax, 3.3, y)
    ax.set_xlim(-2.2, 10.1)
    ax.set_ylim(-1.9 * max(len(shown) - 1, 0) - 0.4, 1.8)
    ax.set_aspect("equal")
    ax.set_axis_off()


def _cp(ax: Axes, x: float, y: float) -> None:
    """Three vectors."""
    _box(ax, (x, y), 0.14, 1.0, 0.0, VECTOR)
    _times(ax, x + 0.5, y)
    _box(ax, (x + 0.85, y + 0.45), 1.0, 0.14, 0.0, VECTOR)
    _times(ax, x + 2.2, y)
    _box(ax, (x + 2.55, y + 0.2), 0.14, 0.0, 1.2, VECTOR)


def _train(ax: Axes, x: float, y: float) -> None:
    """A narrow matrix and a flat tensor, full in two directions."""
    _box(ax, (x, y), 0.35, 1.0, 0.0, MATRIX)
    _times(ax, x + 0.75, y)
    _box(ax, (x + 1.1, y + 0.3), 1.0, 0.35, 1.0, TENSOR)


def _slices(ax: Axes, x: float, y: float) -> None:
    """A vector along one axis and a slice, for each of the three axes."""
    _box(ax, (x, y), 0.14, 1.0, 0.0, VECTOR)
    _times(ax, x + 0.4, y)
    _box(ax, (x + 0.6, y + 0.3), 0.7, 0.0, 0.9, MATRIX)
    ax.text(x + 2.05, y + 0.5, "+", ha="center", va="center", fontsize=9)
    _box(ax, (x + 2.4, y + 0.43), 0.8, 0.14, 0.0, VECTOR)
    _times(ax, x + 3.45, y)
    _box(ax, (x + 3.7, y), 0.0, 0.7, 0.9, MATRIX)
    ax.text(x + 4.5, y + 0.5, "+", ha="center", va="center", fontsize=9)
    _box(ax, (x + 4.85, y + 0.3), 0.14, 0.0, 0.9, VECTOR)
    _times(ax, x + 5.6, y)
    _box(ax, (x + 5.85, y + 0.1), 0.8, 0.8, 0.0, MATRIX)


def _times(ax: Axes, x: float, y: float) -> None:
    ax.text(x, y + 0.5, "∘", ha="center", va="center", fontsize=9)


def _box(ax: Axes, corner: Point, width: float, height: float, depth: float, colour: str) -> None:
    """A box seen from the front, the top and the right; flat where a length is 0."""
    from matplotlib.colors import to_rgb
    from matplotlib.patches import Polygon

    x, y = np.array([width, 0.0]), np.array([0.0, height])
    z = SLANT * depth * np.array([1.0, 1.0])
    start = np.array(corner)
    faces = [(start, x, y, 1.0), (start + y, x, z, 0.93), (start + x, y, z, 0.84)]
    for at, one, other, shade in faces:
        if np.any(one) and np.any(other):
            corners = np.array([at, at + one, at + one + other, at + other])
            face = tuple(shade * part for part in to_rgb(colour))
            ax.add_patch(Polygon(corners, closed=True, facecolor=face, edgecolor=EDGE, lw=0.7))
