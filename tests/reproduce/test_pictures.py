"""What the pictures show, number by number, from records made by hand."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import tbrnn
from reproduce.campaigns import campaign
from tbrnn.analysis import pca
from tbrnn.reproduce import fig3, fig4, seeds, table1
from tbrnn.reproduce.fig3.example import Example
from tbrnn.reproduce.fig4.figure import figure as figure_4
from tbrnn.reproduce.fig4.figure import portrait_run
from tbrnn.reproduce.fig4.measured import Measured
from tbrnn.reproduce.table2 import published as known
from tbrnn.reproduce.table2.figure import figure as figure_2
from tbrnn.reproduce.table2.pictures import Pictures
from tbrnn.tasks import FlipFlop
from tolerances import assert_close

RNG = np.random.default_rng(3)
RANKS = range(1, 7)
WEIGHTS = Path(__file__).parents[2] / "notebooks" / "fig_4" / "weights"


def panel(page, letter):
    return next(ax for ax in page.axes if ax.get_title(loc="left") == letter)


def line(ax, label):
    return next(line for line in ax.lines if line.get_label() == label)


def heights(fill, x):
    """The lowest and the highest point of a filled region at x."""
    (path,) = fill.get_paths()
    at = path.vertices[path.vertices[:, 0] == x, 1]
    return at.min(), at.max()


def record(network, run, **scores):
    return SimpleNamespace(network=network, run=run, scores=scores)


def test_table_1_draws_the_best_run():
    """Section 9.5: the maximum over runs of the mean R2, by student rank; published ones beside."""
    protocol = table1.load_protocol("paper", runs=3)
    r2 = {}

    def score(*place):
        return r2.setdefault(place, RNG.uniform(-0.9, 1))

    page = table1.companion_figure(campaign(protocol, score)[1], protocol)
    panels = iter(page.axes)
    assert page.axes[0].get_ylabel() == "two-body teacher\nR² of the best run"
    for teacher in ("rnn", "tbrnn"):
        for task in protocol.tasks:
            ax = next(panels)
            for student, name in (("rnn", "two-body"), ("tbrnn", "three-body")):
                best = [max(r2[task, run, teacher, student, k] for run in range(3)) for k in RANKS]
                ours = line(ax, f"{name} students")
                assert ours.get_xdata().tolist() == list(RANKS)
                assert ours.get_ydata().tolist() == best
                theirs = np.maximum(table1.published.FIGURE[student, teacher][task], -1)
                drawn = line(ax, f"{name} students, published")
                assert drawn.get_ydata().tolist() == theirs.tolist()


def test_fig_3_draws_means_and_their_standard_errors():
    """Section 7.3: mean +- std / sqrt(runs)."""
    curves = {method: RNG.uniform(0.5, 1, (6, 4)) for method in ("lint", "slices", "tt", "tca")}
    _, ax = fig3.figure(curves, RANKS, None, None).axes
    means = [drawn for drawn in ax.lines if drawn.get_linestyle() == "-"]
    assert len(means) == len(ax.collections) == 4
    for curve, drawn, fill in zip(curves.values(), means, ax.collections, strict=True):
        assert drawn.get_xdata().tolist() == list(RANKS)
        assert_close(drawn.get_ydata(), curve.sum(axis=1) / 4, "float64 values")
        for rank, values in zip(RANKS, curve, strict=True):
            error = np.sqrt(np.mean((values - values.mean()) ** 2)) / 2
            ends = values.mean() - error, values.mean() + error
            assert_close(heights(fill, rank), ends, "float64 values")


def test_fig_3_draws_the_student_s_entries_against_the_teacher_s():
    """Section 7.3: x = teacher, y = student, over all entries; here m and n have no names."""
    pairs = RNG.normal(size=(2, 2, 3, 3, 3))
    page = fig3.figure({}, RANKS, None, Example(*(tuple(pair) for pair in pairs)))
    panels = [ax for ax in page.axes if "symmetrised" in ax.get_title()]
    for ax, pair in zip(panels, pairs, strict=True):
        x, y = ((w + w.swapaxes(1, 2)).ravel() / 2 for w in pair)
        (entries,) = (drawn for drawn in ax.lines if drawn.get_marker() == ".")
        assert_close(entries.get_xdata(), x, "float64 values")
        assert_close(entries.get_ydata(), y, "float64 values")
        cosine = x @ y / np.linalg.norm(x) / np.linalg.norm(y)
        assert f"cos {cosine:.3f}" in {text.get_text() for text in ax.texts}


def test_fig_4_shows_the_run_that_remembers_best():
    runs, forgets, remembers = range(4), [1.0, 0.1], [1.0, -1.0]
    answers = np.array([forgets, remembers, remembers, forgets] * 2)
    groups, other = np.repeat(["rnn", "tbrnn"], 4), np.zeros((8, 8))
    measured = Measured(groups, np.tile(runs, 2), other, other, np.ones(8), answers)
    losses = {"rnn": (3, 4, 5, 0), "tbrnn": (1, 3, 2, 4)}
    records = [record(name, run, test_loss=losses[name][run]) for name in losses for run in runs]
    assert portrait_run(records, measured) == 2
    nobody = Measured(groups, np.tile(runs, 2), other, other, np.ones(8), 0 * answers)
    assert portrait_run(records, nobody) == 0


@pytest.fixture(scope="module")
def of_fig4():
    """The page of run 4, whose networks are kept beside the notebook, with distances made up."""
    nets = tbrnn.Ensemble.concatenate(
        tbrnn.load(WEIGHTS / f"{name}-run-4.safetensors") for name in ("rnn", "tbrnn")
    )
    groups, runs = np.repeat(["rnn", "tbrnn", "tbrnn_same", "gru"], 2), np.tile([3, 4], 4)
    distance, centred = ((d + d.T) / 2 for d in RNG.uniform(0, 1, (2, 8, 8)))
    measured = Measured(groups, runs, distance, centred, np.ones(8), np.tile([1.0, -1.0], (8, 1)))
    protocol = fig4.load_protocol("quick")
    return figure_4(measured, nets, protocol), nets, distance, protocol


def test_fig_4_arrow_and_memories(of_fig4):
    """Section 8.3: W_in and the states after +1 and -1, in the plane of one long trial's states.

    The mean of these states is subtracted from other states, not from the arrow (13.11).
    """
    page, nets, _, protocol = of_fig4
    words = seeds.data(protocol.seed, "fig4", "long")
    long = FlipFlop(bits=1, steps=1000).sample(3, words)
    for ax, net in zip(page.axes[:2], nets, strict=True):
        found = pca(net.simulate(long).states[1])
        (arrow,) = (text for text in ax.texts if getattr(text, "arrow_patch", None))
        drawn = np.subtract(arrow.xy, arrow.xyann)
        assert_close(unit(drawn), unit(found.components @ net.w_in[:, 0]), "float64 values")
        for label, pulse in (("+1", 1), ("−1", -1)):
            inputs = np.zeros((1, 1001, 1))
            inputs[0, 0] = pulse
            state = net.simulate(inputs).states[0, -1]
            marker = line(ax, label)
            place = found.components @ (state - found.mean)
            assert_close(marker.get_xydata()[0], place, "float64 values")


def unit(vector):
    return vector / np.linalg.norm(vector)


def test_fig_4_distances_of_one_run(of_fig4):
    """Section 8.3: the three networks of a run, by the uncentred alignment (13.14)."""
    page, _, distance, _ = of_fig4
    rows = [1, 3, 7]  # of run 4: two-body, three-body, gated
    expected = distance[np.ix_(rows, rows)]
    ax = panel(page, "d")
    assert np.array_equal(ax.images[0].get_array(), expected)
    assert [text.get_text() for text in ax.texts] == [f"{d:.2f}" for d in expected.ravel()]


@pytest.fixture(scope="module")
def of_table2():
    """The page, the records and the pictures that it shows."""
    pictures = Pictures(
        course=RNG.uniform(size=(9, 30)),
        mean=RNG.uniform(size=9),
        std=RNG.uniform(size=9),
        answers=RNG.uniform(size=(3, 8)),
        matrix=RNG.normal(size=(30, 30)),
        tensor=RNG.normal(size=(30, 30, 30)),
    )
    cka = RNG.uniform(size=(3, 4, 2))
    records = [
        record(name, run, cka=cka[k, run, 0], test_cka=cka[k, run, 1])
        for k, name in enumerate(("rnn", "tbrnn", "hornn"))
        for run in range(4)
    ]
    return figure_2(records, pictures), cka, pictures


def test_table_2_draws_training_trials_filled_and_new_ones_open(of_table2):
    page, cka, _ = of_table2
    ax = panel(page, "c")
    drawn = [drawn for drawn in ax.lines if drawn.get_marker() == "o"]
    expected = [(both[:, new], bool(new)) for both in cka for new in (0, 1)]
    for points, bar, (values, new) in zip(drawn, ax.collections, expected, strict=True):
        assert points.get_ydata().tolist() == values.tolist()
        assert (points.get_markerfacecolor() == "none") == new
        assert_close(bar.get_segments()[0][:, 1], [values.mean()] * 2, "float64 values")
    diamonds = [drawn.get_ydata() for drawn in ax.lines if drawn.get_marker() == "D"]
    assert np.ravel(diamonds).tolist() == [mean for mean, _ in known.CKA.values()]


def test_table_2_draws_answers_frame_by_frame(of_table2):
    """Section 10: what the networks are asked for are frames 1 and later; frame 0 is given."""
    page, _, pictures = of_table2
    ax = panel(page, "d")
    for name, answer in zip(("RNN", "TBRNN", "HORNN"), pictures.answers, strict=True):
        assert line(ax, name).get_xdata().tolist() == list(range(1, 9))
        assert line(ax, name).get_ydata().tolist() == answer.tolist()
    assert line(ax, "target").get_xdata().tolist() == list(range(9))
    assert line(ax, "target").get_ydata().tolist() == pictures.course[:, 0].tolist()


def test_table_2_draws_the_mean_and_its_spread(of_table2):
    page, _, pictures = of_table2
    ax = panel(page, "b")
    assert ax.lines[0].get_ydata().tolist() == pictures.mean.tolist()
    for frame, (mean, std) in enumerate(zip(pictures.mean, pictures.std, strict=True)):
        ends = [mean - std, mean + std]
        assert_close(heights(ax.collections[0], frame), ends, "float64 values")
