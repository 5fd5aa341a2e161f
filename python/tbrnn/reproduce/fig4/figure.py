"""The picture of Fig 4: phase portraits, networks in a plane, and two panels of ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

import tbrnn
from tbrnn import plot
from tbrnn.analysis import PCA, FixedPoints, PlaneFlow, fixed_points, pca, plane_flow
from tbrnn.reproduce import seeds
from tbrnn.reproduce.fig4.measured import Array, Measured, remembered
from tbrnn.reproduce.fig4.networks import NAMES
from tbrnn.reproduce.fig4.protocol import Protocol
from tbrnn.reproduce.fig4.report import SHOWN, plane
from tbrnn.reproduce.page import small
from tbrnn.reproduce.record import Record
from tbrnn.tasks import FlipFlop

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = {"two-body": "#3b6fb6", "three-body": "#d9822b", "GRU": "#3a9a5b"}
ARROW = "#b02a37"
BOX = {"boxstyle": "round,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.8}
LONG = FlipFlop(bits=1, steps=1000)


def portrait_run(records: Sequence[Record], measured: Measured) -> int:
    """The run to draw: the one whose three-body network remembers and has the least test loss."""
    good = set(measured.runs[(measured.groups == "tbrnn") & measured.remember].tolist())
    three = [record for record in records if record.network == "tbrnn"]
    return min(three, key=lambda r: (r.run not in good, r.scores["test_loss"])).run


def figure(
    measured: Measured, portraits: tbrnn.Ensemble, protocol: Protocol, threads: int | None = None
) -> Figure:
    """All panels.

    Parameters
    ----------
    measured : Measured
    portraits : Ensemble
        The networks of one run, those of ``SHOWN`` in order.
    protocol : Protocol
    threads : int, optional
        All processors by default.
    """
    from matplotlib.figure import Figure

    page = Figure(figsize=(7.5, 5.2), layout="constrained")
    grid = page.add_gridspec(2, 3, height_ratios=(1.2, 1), width_ratios=(1, 1, 1.2))
    run = int(portraits.numbers[0])
    panels = [[page.add_subplot(grid[row, column]) for column in range(3)] for row in range(2)]
    for column, kind in enumerate(("two-body", "three-body")):
        net, (above, below) = portraits[column], (panels[0][column], panels[1][column])
        _portrait(above, net, protocol, threads)
        above.set_title(f"{kind}, run {run}", fontsize=9)
        plot.kappa_flow(net, ax=below)
        small(below)
        _origin(below, net)
    _networks(panels[0][2], measured)
    _distances(panels[1][2], measured, run)
    places = (panels[0][0], panels[0][2], panels[1][0], panels[1][2])
    for letter, ax in zip("abcd", places, strict=True):
        ax.set_title(letter, loc="left", fontsize=10, fontweight="bold")
    return page


def _portrait(ax: Axes, net: tbrnn.Ensemble, protocol: Protocol, threads: int | None) -> None:
    """The flow about a long trial, what is remembered after each pulse, and the input's arrow."""
    trials = LONG.sample(3, seeds.data(protocol.seed, "fig4", "long"))
    states = net.simulate(trials.inputs, rates=False, outputs=False, threads=threads).states
    components = pca(states[1])
    memories = components.project(remembered(net, threads)[0])
    points = fixed_points(net)
    assert isinstance(points, FixedPoints)
    plot.phase_portrait(_flow(net, components, memories), points, ax=ax)
    for (x, y), marker, colour, name in zip(
        memories, "o*", ("#e08a1e", "#3a9a5b"), ("+1", "−1"), strict=True
    ):
        ax.plot(x, y, marker, mec=colour, mfc="none", ms=13, mew=1.6, ls="", zorder=4, label=name)
    _arrow(ax, components.turn(np.asarray(net.w_in)[:, 0]))
    ax.set(xticks=[], yticks=[])
    ax.xaxis.label.set_fontsize(8)
    ax.yaxis.label.set_fontsize(8)
    ax.legend(title="remembers", loc="upper left", fontsize=7, title_fontsize=7, handletextpad=0.1)


def _flow(net: tbrnn.Ensemble, components: PCA, memories: Array) -> PlaneFlow:
    """The flow about the two memories, twice as far as they are apart."""
    width, height = 2.0 * np.abs(memories).max(axis=0)
    return plane_flow(net, components, (float(width), float(max(height, 0.4 * width))))


def _arrow(ax: Axes, direction: Array) -> None:
    """The direction of the input, a third of the panel long."""
    half = np.array([ax.get_xlim()[1], ax.get_ylim()[1]])
    along = 0.3 * direction / np.linalg.norm(direction / half)
    centre = half * [0.6, -0.6]
    tip, tail = (tuple((centre + sign * along).tolist()) for sign in (1, -1))
    arrow = {"arrowstyle": "-|>", "color": ARROW, "lw": 1.6}
    ax.annotate("", tip, tail, arrowprops=arrow, zorder=5)
    x, y = centre - [0.1 * half[0], 0]
    ax.text(x, y, "input", color=ARROW, fontsize=7, ha="right", va="center", bbox=BOX, zorder=5)


def _origin(ax: Axes, net: tbrnn.Ensemble) -> None:
    """Larger, where a root lies so near 0 that the two look like one."""
    points = fixed_points(net)
    assert isinstance(points, FixedPoints)
    apart = np.abs(points.kappa[:, 0])
    apart = apart[apart > 1e-6]
    if len(apart) == 0 or apart.min() > 0.05 * apart.max():
        return
    inset = ax.inset_axes((0.5, 0.58, 0.45, 0.34))
    plot.kappa_flow(net, within=2 * float(apart.min()), ax=inset)
    inset.set(xlabel="", ylabel="", yticks=[])
    inset.locator_params("x", nbins=2)
    inset.tick_params(labelsize=6, pad=1)
    ax.indicate_inset_zoom(inset, edgecolor="0.4")


def _networks(ax: Axes, measured: Measured) -> None:
    placed = plane(measured)
    if placed is None:
        ax.text(0.5, 0.5, "too few networks\nfor a plane", ha="center", va="center", fontsize=8)
        ax.set_axis_off()
        return
    points, groups = placed
    plot.embedding(points, [NAMES[name] for name in groups], colors=COLOURS, ax=ax)
    ax.set_title("states by 1 − CKA", fontsize=9)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=3, fontsize=7, frameon=False)


def _distances(ax: Axes, measured: Measured, run: int) -> None:
    """Distances between the networks of the run."""
    rows = [
        np.flatnonzero((measured.groups == name) & (measured.runs == run))[0]
        for name in SHOWN
        if name in measured.groups
    ]
    matrix = measured.distance[np.ix_(rows, rows)]
    names = [NAMES[str(measured.groups[row])] for row in rows]
    ax.imshow(matrix, vmin=0, vmax=1, cmap="Blues")
    for (i, j), value in np.ndenumerate(matrix):
        colour = "white" if value > 0.6 else "black"
        ax.text(j, i, f"{value:.2f}", ha="center", va="center", fontsize=8, color=colour)
    ax.set_xticks(range(len(names)), names, fontsize=7)
    ax.set_yticks(range(len(names)), names, fontsize=7)
    ax.tick_params(length=0)
    ax.set_title(f"1 − CKA, run {run}", fontsize=9)
