"""The axes that are drawn into."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def axes(ax: Axes | None, height: float = 0.0) -> Axes:
    """The given axes, or those of a new figure of at least so many inches, with room for labels."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    width, usual = plt.rcParams["figure.figsize"]
    size = width, max(usual, height)
    return plt.figure(figsize=size, layout="constrained").add_subplot()


def whole_ticks(ax: Axes) -> None:
    """No ticks between whole numbers of steps or epochs."""
    from matplotlib.ticker import MaxNLocator

    locator = ax.xaxis.get_major_locator()
    if isinstance(locator, MaxNLocator):  # not if the caller made the axis logarithmic
        locator.set_params(integer=True, min_n_ticks=1)
