"""What is drawn, and what is read from it."""

from dataclasses import replace

import numpy as np

import tbrnn
from tbrnn import plot


def texts(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def curves(runs, *losses, status="capped"):
    """Runs of the first members with these losses for every tenth epoch."""
    history = [np.zeros(len(values), runs.history[0].dtype) for values in losses]
    for records, values in zip(history, losses, strict=True):
        records["epoch"], records["loss"] = 10 * np.arange(len(values)) - 1, values
        records["validation"] = np.nan
    members = [i % len(runs) for i in range(len(losses))]
    return replace(runs[members], history=history, status=np.full(len(losses), status))


def rank_one(cls, members=1):
    model = cls(units=12, rank=1, inputs=1, outputs=1, input_bias=False)
    nets = model.initial(range(members), dtype="float64")
    return tbrnn.Ensemble.from_arrays(model, {**nets.arrays, "n": 3 * nets.m})


def embedding_of(groups, members, scale=1.0, **options):
    """So many groups around a circle, far apart."""
    turn = 2 * np.pi * np.arange(groups) / groups
    centres = scale * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    around = 0.1 * scale * np.random.default_rng(0).normal(size=(groups, members, 2))
    names = np.repeat([f"group {g}" for g in range(groups)], members)
    return plot.embedding((centres[:, None] + around).reshape(-1, 2), names, **options)


def field():
    net = rank_one(tbrnn.LowRankRNN)[0]
    plane = tbrnn.analysis.pca(np.random.default_rng(0).normal(size=(9, 12)))
    return tbrnn.analysis.plane_flow(net, plane, (1.0, 1.0), points=3)


def points(units):
    net = tbrnn.LowRankRNN(units=units, rank=1, inputs=1, outputs=1).initial([0])[0]
    return tbrnn.analysis.fixed_points(net)
