"""The pictures of Table 2 on one page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tbrnn.reproduce.page import small
from tbrnn.reproduce.record import Record
from tbrnn.reproduce.table2 import published
from tbrnn.reproduce.table2.networks import NAMES
from tbrnn.reproduce.table2.pictures import Array, Pictures
from tbrnn.reproduce.table2.report import scores_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = {"rnn": "#3b6fb6", "tbrnn": "#d9822b", "hornn": "#8a4fa3"}
COLUMNS = 6  # of the mosaic of slices


def figure(records: Sequence[Record], pictures: Pictures) -> Figure:
    """Proteins, their mean, the scores; one protein as the networks see it, and their weights."""
    from matplotlib.figure import Figure

    page = Figure(figsize=(7.5, 4.8), layout="constrained")
    panels = page.subplots(2, 3).ravel()
    _course(panels[0], pictures)
    _population(panels[1], pictures)
    _alignments(panels[2], records)
    _answers(panels[3], pictures)
    _weights(panels[4], pictures.matrix, "RNN, W")
    _weights(panels[5], mosaic(pictures.tensor), "TBRNN, slices of W")
    for letter, ax in zip("abcdef", panels, strict=True):
        ax.set_title(letter, loc="left", fontsize=10, fontweight="bold")
        small(ax)
    return page


def mosaic(tensor: Array) -> Array:
    """Slices W_i of a tensor side by side, with a gap of one between them."""
    units = len(tensor)
    rows = -(-units // COLUMNS)
    tiles = np.full((rows * COLUMNS, units + 1, units + 1), np.nan)
    tiles[:units, :units, :units] = tensor
    by_row = tiles.reshape(rows, COLUMNS, units + 1, units + 1).swapaxes(1, 2)
    return by_row.reshape(rows * (units + 1), -1)[:-1, :-1]


def _course(ax: Axes, pictures: Pictures) -> None:
    ax.plot(pictures.course, lw=0.7)
    ax.set_xlabel("frame")
    ax.set_ylabel("concentration")
    ax.set_title("proteins of one trial", fontsize=9)


def _population(ax: Axes, pictures: Pictures) -> None:
    frames = np.arange(len(pictures.mean))
    low, high = pictures.mean - pictures.std, pictures.mean + pictures.std
    ax.fill_between(frames, low, high, color="0.8", lw=0)
    ax.plot(frames, pictures.mean, color="black", lw=1.2)
    ax.set_xlabel("frame")
    ax.set_ylabel("mean concentration")
    ax.set_title("trials, mean and std", fontsize=9)


def _alignments(ax: Axes, records: Sequence[Record]) -> None:
    """CKA of every network, open on new trials; a line at the mean, and the published one."""
    for place, name in enumerate(NAMES):
        colour = COLOURS[name]
        for score, face, beside in (("cka", colour, -0.2), ("test_cka", "none", 0.2)):
            values = scores_of(records, name, score)
            across = place + beside + np.linspace(-0.13, 0.13, len(values))
            ax.plot(across, values, "o", mec=colour, mfc=face, ms=3, alpha=0.7, mew=0.6)
            sides = place + beside - 0.16, place + beside + 0.16
            ax.hlines(values.mean(), *sides, color=colour, lw=1.5)
        theirs = published.CKA[name][0]
        ax.plot(place - 0.2, theirs, "D", mfc="none", mec="black", ms=5, zorder=3)
    ax.set_xticks(range(len(NAMES)), NAMES.values())
    ax.set_xlim(-0.5, len(NAMES) - 0.5)
    ax.set_ylim(bottom=0)
    ax.set_ylabel("CKA (open: new trials)")
    ax.set_title("◇ published", fontsize=9)


def _answers(ax: Axes, pictures: Pictures) -> None:
    frames = np.arange(len(pictures.course))
    for name, answer in zip(NAMES, pictures.answers, strict=True):
        ax.plot(frames[1:], answer, color=COLOURS[name], lw=1.1, label=NAMES[name])
    ax.plot(frames, pictures.course[:, 0], "--", color="black", lw=1.1, label="target")
    ax.set_xlabel("frame")
    ax.set_ylabel("concentration")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=2, fontsize=7, frameon=False)
    ax.set_title("one protein", fontsize=9)


def _weights(ax: Axes, weights: Array, title: str) -> None:
    size = float(np.nanquantile(np.abs(weights), 0.99))
    shown = ax.imshow(weights, cmap="RdBu_r", vmin=-size, vmax=size, interpolation="nearest")
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_title(title, fontsize=9)
    bar = ax.figure.colorbar(shown, ax=ax, shrink=0.75)
    bar.ax.tick_params(labelsize=7)
