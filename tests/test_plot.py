"""Plots draw what they are given into the axes they are given, and leave the style alone."""

from itertools import combinations
from types import SimpleNamespace

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

import tbrnn
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


def rank_one(cls, members=1):
    model = cls(units=12, rank=1, inputs=1, outputs=1, input_bias=False)
    nets = model.initial(range(members), dtype="float64")
    return tbrnn.Ensemble.from_arrays(model, {**nets.arrays, "n": 3 * nets.m})


def test_kappa_flow_marks_the_roots(ax):
    net = rank_one(tbrnn.LowRankRNN)[0]
    points = tbrnn.analysis.fixed_points(net)
    assert plot.kappa_flow(net, ax=ax) is ax
    zero, curve, unstable, stable = ax.lines  # the last are on top
    assert np.allclose(stable.get_xdata(), points.kappa[points.stable, 0])
    assert np.allclose(unstable.get_xdata(), points.kappa[~points.stable, 0])
    assert unstable.get_markerfacecolor() == "white"
    k = curve.get_xdata()
    assert np.allclose(curve.get_ydata(), tbrnn.analysis.flow(net, k[:, None])[:, 0])
    assert ax.get_xlim() == pytest.approx((-1.25 * points.kappa.max(), 1.25 * points.kappa.max()))


def test_phase_portrait_marks_what_it_is_given(ax):
    net = rank_one(tbrnn.LowRankRNN)[0]
    points = tbrnn.analysis.fixed_points(net)
    plane = tbrnn.analysis.pca(net.simulate(FlipFlop(bits=1).sample(9).inputs).states)
    field = tbrnn.analysis.plane_flow(net, plane, (4.0, 2.0), points=15)
    assert plot.phase_portrait(field, points, ax=ax) is ax
    assert (ax.get_xlim(), ax.get_ylim()) == ((-4, 4), (-2, 2))
    unstable, stable = ax.lines
    places = plane.project(points.states)
    assert np.allclose(np.transpose(stable.get_data()), places[points.stable])
    assert np.allclose(np.transpose(unstable.get_data()), places[~points.stable])
    assert len(plot.phase_portrait(field).lines) == 0


def test_embedding_draws_groups_and_their_distances(ax):
    points = np.array([[0.0, 0.0], [0.0, 2.0], [3.0, 1.0], [3.0, 5.0]])
    assert plot.embedding(points, ["a", "a", "b", "b"], ax=ax) is ax
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]
    assert [text.get_text() for text in ax.texts] == [f"{np.hypot(3, 2):.2f}"]
    assert np.allclose(ax.collections[0].get_offsets(), points[:2])
    first = ax.patches[0]
    assert first.center == (0, 1)
    assert (first.width, first.height) == pytest.approx((3 * np.sqrt(2), 3 * np.sqrt(1e-3)))
    assert abs(first.angle) == pytest.approx(90)
    assert np.allclose(ax.lines[0].get_data(), [[0, 3], [1, 3]])


def test_lengths_of_edges_in_one_line_do_not_overlap():
    ax = plt.figure(figsize=(2, 2)).add_subplot()
    centres = np.array([[0.0, 0.0], [2.0, 0.4], [3.0, 0.7]])
    around = np.array([[0.1, 0.0], [-0.1, 0.0], [0.0, 0.1], [0.0, -0.1]])
    points = (centres[:, None] + around).reshape(-1, 2)
    plot.embedding(points, np.repeat(["a", "b", "c"], 4), ax=ax)
    ax.figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in ax.texts]
    assert len(boxes) == 3
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plot.kappa_flow(rank_one(tbrnn.LowRankRNN, 2)), "net must be one network of rank"),
        (lambda: plot.embedding(np.zeros((4, 3)), list("aabb")), r"points must be \(network, 2\)"),
        (
            lambda: plot.embedding(np.zeros((4, 2)), list("aabb"), colors={"a": "red"}),
            "colors must be given for every group, got none for b",
        ),
    ],
)
def test_errors_of_pictures_of_dynamics(call, message):
    with pytest.raises(ValueError, match=message):
        call()
    assert plt.get_fignums() == []
