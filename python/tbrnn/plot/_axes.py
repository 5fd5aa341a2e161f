"""The axes that are drawn into."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def axes(ax: Axes | None, height: float = 0.0) -> Axes:
    """The given axes, or those of a new figure of at least so many inches."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    width, usual = plt.rcParams["figure.figsize"]
    return plt.figure(figsize=(width, max(usual, height))).add_subplot()
