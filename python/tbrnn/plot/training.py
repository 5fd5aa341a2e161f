"""How trainings went."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tbrnn._arguments import instance
from tbrnn.errors import mistake
from tbrnn.plot._axes import axes, whole_ticks
from tbrnn.runs import Runs

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STATUS_COLOURS = {
    "converged": "#3a9a5b",
    "stalled": "#e08a1e",
    "capped": "#4c78a8",
    "diverged": "#d1495b",
    "rejected": "#8c564b",
    "interrupted": "#888888",
}
CLEAR = 20  # members whose lines add up to the same darkness as those of more
STYLES = {"loss": "-", "validation": "--"}


def loss(runs: Runs, ax: Axes | None = None) -> Axes:
    """The loss of every member against epochs, coloured by how the training ended.

    Where there was a validation set, its loss is dashed. A single record is a dot. The axis is
    logarithmic; where losses are 0, it is linear below the smallest of the others.

    Parameters
    ----------
    runs : Runs
        What ``fit`` or ``lint`` returned, recorded with ``record_every`` above 0.
    ax : Axes, optional
        Where to draw.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If nothing was recorded.
    TypeError
        If `runs` are no Runs.

    Examples
    --------
    >>> import tbrnn
    >>> model = tbrnn.LowRankRNN(units=30, rank=1, inputs=1, outputs=1)
    >>> runs = tbrnn.fit(model, tbrnn.tasks.FlipFlop(bits=1).sample(8), epochs=20)
    >>> tbrnn.plot.loss(runs).get_ylabel()
    'training loss'
    """
    instance("runs", runs, Runs, "Runs, as tbrnn.fit returns")
    if not any(map(len, runs.history)):
        died = (runs.status == "diverged").all()
        given = "runs that all diverged before a record" if died else "no records"
        raise mistake("runs", "recorded, with record_every above 0", given)
    ax, alpha = axes(ax), max(0.2, min(0.8, CLEAR / len(runs)))
    for history, status in zip(runs.history, runs.status, strict=True):
        for field, style in STYLES.items():
            # records between two looks at the losses have none
            seen = history[np.isfinite(history[field])]
            colour, mark = STATUS_COLOURS[status], "o" if len(seen) == 1 else ""
            (line,) = ax.plot(seen["epoch"] + 1, seen[field], style, color=colour, lw=0.8)
            line.set(alpha=alpha, marker=mark, markersize=4)
    for status in dict.fromkeys(runs.status):
        ax.plot([], [], color=STATUS_COLOURS[status], lw=0.8, label=str(status))
    validated = any(np.isfinite(history["validation"]).any() for history in runs.history)
    for name, style in zip(("training", "validation"), STYLES.values(), strict=True):
        if validated:
            ax.plot([], [], style, color="0.4", lw=0.8, label=name)
    _heights(ax, np.concatenate([history[field] for history in runs.history for field in STYLES]))
    whole_ticks(ax)
    ax.set_xlabel("epoch")
    ax.set_ylabel("loss" if validated else "training loss")
    ax.legend(frameon=False)
    return ax


def _heights(ax: Axes, losses: NDArray[np.float64]) -> None:
    """A logarithmic axis, with room for 0 where it is needed."""
    positive = losses[losses > 0]
    if not positive.size:
        return
    if (losses == 0).any():
        ax.set_yscale("symlog", linthresh=positive.min())
    else:
        ax.set_yscale("log")
