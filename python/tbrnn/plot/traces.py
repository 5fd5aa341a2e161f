"""One trial: what was shown, what was asked for, what was answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tbrnn._arguments import instance, real_array, whole
from tbrnn.errors import mistake
from tbrnn.plot._axes import axes, whole_ticks
from tbrnn.trials import Trials

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

Array = NDArray[np.floating[Any]]

COLOURS = {"input": "#4c78a8", "target": "#3a9a5b", "output": "#d1495b"}
STYLES = {"target": "--", "output": "-"}
FAINT = 0.3  # opacity of what does not count
ROW = 0.3  # inches of a channel, in a figure of its own
NAMED = 10  # channels at most


def trial(
    trials: Trials, outputs: ArrayLike | None = None, *, index: int = 0, ax: Axes | None = None
) -> Axes:
    """One trial: inputs as bars, targets dashed, outputs as lines; channels below one another.

    Where the mask is 0, targets and outputs do not count and are faint. Inputs that are more than
    twice as large as targets and outputs are divided by the number that the legend says; inputs
    that are 0 throughout the trial are left out.

    Parameters
    ----------
    trials : Trials
        One data set, inputs (trial, time, input) and targets (trial, time, output).
    outputs : array (trial, time, output), optional
        What a network answered, for instance ``nets[0].simulate(trials.inputs).outputs``.
    index : int
        Which trial, 0 by default; negative ones count from the end.
    ax : Axes, optional
        Where to draw.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If the outputs do not have the targets' shape, there are several data sets, or no trial of
        that index.
    TypeError
        If `trials` are no Trials, or outputs no real numbers.

    Examples
    --------
    >>> import tbrnn
    >>> ax = tbrnn.plot.trial(tbrnn.tasks.FlipFlop(bits=2).sample(8, seed=0), index=3)
    >>> ax.get_xlabel()
    'time step'
    """
    instance("trials", trials, Trials, "tbrnn.Trials")
    if trials.inputs.ndim == 4:
        raise mistake("trials", "one data set", f"{trials.datasets}: take trials.dataset(i)")
    index = whole("index", index, least=-trials.trials, most=trials.trials - 1)
    inputs, traces = np.asarray(trials.inputs[index]), {}
    if trials.targets is not None:
        traces["target"] = np.asarray(trials.targets[index])
    if outputs is not None:
        traces["output"] = _answers(outputs, trials)[index]
    less = _divisor(inputs, list(traces.values()))
    spacing = _spacing([inputs / less, *traces.values()])
    channels = np.arange(max(values.shape[1] for values in (inputs, *traces.values())))
    ax = axes(ax, ROW * len(channels))
    if inputs.any():
        _bars(ax, inputs / less, spacing, "input" if less == 1 else f"input / {less:.3g}")
    counts = _counts(trials, index)
    for name, values in traces.items():
        stacked = values - spacing * np.arange(values.shape[1])
        weighed = np.broadcast_to(counts, values.shape)
        lines = [_line(ax, *line, name) for line in zip(stacked.T, weighed.T, strict=True)]
        lines[0].set_label(name)
    if not counts.all():
        ax.plot([], [], color="black", lw=1.2, alpha=FAINT, label="does not count")
    named = channels[:: -(-len(channels) // NAMED)]
    ax.set_yticks(-spacing * named, [str(k + 1) for k in named])
    whole_ticks(ax)
    ax.set_xlabel("time step")
    ax.set_ylabel("channel")
    if inputs.any() or traces:
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4, frameon=False)
    return ax


def _bars(ax: Axes, inputs: Array, spacing: float, label: str) -> None:
    steps = np.arange(len(inputs))
    for channel, pulses in enumerate(inputs.T):
        base = -spacing * channel
        drawn = ax.vlines(steps, base, base + pulses, color=COLOURS["input"], lw=1.5)
    drawn.set_label(label)


def _counts(trials: Trials, index: int) -> NDArray[np.bool_]:
    """Where the targets of a trial (time, output), or (time, 1), have a weight."""
    if trials.mask is None:
        return np.ones((trials.steps, 1), bool)
    return np.asarray(trials.mask[index]) > 0


def _line(ax: Axes, values: Array, counts: NDArray[np.bool_], name: str) -> Line2D:
    """What counts, with a dot at steps that do so alone; faint up to there what does not."""
    steps = np.arange(len(values))
    look: dict[str, Any] = {"color": COLOURS[name], "ls": STYLES[name], "lw": 1.2}
    look["zorder"] = 2.1 if name == "target" else 2.0  # dashes on the line, for both to be seen
    if not counts.all():
        inner = np.pad(counts, 1, constant_values=True)
        faint = ~(inner[:-2] & counts & inner[2:])
        ax.plot(steps, np.where(faint, values, np.nan), alpha=FAINT, **look)
    (drawn,) = ax.plot(steps, np.where(counts, values, np.nan), **look)
    outer = np.pad(counts, 1)
    alone = counts & ~outer[:-2] & ~outer[2:]
    if alone.any():
        ax.plot(steps[alone], values[alone], ".", color=COLOURS[name], ms=5)
    return drawn


def _divisor(inputs: Array, traces: list[Array]) -> float:
    """What inputs are divided by, so that they do not dwarf the traces."""
    most = max((np.abs(_finite(values)).max() for values in traces), default=0.0)
    ratio = float(np.abs(inputs).max() / most) if most > 0 else 1.0
    return ratio if ratio > 2 else 1.0


def _spacing(drawn: list[Array]) -> float:
    """Distance of the channels' zeros: somewhat more than from the lowest value to the highest."""
    low = min(0.0, *(_finite(values).min() for values in drawn))
    high = max(0.0, *(_finite(values).max() for values in drawn))
    return float(1.3 * (high - low)) or 1.0


def _finite(values: Array) -> Array:
    """0 in place of what cannot be drawn: targets that do not count, answers that diverged."""
    return np.where(np.isfinite(values), values, 0.0)


def _answers(outputs: ArrayLike, trials: Trials) -> Array:
    answers = real_array("outputs", outputs).astype(np.float64)
    if trials.targets is not None and answers.shape != trials.targets.shape:
        expected = f"of the targets' shape {trials.targets.shape}"
        raise mistake("outputs", expected, f"shape {answers.shape}")
    if answers.ndim != 3 or answers.shape[:2] != trials.inputs.shape[:2]:
        expected = f"(trial, time, output) of {trials.trials} trials and {trials.steps} steps"
        raise mistake("outputs", expected, f"shape {answers.shape}")
    return answers
