"""Trials: bars, dashes and lines, and what the mask leaves out."""

from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np
import pytest

import tbrnn
from plot.drawn import texts
from tbrnn import Trials, plot
from tbrnn.tasks import FlipFlop, MultiFate, SineWave


def test_trial_draws_inputs_targets_and_outputs(ax):
    trials = FlipFlop(bits=3).sample(4, seed=0)
    assert plot.trial(trials, 0.5 * trials.targets, index=2, ax=ax) is ax
    lines = [line.get_ydata() for line in ax.lines]
    assert len(lines) == 6
    spacing = ax.get_yticks()[0] - ax.get_yticks()[1]
    assert np.allclose(lines[1] + spacing, trials.targets[2, :, 1])
    assert np.allclose(lines[5] + 2 * spacing, 0.5 * trials.targets[2, :, 2])
    assert texts(ax) == ["input", "target", "output"]
    for channel, bars in enumerate(ax.collections):
        ends = np.array(bars.get_segments())[:, :, 1] + channel * spacing
        assert np.allclose(ends[:, 0], 0)
        assert np.allclose(ends[:, 1], trials.inputs[2, :, channel])


def test_trial_without_outputs_or_targets():
    assert len(plot.trial(SineWave().sample(2)).lines) == 1
    assert len(plot.trial(Trials(np.ones((2, 5, 1)))).lines) == 0


@pytest.mark.parametrize(
    ("trials", "outputs", "message"),
    [
        (SineWave().sample(2), np.zeros((2, 99, 1)), r"outputs must be of the targets' shape"),
        (Trials.stack([SineWave().sample(2)] * 2), None, "trials must be one data set, got 2"),
        (Trials(np.ones((2, 5, 1))), np.ones((2, 4, 1)), "outputs must be .* 2 trials and 5 steps"),
    ],
)
def test_trial_errors(trials, outputs, message):
    with pytest.raises(ValueError, match=message):
        plot.trial(trials, outputs)
    assert plt.get_fignums() == []


def test_trial_of_many_channels_is_legible():
    """Few labels, a row of its own for each curve, and no word for inputs that are not there."""
    trials = MultiFate(candidates=100).sample(2, seed=0)
    ax = plot.trial(trials)
    assert texts(ax) == ["target"]
    assert len(ax.collections) == 0
    ax.figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in ax.get_yticklabels()]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    first, second = (ax.transData.transform([(0, y), (0, y - 1)])[:, 1] for y in (0, -1))
    unit = first[0] - second[0]
    row = unit * (ax.get_yticks()[0] - ax.get_yticks()[1]) / 3  # of ten labels for thirty channels
    assert row > 20  # pixels
    assert unit * np.ptp(np.concatenate([[0], trials.targets[0].ravel()])) > 0.75 * row


def test_trial_of_answers_that_diverged_is_drawn_up_to_there(ax):
    trials = tbrnn.tasks.FlipFlop(bits=2).sample(8)
    answers = np.array(trials.targets)
    limits = plot.trial(trials, answers, index=3).get_ylim()
    answers[3, 60:] = np.inf, np.nan
    assert plot.trial(trials, answers, index=3, ax=ax).get_ylim() == pytest.approx(limits)


def test_trial_of_large_inputs_says_what_they_are_divided_by():
    targets = np.linspace(0, 0.5, 5).reshape(1, 5, 1)
    ax = plot.trial(Trials(np.full((1, 5, 1), 100.0), targets=targets))
    assert texts(ax) == ["input / 200", "target"]
    heights = [segment[1, 1] for segment in ax.collections[0].get_segments()]
    assert np.allclose(heights, 0.5)


def parts(ax, colour):
    """The x of what is drawn in full, faint and as dots in a colour, line by line."""
    drawn = [line for line in ax.lines if line.get_color() == colour and len(line.get_xdata())]
    kinds = {"full": [], "faint": [], "dots": []}
    for line in drawn:
        kind = "faint" if line.get_alpha() else "dots" if line.get_marker() == "." else "full"
        kinds[kind].append(line.get_xdata()[np.isfinite(line.get_ydata())].tolist())
    return kinds


@pytest.mark.parametrize("colour", ["#3a9a5b", "#d1495b"])
def test_trial_is_faint_where_it_does_not_count(ax, colour):
    mask = np.zeros((2, 7, 2))
    mask[1, :3, 0], mask[1, 5, 1] = 0.1, 2.0
    targets = np.full(mask.shape, np.nan)
    targets[mask > 0] = 1.0
    trials = Trials(np.ones((2, 7, 1)), targets=np.where(mask > 0, targets, 0.5), mask=mask)
    plot.trial(trials, trials.targets, index=1, ax=ax)
    full, faint = [[0, 1, 2], [5]], [[2, 3, 4, 5, 6], [*range(7)]]
    assert parts(ax, colour) == {"full": full, "faint": faint, "dots": [[5]]}
    assert texts(ax) == ["input", "target", "output", "does not count"]
    unread = plot.trial(Trials(trials.inputs, targets=targets, mask=mask), index=1)
    assert parts(unread, "#3a9a5b") == {"full": full, "faint": [[2], [5]], "dots": [[5]]}


def test_trial_with_a_mask_for_all_channels(ax):
    mask = np.ones((1, 5, 1))
    mask[0, 2] = 0
    plot.trial(Trials(np.ones((1, 5, 1)), targets=np.ones((1, 5, 2)), mask=mask), ax=ax)
    dots = {"full": [[0, 1, 3, 4]] * 2, "faint": [[1, 2, 3]] * 2, "dots": []}
    assert parts(ax, "#3a9a5b") == dots
    assert parts(plot.trial(SineWave().sample(1)), "#3a9a5b")["faint"] == []


def test_a_trial_of_one_step_is_dots(ax):
    one = np.ones((1, 1, 1))
    plot.trial(Trials(one, targets=one), one, ax=ax)
    assert parts(ax, "#d1495b")["dots"] == parts(ax, "#3a9a5b")["dots"] == [[0]]


def test_targets_lie_above_outputs_and_small_inputs_are_as_they_are(ax):
    targets = np.ones((1, 5, 1))
    plot.trial(Trials(1.9 * targets, targets=targets), targets, ax=ax)
    target, output = ax.lines
    assert target.get_zorder() > output.get_zorder()
    assert texts(ax) == ["input", "target", "output"]


def test_a_trial_of_nothing_has_no_legend(ax):
    assert plot.trial(Trials(np.zeros((2, 5, 1))), ax=ax).get_legend() is None
