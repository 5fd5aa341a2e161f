"""Scores of students of several ranks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tbrnn._arguments import number, real_array
from tbrnn.errors import mistake
from tbrnn.plot._axes import axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


TICKS = 12  # steps between the first and the last rank, at most, if all are to be named
MOST = 0.99  # of a floor: R2 is at most 1


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

    The axis names the floor "≤ floor". With a label there is a legend.

    Parameters
    ----------
    ranks : sequence of int
        Ranks of the students.
    r2 : array (rank,)
        One score per rank.
    label, color : str, optional
        Of the line, as matplotlib takes them.
    faint : bool, default False
        Draw light and dotted: for values to compare with.
    floor : float
        Least value that is told apart, below 1, -1 by default: R2 has no lower bound.
    ax : Axes, optional
        Where to draw.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If there is not one score for each rank, or the floor is not below 1.
    TypeError
        If scores are no real numbers.

    Examples
    --------
    >>> import tbrnn
    >>> ax = tbrnn.plot.r2_by_rank([1, 2, 3], [-7.0, 0.4, 0.97], label="three-body students")
    >>> ax.get_ylabel()
    'R²'
    """
    places, values = real_array("ranks", ranks), real_array("r2", r2).astype(np.float64)
    if places.ndim != 1:
        raise mistake("ranks", "(rank,)", f"shape {places.shape}")
    if values.shape != places.shape:
        raise mistake("r2", f"one score for each of the {len(places)} ranks", values.shape)
    floor = number("floor", floor, most=MOST)
    order = np.argsort(places, kind="stable")
    places, values = places[order], values[order]
    ax = axes(ax)
    shown = np.maximum(values, floor)
    alpha, line = (0.4, ":") if faint else (1.0, "-")
    (drawn,) = ax.plot(places, shown, line, color=color, lw=1.2, alpha=alpha, label=label)
    colour = drawn.get_color()
    for marker, size, at in (("o", 4, values >= floor), ("v", 6, values < floor)):
        ax.plot(places[at], shown[at], marker, color=colour, alpha=alpha, ms=size, mew=0)
    _heights(ax, floor)
    _places(ax, np.unique(places))
    ax.set_xlabel("student rank")
    ax.set_ylabel("R²")
    if label is not None:
        ax.legend(frameon=False)
    return ax


def _places(ax: Axes, places: NDArray[Any]) -> None:
    """All ranks are named, or round ones where they are too many or too close for that."""
    from matplotlib.ticker import FixedLocator, MaxNLocator

    before = ax.xaxis.get_major_locator()  # of the ranks of students that were drawn before
    if type(before) is MaxNLocator:  # too many already
        return
    if isinstance(before, FixedLocator):
        places = np.union1d(before(), places)
    close = bool((np.diff(places) < (places[-1:] - places[:1]) / TICKS).any())
    locator = MaxNLocator("auto", integer=True) if close else FixedLocator(places.tolist())
    ax.xaxis.set_major_locator(locator)


def _heights(ax: Axes, floor: float) -> None:
    """The axis from somewhat below the floor, which is named for what lies beneath, to above 1."""
    from matplotlib.ticker import MaxNLocator

    room = 0.05 * (1 - floor)
    ax.set_ylim(floor - room, 1 + room)
    ticks = MaxNLocator(4).tick_values(floor, 1)
    above = [tick for tick in ticks if floor + 3 * room < tick <= 1]
    words = [f"≤ {floor:g}", *(f"{tick:g}" for tick in above)]
    ax.set_yticks([floor, *above], [word.replace("-", "−") for word in words])
