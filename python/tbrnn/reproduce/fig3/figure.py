"""The picture of Fig 3: a teacher, its reductions, and tensors that differ where nothing acts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tbrnn import plot
from tbrnn.reproduce.fig3 import published
from tbrnn.reproduce.fig3.drawing import decompositions
from tbrnn.reproduce.fig3.example import Example
from tbrnn.reproduce.fig3.portrait import Portrait
from tbrnn.reproduce.fig3.report import CUTOFF
from tbrnn.reproduce.fig3.tables import NAMES
from tbrnn.reproduce.page import small
from tbrnn.trials import Trials

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from mpl_toolkits.mplot3d import Axes3D

COLOURS = {"lint": "#b02a37", "slices": "#8a4fa3", "tt": "#3b6fb6", "tca": "#3a9a5b"}
PUBLISHED = {
    "lint": published.ACCURACY["lint"][published.DISTINCT],
    "slices": published.SLICE_IRREGULAR,
    "tt": published.ACCURACY["tt"][published.DISTINCT],
    "tca": published.ACCURACY["tca"][published.DISTINCT],
}
PATH = "#3b6fb6"


def figure(
    curves: Mapping[str, NDArray[np.float64]],
    ranks: Sequence[int],
    shown: Portrait | None,
    example: Example | None,
) -> Figure:
    """All panels.

    Parameters
    ----------
    curves : dict from method to array (rank, run)
        Accuracy on the training trials; methods without runs are left out.
    ranks : sequence of int
    shown : Portrait, optional
        Of a teacher.
    example : Example, optional
        Of one run.
    """
    from matplotlib.figure import Figure

    page = Figure(figsize=(7.5, 4.6), layout="constrained")
    grid = page.add_gridspec(2, 3, width_ratios=(2, 2.3, 1.35), height_ratios=(1, 1.35))
    if shown is not None:
        _states(page.add_subplot(grid[0, 0], projection="3d"), shown)
        _trial(page.add_subplot(grid[1, 0]), shown)
    done = {method: curve for method, curve in curves.items() if curve.size}
    decompositions(top := page.add_subplot(grid[0, 1]), done)
    top.set_title("b", loc="left", fontsize=10, fontweight="bold")
    _reductions(page.add_subplot(grid[1, 1]), done, ranks)
    if example is not None:
        same = example.symmetrised()
        whole, effective = page.add_subplot(grid[0, 2]), page.add_subplot(grid[1, 2])
        _entries(whole, same.tensors, same.cosine, "W, symmetrised")
        _entries(effective, same.effective, same.effective_cosine, r"$W_{\rm eff}$, symmetrised")
        whole.set_title("c", loc="left", fontsize=10, fontweight="bold")
    return page


def _states(ax: Axes3D, shown: Portrait) -> None:
    """States along three components, with a triad instead of axes."""
    x, y, z = shown.path.T
    ax.plot(x, y, z, "-", color=PATH, lw=0.3, alpha=0.6)
    ax.plot(x, y, z, "o", color=PATH, ms=1.6, mew=0, alpha=0.8)
    ax.set_axis_off()
    ax.set_box_aspect((1, 1, 1), zoom=1.35)
    ax.view_init(elev=18, azim=-55)
    low, high = shown.path.min(axis=0), shown.path.max(axis=0)
    start = low - 0.12 * (high - low)
    for k in range(3):
        step = np.zeros(3)
        step[k] = 0.3 * (high - low)[k]
        ax.plot(*np.stack([start, start + step], axis=1), color="black", lw=0.9)
        ax.text(*(start + 1.35 * step), f"PC{k + 1}", fontsize=6, ha="center", va="center")
    share = f"{100 * shown.ratios.sum():.0f} % of variance"
    ax.text2D(0.5, -0.05, share, transform=ax.transAxes, fontsize=7, ha="center")
    ax.set_title("a", loc="left", fontsize=10, fontweight="bold")


def _trial(ax: Axes, shown: Portrait) -> None:
    trials = Trials(shown.inputs[None], targets=shown.targets[None])
    plot.trial(trials, shown.outputs[None], ax=ax)
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 0.98), ncols=3, fontsize=7, frameon=False)
    small(ax)


def _reductions(ax: Axes, curves: Mapping[str, NDArray[np.float64]], ranks: Sequence[int]) -> None:
    """Accuracy by rank: mean, its standard error as a ribbon, and the published means dotted."""
    ax.axhline(CUTOFF, color="#888888", lw=0.8, ls="--")
    both = {}
    for method, curve in curves.items():
        mean, colour = curve.mean(axis=1), COLOURS[method]
        error = curve.std(axis=1) / np.sqrt(curve.shape[1])
        ax.fill_between(ranks, mean - error, mean + error, color=colour, alpha=0.2, lw=0)
        (ours,) = ax.plot(ranks, mean, color=colour, lw=1.3)
        ax.plot(ranks, mean, "o", color="black", ms=2.5, zorder=3)
        (theirs,) = ax.plot(published.RANKS, PUBLISHED[method], ":", color=colour, lw=1, alpha=0.7)
        both[NAMES[method]] = (ours, theirs)
    ax.set_xticks(list(ranks))
    ax.set_ylim(0.48, 1.02)
    ax.set_xlabel("rank")
    ax.set_ylabel("accuracy, training trials")
    if both:
        _legend(ax, both)
    small(ax)


def _legend(ax: Axes, both: Mapping[str, tuple[Line2D, Line2D]]) -> None:
    """Of each method our line and the published one side by side."""
    from matplotlib.legend_handler import HandlerTuple

    ax.legend(
        list(both.values()),
        list(both),
        handler_map={tuple: HandlerTuple(ndivide=None)},
        handlelength=4,
        title="ours, published (dotted)",
        loc="lower right",
        fontsize=6,
        title_fontsize=6,
        frameon=False,
    )


def _entries(
    ax: Axes, pair: tuple[NDArray[np.float64], NDArray[np.float64]], cosine: float, name: str
) -> None:
    """Entries of the student's tensor against those of the teacher's."""
    teacher, student = (tensor.ravel() for tensor in pair)
    reach = 1.05 * max(np.abs(teacher).max(), np.abs(student).max())
    ax.plot([-reach, reach], [-reach, reach], "--", color="#888888", lw=0.8, zorder=0)
    ax.plot(teacher, student, ".", color=PATH, ms=1.5, mew=0, alpha=0.4, rasterized=True)
    ax.text(0.05, 0.95, f"cos {cosine:.3f}", transform=ax.transAxes, fontsize=7, va="top")
    ax.set_title(name, fontsize=8)
    ax.set_xlabel("teacher's entries")
    ax.set_ylabel("student's entries")
    ax.locator_params(nbins=3)
    ax.set_box_aspect(1)
    small(ax)
