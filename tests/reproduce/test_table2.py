"""Table 2: its trials, scores and orderings, and the published statistics through the report."""

import numpy as np
import pytest

import tbrnn
from reproduce.small import MADE, small
from tbrnn.reproduce.campaign import reproduce
from tbrnn.reproduce.record import Record
from tbrnn.reproduce.store import Store, read_records
from tbrnn.reproduce.table2 import EXPERIMENT, load_protocol, make_report, published, read_pictures
from tbrnn.reproduce.table2.figure import mosaic
from tbrnn.reproduce.table2.networks import NAMES, model, trials_of
from tolerances import TOLERANCES, assert_close

ALLOWED = TOLERANCES["golden metrics float64"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("table2")
    reproduce(EXPERIMENT, small("table2", runs=2), out=out, threads=2)
    return out


def record(network, run, cka, r2):
    scores = {"cka": cka, "r2": r2, "r2_pooled": r2, "agreement": 1.0, "loss": 0.01}
    scores |= {f"test_{name}": value - 0.01 for name, value in scores.items()}
    return Record(network, run, None, "capped", 1, 30000, 0.01, 0.01, scores)


def test_the_published_statistics_agree_with_the_published_table(published_records):
    report = make_report(published_records, load_protocol("paper"), MADE)
    assert report.deviations == []
    assert all(one.holds for one in report.orderings)
    for name in NAMES.values():
        for score in ("CKA", "R2"):
            value = report.value(f"{name}, {score}")
            assert abs(value.ours - value.published) <= ALLOWED
    for pair in ("RNN < TBRNN", "TBRNN < HORNN"):
        value = report.value(pair)
        assert value.ours == pytest.approx(value.published, abs=ALLOWED)


@pytest.fixture
def published_records(published):
    golden = published("multifate_stats")
    return [
        record(name, run, golden[f"cka_{name}"][run], golden[f"r2_{name}"][run])
        for name in NAMES
        for run in range(30)
    ]


def test_a_mean_too_far_and_a_wrong_order_are_deviations():
    means = {"rnn": 0.66, "tbrnn": 0.93, "hornn": 0.90}
    records = [record(name, run, means[name], 0.5) for name in NAMES for run in range(3)]
    report = make_report(records, load_protocol("paper"), MADE)
    assert any(line.startswith("TBRNN, CKA: ours 0.93") for line in report.deviations)
    assert "does not hold: CKA on the training trials: RNN < TBRNN < HORNN" in report.deviations
    quick = make_report(records, load_protocol("quick"), MADE)
    assert all(value.agrees is None for value in quick.values)


def test_trials_of_a_run():
    protocol = small("table2")
    own, new = trials_of(protocol, 1)
    again, _ = trials_of(protocol, 1)
    assert (own.trials, new.trials) == (protocol.trials, protocol.test_trials)
    assert np.array_equal(own.targets, again.targets)
    assert not np.isin(new.initial_states[:, 0], own.initial_states[:, 0]).any()
    assert not np.array_equal(own.targets, trials_of(protocol, 2)[0].targets)


def test_scores_are_their_definition(folder):
    protocol, store = small("table2", runs=2), Store(folder)
    for record in read_records(folder / "networks.jsonl"):
        for prefix, trials in zip(("", "test_"), trials_of(protocol, record.run), strict=True):
            net = store.network(record.place)
            o = np.asarray(net.simulate(trials).outputs, float).reshape(-1, 30)
            y = np.asarray(trials.targets).reshape(-1, 30)
            o, y = o - o.mean(axis=0), y - y.mean(axis=0)
            cka = np.sum((o.T @ y) ** 2) / np.linalg.norm(o.T @ o) / np.linalg.norm(y.T @ y)
            assert_close(record.scores[f"{prefix}cka"], cka, "shifted sums")
        assert record.best_loss == pytest.approx(record.scores["loss"], rel=1e-4)


def test_networks_are_those_of_the_table():
    kinds = [tbrnn.RNN, tbrnn.TBRNN, tbrnn.HORNN]
    for name, kind in zip(NAMES, kinds, strict=True):
        made = model(load_protocol("paper"), name)
        assert isinstance(made, kind)
        assert (made.units, made.readout, made.phi_out, made.alpha) == (
            30,
            "identity",
            "sigmoid",
            0.2,
        )


def test_pictures_survive_their_file(folder):
    pictures = read_pictures(folder / "table2.npz")
    assert pictures.course.shape == (100, 30)
    assert pictures.answers.shape == (3, 99)
    assert pictures.matrix.shape == (30, 30)
    assert pictures.bytes() == (folder / "table2.npz").read_bytes()


def test_mosaic_has_every_slice_in_its_place():
    tensor = np.random.default_rng(0).normal(size=(7, 7, 7))
    image = mosaic(tensor)
    assert image.shape == (2 * 8 - 1, 6 * 8 - 1)
    assert np.array_equal(image[8:15, :7], tensor[6])
    assert np.array_equal(image[:7, 16:23], tensor[2])
    assert np.isnan(image[7]).all()


def test_published_table_has_every_model():
    assert set(published.CKA) == set(published.R2) == set(published.RUN) == set(NAMES)
