"""One trial: what was shown, what was asked for, what was answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tbrnn.errors import mistake
from tbrnn.plot._axes import axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tbrnn.trials import Trials

COLOURS = {"input": "#4c78a8", "target": "#3a9a5b", "output": "#d1495b"}
STYLES = {"target": "--", "output": "-"}


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
    ax = axes(ax)
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


def _answers(outputs: ArrayLike, trials: Trials) -> NDArray[np.float64]:
    answers = np.asarray(outputs, dtype=np.float64)
    if trials.targets is not None and answers.shape != trials.targets.shape:
        expected = f"of the targets' shape {trials.targets.shape}"
        raise mistake("outputs", expected, f"shape {answers.shape}")
    return answers
