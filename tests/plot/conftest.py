"""Axes and runs to draw; no plot changes a style or leaves a figure."""

import matplotlib
import matplotlib.pyplot as plt
import pytest

import tbrnn
from tbrnn.tasks import FlipFlop

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


@pytest.fixture(scope="module")
def runs():
    model, trials = tbrnn.LowRankRNN(units=5, rank=1, inputs=1, outputs=1), FlipFlop(bits=1)
    return tbrnn.fit(
        model,
        trials.sample(4),
        members=3,
        validation=trials.sample(4, seed=1),
        epochs=20,
        evaluate_every=4,
        record_every=2,
    )
