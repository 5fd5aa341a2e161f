"""Plots draw what they are given into the axes they are given, and leave the style alone."""

from types import SimpleNamespace

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from tbrnn import Trials, plot
from tbrnn.tasks import FlipFlop, SineWave

matplotlib.use("agg")


@pytest.fixture(autouse=True)
def _no_style_and_no_figure_is_left_behind():
    before = dict(matplotlib.rcParams)
    yield
    plt.close("all")
    assert dict(matplotlib.rcParams) == before


@pytest.fixture
def ax():
    return plt.figure().add_subplot()


def test_trial_draws_inputs_targets_and_outputs(ax):
    trials = FlipFlop(bits=3).sample(4, seed=0)
    assert plot.trial(trials, 0.5 * trials.targets, index=2, ax=ax) is ax
    lines = [line.get_ydata() for line in ax.lines]
    assert len(lines) == 6
    spacing = ax.get_yticks()[0] - ax.get_yticks()[1]
    assert np.allclose(lines[1] + spacing, trials.targets[2, :, 1])
    assert np.allclose(lines[5] + 2 * spacing, 0.5 * trials.targets[2, :, 2])
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["input", "target", "output"]


def test_trial_without_outputs_or_targets():
    assert len(plot.trial(SineWave().sample(2)).lines) == 1
    assert len(plot.trial(Trials(np.ones((2, 5, 1)))).lines) == 0


@pytest.mark.parametrize(
    ("trials", "outputs", "message"),
    [
        (SineWave().sample(2), np.zeros((2, 99, 1)), r"outputs must be of the targets' shape"),
        (Trials.stack([SineWave().sample(2)] * 2), None, "trials must be one data set, got 2"),
    ],
)
def test_trial_errors(trials, outputs, message):
    with pytest.raises(ValueError, match=message):
        plot.trial(trials, outputs)
    assert plt.get_fignums() == []


def test_loss_has_a_line_per_member_and_a_label_per_status(ax):
    fields = [("epoch", int), ("loss", float)]
    history = np.array([(-1, 1.0), (9, 0.1), (19, 0.01)], dtype=fields)
    status = np.array(["converged", "capped", "converged"])
    runs = SimpleNamespace(history=[history] * 3, status=status)
    assert plot.loss(runs, ax=ax) is ax
    assert ax.get_yscale() == "log"
    assert [line.get_xdata().tolist() for line in ax.lines] == [[0, 10, 20]] * 3
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["converged", "capped"]


def test_r2_below_the_floor_becomes_an_arrow(ax):
    assert plot.r2_by_rank([1, 2, 3], [-40.0, 0.5, 0.95], label="students", ax=ax) is ax
    curve, *dots = ax.lines
    assert curve.get_ydata().tolist() == [-1, 0.5, 0.95]
    assert [dot.get_marker() for dot in dots] == ["v", "o", "o"]
    assert ax.get_ylim() == (-1, 1.1)


def test_a_new_figure_is_made_without_axes():
    first, second = plot.r2_by_rank([1], [0.5]), plot.r2_by_rank([1], [0.5])
    assert first.figure is not second.figure
