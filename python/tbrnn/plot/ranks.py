"""Scores of students of several ranks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from tbrnn.plot._axes import axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def r2_by_rank(
    ranks: Sequence[int],
    r2: ArrayLike,
    *,
    label: str | None = None,
    color: str | None = None,
    faint: bool = False,
    floor: float = -1.0,
    ax: Axes | None = None,
) -> Axes:
    """R2 of students against their rank; values below ``floor`` become arrows at the floor.

    Parameters
    ----------
    ranks : sequence of int
        Ranks of the students.
    r2 : array (rank,)
        One score per rank.
    label, color : str, optional
        Of the line, as matplotlib takes them.
    faint : bool
        Draw light and dotted: for values to compare with.
    floor : float
        Lower end of the axis, -1 by default: R2 has no lower bound.
    ax : Axes, optional
        Where to draw.

    Examples
    --------
    >>> import tbrnn
    >>> ax = tbrnn.plot.r2_by_rank([1, 2, 3], [-7.0, 0.4, 0.97], label="three-body students")
    >>> ax.get_ylabel()
    'R²'
    """
    ax = axes(ax)
    values = np.asarray(r2, dtype=np.float64)
    shown = np.maximum(values, floor)
    markers = np.where(values < floor, "v", "o")
    alpha, line = (0.4, ":") if faint else (1.0, "-")
    (drawn,) = ax.plot(ranks, shown, line, color=color, lw=1.2, alpha=alpha, label=label)
    for rank, height, marker in zip(ranks, shown, markers, strict=True):
        colour = drawn.get_color()
        ax.plot(rank, height, marker, color=colour, alpha=alpha, ms=4, mew=0, clip_on=False)
    ax.set_ylim(floor, 1.1)
    ax.set_xticks(list(ranks))
    ax.set_xlabel("student rank")
    ax.set_ylabel("R²")
    return ax
