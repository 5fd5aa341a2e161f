"""Fig 3: its truncations, example and report, on published networks where there are some."""

import shutil
import sys
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.lines import Line2D

import tbrnn
from connectivity.golden import effective_pair
from reproduce.small import MADE, small, watched
from tbrnn.analysis import accuracy, pca
from tbrnn.campaign.lines import read_lines, write_lines
from tbrnn.reproduce.campaign import reproduce
from tbrnn.reproduce.fig3 import (
    EXPERIMENT,
    example,
    figure,
    load_protocol,
    make_report,
    read_portrait,
    read_truncations,
)
from tbrnn.reproduce.fig3 import (
    published as known,
)
from tbrnn.reproduce.fig3.networks import test_trials as new_trials
from tbrnn.reproduce.fig3.networks import training_trials
from tbrnn.reproduce.fig3.truncations import Truncated
from tbrnn.reproduce.record import Record
from tbrnn.reproduce.store import Store
from tolerances import TOLERANCES

DUPLICATES = (11, 16, 17, 18)  # of row 6, counted from 0
IRREGULAR = (0, 1, 2, 8, 9)  # the slice method in another setting
ALLOWED = TOLERANCES["golden metrics float64"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("fig3")
    reproduce(EXPERIMENT, small("fig3", runs=2), out=out, threads=2)
    return out


def record(network, run, rank, reached, status="converged"):
    scores = {"training_accuracy": reached, "accuracy": reached - 0.01, "test_loss": 0.1}
    return Record(network, run, rank, status, 1, 900, 1e-4, 1e-4, scores)


@pytest.fixture
def golden(published):
    return published("validation_truncation_accuracy")


def report_of(golden, rows, preset="paper"):
    records = [
        record("student", int(run), rank, golden["lint"][run, rank - 1])
        for run in rows
        for rank in range(1, 7)
    ]
    truncated = [
        Truncated(int(run), method, rank, golden[name][run, rank - 1], 0.5)
        for run in rows
        for method, name in (("tt", "tt"), ("slices", "slice_tca"), ("tca", "tca"))
        for rank in range(1, 7)
    ]
    return make_report(records, truncated, {}, None, load_protocol(preset), MADE)


def test_published_means_are_those_of_the_published_arrays(golden):
    distinct = [row for row in range(30) if row not in DUPLICATES]
    regular = [row for row in distinct if row not in IRREGULAR]
    names = {"lint": "lint", "slice": "slice_tca", "tt": "tt", "tca": "tca"}
    for method, name in names.items():
        for rows, label in ((range(30), known.ALL), (distinct, known.DISTINCT)):
            mean = golden[name][list(rows)].mean(axis=0)
            assert np.max(np.abs(mean - known.ACCURACY[method][label])) <= ALLOWED
    slices = golden["slice_tca"]
    assert np.max(np.abs(slices[regular].mean(axis=0) - known.SLICE_REGULAR)) <= ALLOWED
    irregular = slices[list(IRREGULAR)].mean(axis=0)
    assert np.max(np.abs(irregular - known.SLICE_IRREGULAR)) <= ALLOWED
    for row in DUPLICATES:
        assert np.array_equal(golden["lint"][row], golden["lint"][6])


def test_the_published_arrays_agree_with_the_published_claims(golden):
    report = report_of(golden, [row for row in range(30) if row not in DUPLICATES])
    assert report.deviations == []
    assert report.orderings[0].holds
    assert report.value("LINT, rank 3").ours == pytest.approx(0.973311, abs=ALLOWED)
    text = report.printed()
    assert "30 rows" in text
    assert "26 distinct runs" in text
    assert "5 other runs" in text


def test_lint_below_the_cutoff_is_a_deviation(golden):
    golden["lint"] = golden["lint"] - 0.1
    report = report_of(golden, range(30))
    assert any(line.startswith("LINT, rank 3: ours 0.87") for line in report.deviations)
    golden["lint"] = golden["tt"] - 0.1
    report = report_of(golden, range(30), preset="quick")
    assert report.deviations == [
        "does not hold: at rank 3, LINT is more accurate than the tensor train"
    ]


def test_the_published_example(published):
    pair = example(*effective_pair(published))
    allowed = TOLERANCES["golden metrics float64"]
    assert abs(pair.cosine - known.COSINE) <= allowed
    assert abs(pair.effective_cosine - known.EFFECTIVE_COSINE) <= allowed
    same = pair.symmetrised()
    cosines = np.array([same.cosine, same.effective_cosine])
    assert np.max(np.abs(cosines - known.SYMMETRISED_COSINES)) <= 1e-5


def test_the_published_teacher(published):
    """Accuracy, error and components of the states of the published network."""
    arrays = {k: v.astype(float) for k, v in published("validation_teacher_tbrnn").items()}
    net = tbrnn.TBRNN.from_state_dict(arrays, alpha=1.0, form="voltage")[0]
    data = published("validation_data")
    long = net.simulate(data["tinput"].astype(float))
    found = pca(long.states, 3)
    assert np.max(np.abs(found.ratios - [0.333918, 0.314064, 0.275995])) <= ALLOWED
    assert abs(found.ratios.sum() - known.VARIANCE) <= ALLOWED
    assert abs(found.participation - known.PARTICIPATION) <= 5e-4
    short = net.simulate(data["input"].astype(float)).outputs
    assert accuracy(short, data["target"]) == 1
    assert abs(np.mean((short - data["target"]) ** 2) - 0.001397) <= ALLOWED


def test_truncations_and_example_of_a_campaign(folder):
    truncated = read_truncations(folder / "truncations.jsonl")
    methods = {one.method for one in truncated}
    assert {"tt", "slices"} <= methods
    assert len(truncated) == 2 * len(methods) * 6
    protocol, store = small("fig3", runs=2), Store(folder)
    teacher = store.network(("teacher", 1, None))
    one = next(t for t in truncated if t.place == (1, "tt", 2))
    left, values, right = np.linalg.svd(np.asarray(teacher.w_hh, float).reshape(30, -1))
    kept = (left[:, :2] * values[:2]) @ right[:2]
    arrays = {**teacher.arrays, "w_hh": kept.reshape(30, 30, 30)}
    nets = tbrnn.Ensemble.from_arrays(
        teacher.model, {name: np.asarray(array)[None] for name, array in arrays.items()}
    )
    trials = {
        "training_accuracy": training_trials(protocol, "teacher", [1]).dataset(0),
        "accuracy": new_trials(protocol, "teacher"),
    }
    for score, shown in trials.items():
        outputs = nets.simulate(shown).outputs[0]
        few_signs = 3 / outputs.size  # of float32 tensors
        assert abs(getattr(one, score) - accuracy(outputs, shown.targets)) <= few_signs


@pytest.mark.parametrize("without", [[], ["tca"], ["lint", "tt", "slices", "tca"]])
def test_methods_without_runs_are_not_drawn(without):
    runs = {method: 0 if method in without else 2 for method in ("lint", "tt", "slices", "tca")}
    curves = {method: np.full((6, count), 0.7) for method, count in runs.items()}
    cartoon, reductions = figure(curves, range(1, 7), None, None).axes
    drawn = [method for method in curves if method not in without]
    assert [line.get_linestyle() for line in reductions.lines].count(":") == len(drawn)
    assert ("CP" in {text.get_text() for text in cartoon.texts}) == ("tca" in drawn)
    legend = reductions.get_legend()
    assert (legend is None) == (not drawn)
    if legend is not None:
        assert len(legend.get_texts()) == len(drawn)
        keys = Counter(line.get_color() for line in legend.findobj(Line2D))
        assert list(keys.values()) == [2] * len(drawn)  # ours and the published one


def test_students_have_their_teacher_s_readout_and_no_scale(folder):
    store = Store(folder)
    for run in range(2):
        teacher = store.network(("teacher", run, None))
        for rank in range(1, 7):
            student = store.network(("student", run, rank))
            assert student.model.scale == 1
            assert (student.model.form, student.model.alpha) == ("voltage", 1)
            assert np.array_equal(student.w_out, teacher.w_out)


def test_missing_students_alone_are_trained_again(folder, tmp_path, monkeypatch):
    """One teacher lacks a record, another one the weights of a student of another rank."""
    part = tmp_path / "part"
    shutil.copytree(folder, part)
    (part / "weights" / "student-run-1-rank-5.safetensors").unlink()
    lost = {"network": "student", "run": 0, "rank": 2}
    kept = [
        line for line in read_lines(part / "networks.jsonl") if not lost.items() <= line.items()
    ]
    write_lines(part / "networks.jsonl", kept)
    calls = watched(monkeypatch, "lint")
    reproduce(EXPERIMENT, small("fig3", runs=2), out=part, threads=2)
    assert [(options["ranks"], len(teachers)) for teachers, *_, options in calls] == [
        ((2,), 1),
        ((5,), 1),
    ]
    for name in ("networks.jsonl", "fig3.txt", "weights/student-run-1-rank-5.safetensors"):
        assert (part / name).read_bytes() == (folder / name).read_bytes()


def test_rejected_teachers_have_no_students_and_are_named(tmp_path):
    protocol = small("fig3", runs=2, acceptance_accuracy=1.0, attempts=2)
    report = reproduce(EXPERIMENT, protocol, out=tmp_path, threads=2)
    assert {line.split(":")[0] for line in report.left_out} >= {"run 0", "run 1"}
    assert "rejected after 2 attempts" in report.printed()
    assert len((tmp_path / "attempts.jsonl").read_text().splitlines()) == 2 * 2 * 2
    assert len((tmp_path / "networks.jsonl").read_text().splitlines()) == 2 * 2


def test_teachers_that_diverged_are_rejected(monkeypatch):
    """However accurate their last good weights are."""
    fit = tbrnn.fit

    def diverging(*words, accept=None, **options):
        def judged(runs):
            return accept(replace(runs, status=np.full(len(runs), "diverged")))

        return fit(*words, accept=accept and judged, **options)

    monkeypatch.setattr(tbrnn, "fit", diverging)
    report = reproduce(EXPERIMENT, small("fig3", runs=1, attempts=2), threads=2)
    assert len(report.left_out) == 2


def test_methods_without_runs_are_not_judged():
    records = [
        record("student", run, rank, 0.99 if rank >= 3 else 0.8)
        for run in range(30)
        for rank in range(1, 7)
    ]
    truncated = [
        Truncated(run, method, rank, 0.7, 0.7)
        for run in range(30)
        for method in ("tt", "slices")
        for rank in range(1, 7)
    ]
    report = make_report(records, truncated, {}, None, load_protocol("paper"), MADE)
    assert report.deviations == []
    assert report.value("TCA (CP), rank 1").agrees is None


def test_without_tensorly_its_method_is_left_out(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorly", None)
    report = reproduce(EXPERIMENT, small("fig3", runs=1), out=tmp_path, threads=2)
    assert report.left_out == ["TCA (CP): needs tensorly, pip install 'tbrnn[analysis]'"]
    assert (tmp_path / "fig3.txt").read_text() == report.printed()
    assert {one.method for one in read_truncations(tmp_path / "truncations.jsonl")} == {
        "tt",
        "slices",
    }


def test_portrait_survives_its_file(folder):
    portrait = read_portrait(folder / "fig3.npz")
    assert portrait.path.shape == (2000, 3)
    assert portrait.bytes() == (folder / "fig3.npz").read_bytes()
