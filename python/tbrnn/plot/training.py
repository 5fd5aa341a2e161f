"""How trainings went."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tbrnn.plot._axes import axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tbrnn.runs import Runs

STATUS_COLOURS = {
    "converged": "#3a9a5b",
    "stalled": "#e08a1e",
    "capped": "#4c78a8",
    "diverged": "#d1495b",
    "rejected": "#8c564b",
    "interrupted": "#888888",
}


def loss(runs: Runs, ax: Axes | None = None) -> Axes:
    """The training loss of every member against epochs, coloured by how the training ended.

    Parameters
    ----------
    runs : Runs
        What ``fit`` or ``lint`` returned, recorded with ``record_every`` above 0.
    ax : Axes, optional
        Where to draw.
    """
    ax = axes(ax)
    named: set[str] = set()
    for history, status in zip(runs.history, runs.status, strict=True):
        label = None if status in named else str(status)
        named.add(str(status))
        colour = STATUS_COLOURS.get(str(status), "#888888")
        ax.plot(history["epoch"] + 1, history["loss"], color=colour, lw=0.8, alpha=0.8, label=label)
    ax.set_yscale("log")
    ax.set_xlabel("epoch")
    ax.set_ylabel("training loss")
    ax.legend(frameon=False)
    return ax
