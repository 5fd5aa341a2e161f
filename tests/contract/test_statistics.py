"""Statistics of activity: the definitions, and that measuring changes no bit."""

from dataclasses import replace

import numpy as np
import pytest

import tbrnn
from contract.runs import FREE, MODEL, SIZES, TRIALS
from reference import network
from tbrnn._statistics import activity_statistics
from tolerances import assert_close

MODELS = {
    "two-body": tbrnn.LowRankRNN(rank=2, phi="sigmoid", **SIZES),
    "voltage": tbrnn.LowRankRNN(rank=2, form="voltage", phi="softplus", **SIZES),
    "three-body": replace(MODEL, phi="sigmoid"),
    "hard-orth": replace(MODEL, phi="softplus", hard_orth=True),
    "hybrid": tbrnn.LowRankHORNN(rank=(2, 1), phi="sigmoid", **SIZES),
    "gated": tbrnn.LowRankHORNN(rank=(2, 1), phi="softplus", gated=True, **SIZES),
    "full three-body": tbrnn.TBRNN(phi="sigmoid", **SIZES),
    "full hybrid": tbrnn.HORNN(phi="sigmoid", form="voltage", **SIZES),
    "full gated": tbrnn.HORNN(phi="softplus", gated=True, **SIZES),
}


def jacobian(model, arrays):
    """Central differences of one step without leak, x <- drive(phi(x)) or phi(drive(x)), at 0."""
    names = ("form", "phi", "hard_orth", "gated")
    options = {name: getattr(model, name) for name in names if hasattr(model, name)}
    net = network.Network(
        type(model).__name__, alpha=1.0, scale_two=1 / 5, scale_three=1 / 25, **options
    )
    p = arrays | {"b_in": np.zeros(5)} if "hard_orth" not in options else arrays
    h = 1e-5 * np.eye(5)
    states = network.rollout(net, p, np.zeros((10, 1, 3)), np.concatenate([h, -h]))[:, 0]
    return (states[:5] - states[5:]).T / 2e-5


@pytest.mark.parametrize("name", MODELS)
def test_spectral_radius_is_that_of_the_linearised_drive(name):
    model = MODELS[name]
    runs = tbrnn.fit(model, TRIALS, members=2, epochs=6, statistics=3, dtype="float64", **FREE)
    for i in range(2):
        J = jacobian(model, runs.last[i].arrays)
        radius = np.abs(np.linalg.eigvals(J)).max()
        ours = runs.statistics[i]["spectral_radius"][-1]
        assert_close(ours, radius, "central differences")
        assert ours > 0


def test_three_body_drives_have_no_linear_part():
    runs = tbrnn.fit(MODEL, TRIALS, epochs=2, statistics=2, **FREE)
    assert runs.statistics[0]["spectral_radius"].tolist() == [0.0]
    assert runs.statistics[0]["overlap"][0] > 0


def test_overlaps_are_of_writing_with_reading_vectors():
    runs = tbrnn.fit(MODEL, TRIALS, epochs=2, statistics=2, dtype="float64", **FREE)
    net = runs.last[0]
    squares = [np.sum((read.T @ net.l / 5) ** 2) for read in (net.m, net.n)]
    assert_close(runs.statistics[0]["overlap"][0], np.sqrt(sum(squares)), "float64 values")


def test_participation_ratio_and_mean_rate():
    runs = tbrnn.fit(MODEL, TRIALS, members=2, epochs=4, statistics=4, dtype="float64", **FREE)
    for i, net in enumerate(runs.last):
        rates = net.simulate(TRIALS).rates.reshape(-1, 5)
        values = np.linalg.eigvalsh(np.cov(rates.T))
        ratio = values.sum() ** 2 / np.sum(values**2)
        row = runs.statistics[i][-1]
        assert_close(row["participation_ratio"], ratio, "float64 gradients")
        assert_close(row["mean_rate"], rates.mean(), "float64 gradients")


@pytest.mark.parametrize("batch", [None, 4])
def test_measuring_changes_no_bit(batch):
    """Members end at different epochs, so they rest and go on at different times."""
    models = [MODEL, tbrnn.LowRankRNN(rank=2, **SIZES), MODEL, MODEL]
    options = {"epochs": [6, 7, 1, 20], "batch": batch, "sigma": 0.1, "threads": 2, **FREE}
    bare = tbrnn.fit(models, TRIALS, **options)
    runs = tbrnn.fit(models, TRIALS, statistics=3, **options)
    assert [rows["epoch"].tolist() for rows in runs.statistics] == [
        [2, 5],
        [2, 5],
        [],
        list(range(2, 20, 3)),
    ]
    assert runs.last_loss.tolist() == bare.last_loss.tolist()
    for i in range(4):
        assert runs.history[i].tobytes() == bare.history[i].tobytes()
        ours, theirs = runs.last[i].arrays, bare.last[i].arrays
        assert all(np.array_equal(ours[name], theirs[name]) for name in ours)
    assert all(rows.size == 0 for rows in bare.statistics)


def test_students_are_measured_too():
    runs = tbrnn.lint(
        MODEL.initial([0]), tbrnn.LowRankRNN, ranks=[1, 2], trials=TRIALS, epochs=4, statistics=2
    )
    assert [rows["epoch"].tolist() for rows in runs.statistics] == [[1, 3], [1, 3]]


def test_activity_that_is_not_finite():
    wild = replace(MODEL, phi="identity", alpha=1.0, scale=1.0)
    runs = tbrnn.fit(wild, TRIALS, epochs=20, lr=1e6, statistics=1, **FREE)
    assert runs.status.tolist() == ["diverged"]
    assert len(runs.statistics[0]) >= 1


def test_activity_that_explodes():
    with np.errstate(all="raise"):
        assert np.isnan(activity_statistics(np.array([[[1e100], [-1e100]]]))[0])


def test_mistakes():
    with pytest.raises(ValueError, match="statistics must be a whole number of at least 0, got -1"):
        tbrnn.fit(MODEL, TRIALS, epochs=1, statistics=-1)
