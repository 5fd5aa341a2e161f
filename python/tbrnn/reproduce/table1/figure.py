"""The companion figure of Table 1: the best run's R2 by student rank, a panel per teacher."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tbrnn import plot
from tbrnn.reproduce.table1 import published
from tbrnn.reproduce.table1.aggregate import scores_by_rank
from tbrnn.reproduce.table1.protocol import Protocol
from tbrnn.reproduce.table1.records import CLASSES, NAMES, NetworkClass, StudentRecord

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS: dict[NetworkClass, str] = {"rnn": "#3b6fb6", "tbrnn": "#d9822b"}


def companion_figure(students: Sequence[StudentRecord], protocol: Protocol) -> Figure:
    """Rows: two-body and three-body teachers; columns: tasks; a line per student class.

    y is the maximum over runs of the mean R2 on states. Published values are drawn lightly, values
    below -1 as arrows at "≤ −1", the threshold dashed.
    """
    from matplotlib.figure import Figure

    figure = Figure(
        figsize=(1.5 + 1.5 * len(protocol.tasks), 3.75 if len(protocol.tasks) > 1 else 4.25),
        layout="constrained",
    )
    panels = figure.subplots(2, len(protocol.tasks), sharex=True, sharey=True, squeeze=False)
    score = "R²" if protocol.runs == 1 else "R² of the best run"
    for row, teacher in zip(panels, CLASSES, strict=True):
        for ax, task in zip(row, protocol.tasks, strict=True):
            _panel(ax, students, protocol, teacher, task)
        row[0].set_ylabel(f"{NAMES[teacher]} teacher\n{score}", fontsize=8)
    for ax, task in zip(panels[0], protocol.tasks, strict=True):
        ax.set_title(task, fontsize=9)
    handles, labels = panels[0, 0].get_legend_handles_labels()
    columns = min(2, len(protocol.tasks))  # a single panel is too narrow for two
    figure.legend(
        handles, labels, loc="outside lower center", ncols=columns, frameon=False, fontsize=8
    )
    return figure


def _panel(
    ax: Axes,
    students: Sequence[StudentRecord],
    protocol: Protocol,
    teacher: NetworkClass,
    task: str,
) -> None:
    ax.axhline(protocol.threshold, color="#888888", lw=0.8, ls="--")
    for student in CLASSES:
        color, name = COLOURS[student], f"{NAMES[student]} students"
        scores = scores_by_rank(students, student, teacher, task, protocol.ranks)
        if scores.shape[1] > 0:
            plot.r2_by_rank(protocol.ranks, scores.max(axis=1), color=color, label=name, ax=ax)
        known = published.FIGURE[student, teacher].get(task)
        if known is not None:
            label = f"{name}, published"
            plot.r2_by_rank(published.RANKS, known, color=color, faint=True, label=label, ax=ax)
    if legend := ax.get_legend():
        legend.remove()  # the figure has one for all panels
    ax.tick_params(labelsize=8)
    ax.xaxis.label.set_fontsize(8)
    ax.label_outer()
