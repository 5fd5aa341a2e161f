"""What all plots share: whole steps, room for labels, and mistakes that leave no figure."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

import tbrnn
from plot.drawn import curves, embedding_of, field, points, rank_one
from tbrnn import Trials, plot
from tbrnn.tasks import FlipFlop, SineWave


def test_steps_and_epochs_are_whole(runs):
    single = plot.loss(curves(runs, [0.5]))
    short = plot.trial(Trials(np.ones((1, 3, 1))))
    for ax in (single, short):
        ax.figure.draw_without_rendering()
        assert all(float(tick).is_integer() for tick in ax.get_xticks())
    logarithmic = plt.figure().add_subplot(xscale="log")
    plot.trial(Trials(np.ones((1, 3, 1))), ax=logarithmic)
    assert logarithmic.get_xscale() == "log"


def test_a_new_figure_is_made_without_axes():
    first, second = plot.r2_by_rank([1], [0.5]), plot.r2_by_rank([1], [0.5])
    assert first.figure is not second.figure


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: plot.kappa_flow(rank_one(tbrnn.LowRankRNN, 2)),
            "net must be one network, as nets",
        ),
        (
            lambda: plot.kappa_flow(
                tbrnn.LowRankRNN(units=12, rank=2, inputs=1, outputs=1).initial([0])
            ),
            "net must be of rank 1, got",
        ),
        (lambda: plot.phase_portrait(field(), points(13)), "fixed_points must be of 12 units, got"),
        (lambda: plot.trial(SineWave().sample(2), index=2), "index must be .* from -2 to 1, got 2"),
        (lambda: plot.r2_by_rank([1, 2], [0.5]), r"r2 must be one score for each of the 2 ranks"),
        (lambda: plot.r2_by_rank(1, [0.5]), r"ranks must be \(rank,\), got shape \(\)"),
        (lambda: plot.r2_by_rank([1], [0.5], floor=1.0), "floor must be a finite number at most"),
        (lambda: plot.embedding([[np.inf] * 2] * 2, list("ab")), "points must be finite"),
        (lambda: plot.embedding(np.zeros((4, 3)), list("aabb")), r"points must be \(network, 2\)"),
        (
            lambda: plot.embedding(np.zeros((4, 2)), list("aabb"), colors={"a": "red"}),
            "colors must be given for every group, got none for b",
        ),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()
    assert plt.get_fignums() == []


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plot.loss(rank_one(tbrnn.LowRankRNN)), "runs must be Runs, .* got Ensemble"),
        (lambda: plot.trial(np.ones((2, 5, 1))), r"trials must be tbrnn.Trials, got shape"),
        (lambda: plot.trial(SineWave().sample(2), index=0.0), "index must be a whole number"),
        (lambda: plot.phase_portrait(points(12)), "field must be a PlaneFlow, .* got FixedPoints"),
        (
            lambda: plot.phase_portrait(field(), [points(12)]),
            r"fixed_points must be FixedPoints of one network, .*nets\[i\]\), got \[FixedPoints",
        ),
        (lambda: plot.kappa_flow(rank_one(tbrnn.LowRankRNN).model), "net must be an Ensemble"),
        (lambda: plot.r2_by_rank([1], ["a"]), "r2 must be an array of real numbers"),
        (lambda: plot.embedding([["a", "b"]], ["a"]), "points must be an array of real numbers"),
    ],
)
def test_wrong_types(call, message):
    with pytest.raises(TypeError, match=message):
        call()
    assert plt.get_fignums() == []


def masked(height):
    """Thirty channels, of which only the last step counts."""
    trials = FlipFlop(bits=30).sample(2)
    mask = np.arange(100)[None, :, None] == 99
    return Trials(height * trials.inputs, trials.targets, mask=np.repeat(mask, 2, axis=0))


DRAWN = {
    "embedding": lambda _: embedding_of(7, 3),
    "kappa_flow": lambda _: plot.kappa_flow(rank_one(tbrnn.LowRankTBRNN)[0], within=1e-3),
    "loss": lambda runs: plot.loss(curves(runs, np.linspace(1.01, 1.0), np.linspace(1.0, 1.01))),
    "phase_portrait": lambda _: plot.phase_portrait(field(), points(12)),
    "r2_by_rank": lambda _: plot.r2_by_rank([1, 1000], [-9.0, 0.5], label="students", floor=-123),
    "trial": lambda _: plot.trial(masked(1000), 1e-9 * np.ones((2, 100, 30))),
}


@pytest.mark.parametrize("name", plot.__all__)
def test_nothing_is_cut_off_a_figure_of_its_own(runs, name):
    figure = DRAWN[name](runs).figure
    figure.draw_without_rendering()
    drawn, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert min(drawn.x0, drawn.y0) >= 0
    assert drawn.x1 <= width
    assert drawn.y1 <= height
