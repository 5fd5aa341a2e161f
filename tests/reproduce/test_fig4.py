"""Fig 4: warm starts, memories, and the published distances through the report."""

import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

import tbrnn
from reproduce.small import MADE, small
from tbrnn.reproduce.campaign import reproduce
from tbrnn.reproduce.fig4 import EXPERIMENT, load_protocol, make_report, published
from tbrnn.reproduce.fig4.figure import _origin
from tbrnn.reproduce.fig4.measured import Measured, cosine, measure, read_measured
from tbrnn.reproduce.fig4.networks import CLASSES, NAMES
from tbrnn.reproduce.record import Record
from tbrnn.reproduce.store import Store
from tbrnn.tasks import FlipFlop
from tolerances import TOLERANCES

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
GROUPS = np.array(list(CLASSES))
ALLOWED = TOLERANCES["golden metrics float64"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("fig4")
    reproduce(EXPERIMENT, small("fig4", runs=2, epochs=20), out=out, threads=2)
    return out


def record(network, run, test_loss=1e-3):
    scores = {"accuracy": 1.0, "test_loss": test_loss, "training_accuracy": 1.0}
    return Record(network, run, None, "converged", 1, 900, 1e-4, 1e-4, scores)


def report_of_the_published_matrix(published_arrays):
    golden = published_arrays("solution_distance_matrix")
    groups = GROUPS[golden["class_id"]]
    runs = np.tile(np.arange(30), 4)
    answers = np.tile([1.0, -1.0], (120, 1))
    cosines = np.where(groups == "rnn", -1.0, 1.0)
    measured = Measured(groups, runs, golden["distance"], golden["distance"], cosines, answers)
    records = [record(name, run) for name in CLASSES for run in range(30)]
    return make_report(records, measured, load_protocol("paper"), MADE)


def test_the_published_matrix_agrees_with_the_published_numbers(published):
    report = report_of_the_published_matrix(published)
    assert report.deviations == []
    assert [one.holds for one in report.orderings] == [True] * 3
    judged = [value for value in report.values if value.agrees is not None]
    assert len(judged) == 10 + 2
    for value in report.values:
        if value.name.startswith(("distance", "classical")):
            assert abs(value.ours - value.published) <= ALLOWED, value.name
    text = report.printed()
    assert "holds: two-body networks remember in two symmetric fixed points" in text
    assert text.count("does not hold") == 0


def test_without_scikit_learn_smacof_is_left_out(published, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    report = report_of_the_published_matrix(published)
    assert report.left_out == ["SMACOF: needs scikit-learn, pip install 'tbrnn[analysis]'"]
    head, *rows = (
        line.split() for line in report.printed().split("two dimensions\n")[1].split("\n")
    )
    assert head == ["pair", "classical", "publ.", "SMACOF", "publ."]
    assert [row[-2] for row in rows[:3]] == ["-"] * 3


def test_published_numbers_have_a_pair_for_every_two_classes():
    assert len(published.DISTANCES) == 10
    assert set(published.LOGS) == set(CLASSES) == set(NAMES)


def test_cosines_of_the_published_networks(published):
    nets = [
        cls.from_state_dict(published(f"solution_run1_{name}"), alpha=0.2)[0]
        for name, cls in (("rnn", tbrnn.LowRankRNN), ("tbrnn", tbrnn.LowRankTBRNN))
    ]
    test = FlipFlop(bits=1).sample(9)
    measured = measure(["rnn", "tbrnn"], [0, 0], nets, test)
    assert measured.cosines("rnn") == pytest.approx(-1, abs=1e-5)
    assert measured.cosines("tbrnn") == pytest.approx(1, abs=1e-5)
    assert measured.remember.all()


def test_networks_that_forget_are_left_out():
    measured = Measured(
        np.array(["rnn", "rnn"]),
        np.arange(2),
        np.zeros((2, 2)),
        np.zeros((2, 2)),
        np.array([-1.0, 0.3]),
        np.array([[0.9, -0.8], [0.9, 0.7]]),
    )
    assert measured.cosines("rnn").tolist() == [-1.0]
    assert np.isnan(cosine(np.zeros(3), np.ones(3)))


def test_three_body_networks_start_from_their_run_s_rnn(folder):
    store = Store(folder)
    for run in range(2):
        rnn, free, same = (
            store.network((name, run, None)) for name in ("rnn", "tbrnn", "tbrnn_same")
        )
        for name in ("w_in", "w_out"):
            kept, released = getattr(same, name), getattr(free, name)
            given = getattr(rnn, name)
            assert np.array_equal(kept, given)
            assert not np.array_equal(released, given)
            assert np.abs(released - given).max() < 20 * 5e-3 * 1.5


def test_measured_survives_its_file(folder):
    measured = read_measured(folder / "fig4.npz")
    networks = 2 * len(CLASSES)
    assert measured.distance.shape == measured.centred.shape == (networks, networks)
    assert measured.groups.tolist() == [name for name in CLASSES for _ in range(2)]
    assert measured.bytes() == (folder / "fig4.npz").read_bytes()


def test_a_distance_too_far_from_the_published_one_is_a_deviation(published):
    golden = published("solution_distance_matrix")
    runs, answers = np.tile(np.arange(30), 4), np.tile([1.0, -1.0], (120, 1))
    groups = GROUPS[golden["class_id"]]
    other = 0.5 * (1 - np.eye(120))
    measured = Measured(groups, runs, other, other, np.ones(120), answers)
    report = make_report([], measured, load_protocol("paper"), MADE)
    assert any("distance, two-body - two-body: ours 0.5" in line for line in report.deviations)
    assert any(line.startswith("does not hold: two-body") for line in report.deviations)
    quick = make_report([], measured, load_protocol("quick"), MADE)
    assert all(value.agrees is None for value in quick.values)


def test_a_root_beside_the_origin_is_drawn_larger():
    weights = NOTEBOOKS / "fig_4" / "weights"
    for name, insets in (("rnn", 0), ("tbrnn", 1)):
        ax = Figure().subplots()
        _origin(ax, tbrnn.load(weights / f"{name}-run-4.safetensors")[0])
        assert len(ax.child_axes) == insets
    _, _, unstable, stable = ax.child_axes[0].lines
    assert 0 in stable.get_xdata()
    assert 0 < unstable.get_xdata()[0] < ax.child_axes[0].get_xlim()[1]
