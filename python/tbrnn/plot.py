"""Pictures of trials, trainings and scores. Every function draws into ``ax`` and returns it.

Without ``ax`` a new figure is made. Nothing is shown or saved, and no global style is touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tbrnn.errors import mistake

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tbrnn.runs import Runs
    from tbrnn.trials import Trials

COLOURS = {"input": "#4c78a8", "target": "#3a9a5b", "output": "#d1495b"}
STYLES = {"target": "--", "output": "-"}
STATUS_COLOURS = {
    "converged": "#3a9a5b",
    "stalled": "#e08a1e",
    "capped": "#4c78a8",
    "diverged": "#d1495b",
    "rejected": "#8c564b",
    "interrupted": "#888888",
}


def trial(
    trials: Trials, outputs: ArrayLike | None = None, *, index: int = 0, ax: Axes | None = None
) -> Axes:
    """One trial: inputs as bars, targets dashed, outputs as lines; channels below one another.

    Parameters
    ----------
    trials : Trials
        One data set, inputs (trial, time, input) and targets (trial, time, output).
    outputs : array (trial, time, output), optional
        What a network answered, for instance ``nets[0].simulate(trials.inputs).outputs``.
    index : int
        Which trial, 0 by default.
    ax : Axes, optional
        Where to draw.

    Raises
    ------
    ValueError
        If the outputs do not have the targets' shape, or there are several data sets.

    Examples
    --------
    >>> import tbrnn
    >>> ax = tbrnn.plot.trial(tbrnn.tasks.FlipFlop(bits=2).sample(8, seed=0), index=3)
    >>> ax.get_xlabel()
    'time step'
    """
    if trials.inputs.ndim == 4:
        raise mistake("trials", "one data set", f"{trials.datasets}: take trials.dataset(i)")
    inputs = np.asarray(trials.inputs[index])
    traces = {}
    if trials.targets is not None:
        traces["target"] = np.asarray(trials.targets[index])
    if outputs is not None:
        traces["output"] = _answers(outputs, trials)[index]
    ax = _axes(ax)
    height = 2.6 * max(1.0, *(np.abs(values).max() for values in (inputs, *traces.values())))
    steps = np.arange(len(inputs))
    for channel, pulses in enumerate(inputs.T):
        base = -height * channel
        label = "input" if channel == 0 else ""
        ax.vlines(steps, base, base + pulses, color=COLOURS["input"], lw=1.5, label=label)
    for name, values in traces.items():
        stacked = values - height * np.arange(values.shape[1])
        lines = ax.plot(steps, stacked, STYLES[name], color=COLOURS[name], lw=1.2)
        lines[0].set_label(name)
    channels = range(max(values.shape[1] for values in (inputs, *traces.values())))
    ax.set_yticks([-height * k for k in channels], [str(k + 1) for k in channels])
    ax.set_xlabel("time step")
    ax.set_ylabel("channel")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False)
    return ax


def loss(runs: Runs, ax: Axes | None = None) -> Axes:
    """The training loss of every member against epochs, coloured by how the training ended.

    Parameters
    ----------
    runs : Runs
        What ``fit`` or ``lint`` returned, recorded with ``record_every`` above 0.
    ax : Axes, optional
        Where to draw.
    """
    ax = _axes(ax)
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
    ax = _axes(ax)
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


def _answers(outputs: ArrayLike, trials: Trials) -> NDArray[np.float64]:
    answers = np.asarray(outputs, dtype=np.float64)
    if trials.targets is not None and answers.shape != trials.targets.shape:
        expected = f"of the targets' shape {trials.targets.shape}"
        raise mistake("outputs", expected, f"shape {answers.shape}")
    return answers


def _axes(ax: Axes | None) -> Axes:
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.figure().add_subplot()
