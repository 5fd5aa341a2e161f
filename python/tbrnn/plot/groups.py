"""Groups of networks in an embedding."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tbrnn._arguments import check_finite
from tbrnn.errors import mistake
from tbrnn.plot._axes import axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tbrnn.analysis import Centroids, Embedding

COLOURS = ("#4c78a8", "#e08a1e", "#3a9a5b", "#d1495b", "#8c564b", "#7b5ea7", "#888888")
DASHES = 31  # of an edge, every second one drawn
JOINED = 4  # groups at most, with six edges between their centres
FLOOR = 1e-3  # least variance along the axes of an ellipse, as in the paper ...
THIN = 1 / 30  # ... but for points so close that it would be more than this share of their extent


def embedding(
    points: ArrayLike | Embedding,
    groups: ArrayLike,
    *,
    colors: Mapping[str, str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Networks as points: coloured by group, with 1.5-sigma ellipses and the distances of centres.

    Centres are crosses; the edges between them fade from one group's colour to the other's and
    carry their length. More than four groups, whose edges would cover one another, have ticks
    instead. A group of one network is its point alone.
    `tbrnn.analysis.centroids` computes what is drawn.

    Parameters
    ----------
    points : array (network, 2), or Embedding
        For instance what `tbrnn.analysis.classical_mds` returned.
    groups : array (network,)
        The name of each network's group.
    colors : mapping from name to colour, optional
        As matplotlib takes them; needed for more than seven groups.
    ax : Axes, optional
        Where to draw. In a figure of its own the legend of many groups stands beside the picture.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If shapes do not agree, or groups have no colour.
    TypeError
        If points are no real numbers.

    Examples
    --------
    >>> import numpy as np, tbrnn
    >>> points = np.random.default_rng(0).normal(size=(20, 2))
    >>> ax = tbrnn.plot.embedding(points, ["two-body"] * 10 + ["three-body"] * 10)
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['two-body', 'three-body']
    """
    from tbrnn.analysis import centroids
    from tbrnn.analysis.embedding import positions_of

    positions, names = positions_of(points), np.asarray(groups)
    if positions.ndim != 2 or positions.shape[1] != 2:
        raise mistake("points", "(network, 2)", f"shape {positions.shape}")
    check_finite("points", positions)
    extent = float(np.ptp(positions, axis=0).max()) if positions.size else 0.0
    found = centroids(positions, names, floor=min(FLOOR, (THIN * extent) ** 2))
    given = colors or dict(zip(found.names, COLOURS, strict=False))
    palette = {str(name): colour for name, colour in given.items()}
    if missing := [name for name in found.names if name not in palette]:
        raise mistake("colors", "given for every group", f"none for {', '.join(missing)}")
    own, many = ax is None, len(found.names) > JOINED
    ax = axes(ax)
    for name in found.names:
        x, y = positions[names.astype(str) == name].T
        size = 14 if len(x) > 1 else 40
        ax.scatter(x, y, s=size, zorder=3, color=palette[name], alpha=0.75, lw=0, label=name)
    _ellipses(ax, found, palette)
    if len(found.names) > 1 and not many:
        _edges(ax, found, palette)
        ax.set_xticks([])
        ax.set_yticks([])
    ax.plot(*found.centres[found.sizes > 1].T, "x", color="black", ms=7, mew=1.8, zorder=4)
    ax.set_aspect("equal", adjustable="datalim")
    beside: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1, 1)}
    ax.legend(frameon=False, **beside if own and many else {})
    return ax


def _ellipses(ax: Axes, found: Centroids, palette: Mapping[str, str]) -> None:
    from matplotlib.patches import Ellipse

    for g in np.flatnonzero(found.sizes > 1):
        width, height = 2 * found.half_axes[g]
        angle = np.degrees(np.arctan2(found.axes[g, 1, 0], found.axes[g, 0, 0]))
        shape = Ellipse(tuple(found.centres[g]), width, height, angle=angle)
        shape.set(facecolor=palette[found.names[g]], alpha=0.15, edgecolor="none")
        ax.add_patch(shape)


def _edges(ax: Axes, found: Centroids, palette: Mapping[str, str]) -> None:
    """Between all centres, each with its length."""
    for pair in combinations(range(len(found.names)), 2):
        ends = found.centres[list(pair)]
        _edge(ax, ends, [palette[found.names[g]] for g in pair])
        _length(ax, ends, f"{found.distances[pair]:.3g}", found.centres.mean(axis=0))


def _edge(ax: Axes, ends: NDArray[np.float64], colors: list[str]) -> None:
    """A dashed line that fades from one colour to the other."""
    from matplotlib.collections import LineCollection
    from matplotlib.colors import to_rgb

    share = np.linspace(0, 1, DASHES + 1)[:, None]
    stops = ends[0] + share * (ends[1] - ends[0])
    shades = np.array(to_rgb(colors[0])) * (1 - share) + np.array(to_rgb(colors[1])) * share
    segments = np.stack([stops[:-1], stops[1:]], axis=1)[::2]
    ax.add_collection(LineCollection(list(segments), colors=shades[:-1:2], lw=1.4, zorder=2))


def _length(ax: Axes, ends: NDArray[np.float64], text: str, middle: NDArray[np.float64]) -> None:
    """The edge's length beside it, outside the polygon of the centres."""
    along = ends[1] - ends[0]
    across = np.array([-along[1], along[0]]) / (np.hypot(*along) or 1)
    outwards = across if across @ (ends.mean(axis=0) - middle) >= 0 else -across
    ax.annotate(
        text,
        tuple(ends.mean(axis=0)),
        tuple(11 * outwards),
        textcoords="offset points",
        ha="center",
        va="center",
        fontsize=8,
        bbox={"boxstyle": "round,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.8},
    )
