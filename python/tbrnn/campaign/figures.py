"""Pictures of a training: its loss, and what the network answers."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from tbrnn import plot
from tbrnn.io import write_atomically
from tbrnn.runs import Runs
from tbrnn.trials import Trials

SHOWN = 3  # trials


def loss_figure(runs: Runs) -> Figure:
    """The loss against epochs."""
    figure = Figure(figsize=(5.0, 3.4), layout="constrained")
    plot.loss(runs, ax=figure.add_subplot())
    return figure


def trials_figure(trials: Trials, outputs: ArrayLike) -> Figure:
    """The first trials, with targets and outputs, below one another.

    What does not count is faint. A legend that repeats the one above is left out.
    """
    shown = min(SHOWN, trials.trials)
    channels = max(
        trials.inputs.shape[-1], 1 if trials.targets is None else trials.targets.shape[-1]
    )
    figure = Figure(figsize=(7.0, shown * (1.1 + 0.5 * min(channels, 8))), layout="constrained")
    axes = figure.subplots(shown, 1, sharex=True, squeeze=False)[:, 0]
    above: list[str] = []
    for index, ax in enumerate(axes):
        legend = plot.trial(trials, outputs, index=index, ax=ax).get_legend()
        words = [text.get_text() for text in legend.get_texts()] if legend else []
        if legend and words == above:
            legend.remove()
        above = words
        if index < shown - 1:
            ax.set_xlabel("")
    return figure


def write_figure(path: Path, figure: Figure) -> None:
    """A PNG that is there as a whole or not at all."""
    picture = BytesIO()
    figure.savefig(picture, format="png", dpi=150)
    write_atomically(path, picture.getvalue())
