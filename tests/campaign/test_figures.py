"""The figures of a training."""

import numpy as np

from tbrnn import Trials
from tbrnn.campaign.figures import trials_figure


def words(ax):
    legend = ax.get_legend()
    return legend and [text.get_text() for text in legend.get_texts()]


def test_a_legend_stands_where_it_says_something_new():
    inputs, mask = np.ones((3, 9, 1)), np.ones((3, 9, 1))
    inputs[2], mask[1:, 3:] = 3.0, 0.0
    trials = Trials(inputs, targets=np.ones((3, 9, 2)), mask=mask)
    figure = trials_figure(trials, 0.5 * trials.targets)
    assert [words(ax) for ax in figure.axes] == [
        ["input", "target", "output"],
        ["input", "target", "output", "does not count"],
        ["input / 3", "target", "output", "does not count"],
    ]
    same = trials_figure(Trials(np.ones((3, 9, 1)), targets=trials.targets), trials.targets)
    assert [words(ax) for ax in same.axes] == [["input", "target", "output"], None, None]
