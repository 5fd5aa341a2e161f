"""Sweeps: every network once, the same numbers however often the sweep was cut off."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

import tbrnn
from campaign.sweeps import SMALL, content, lines
from tbrnn.campaign import ChangedConfiguration, batches, scores, work
from tolerances import TOLERANCES


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    tbrnn.sweep(SMALL, out=folder)
    return folder


def test_a_line_per_network_in_the_order_of_the_grid(whole):
    found = lines(whole)
    places = [(line["model.rank"], line["training.dtype"], line["seed"]) for line in found]
    kinds = ("float32", "float64")
    assert places == [(rank, kind, seed) for rank in (1, 2) for kind in kinds for seed in (0, 5, 7)]
    assert len({line["id"] for line in found}) == len(found) == 12
    for line in (whole / "networks.jsonl").read_text().splitlines():
        assert len(line) < 1000
    for line in found:
        assert line["status"] == "capped"
        assert (line["attempts"], line["epochs"]) == (1, 20)
        assert line["version"] == tbrnn.__version__
        assert line["instruction_set"] == tbrnn.engine_info()["instruction_set"]


def test_a_line_tells_what_fit_and_the_test_trials_say(whole):
    task = tbrnn.tasks.FlipFlop(bits=1, steps=15)
    model = tbrnn.LowRankRNN(units=8, rank=2, inputs=1, outputs=1)
    runs = tbrnn.fit(
        model, task.sample(12, seed=(4, 0)), seed=[(5, model.code, 2)], dtype="float64",
        epochs=20, lr=1e-2, stall=None,
    )  # fmt: skip
    test = task.sample(9, seed=(4, 1))
    outputs = runs.best[0].simulate(test).outputs
    line = lines(whole)[10]
    assert (line["seed"], line["model.rank"], line["training.dtype"]) == (5, 2, "float64")
    assert line["best_loss"] == runs.best_loss[0]
    assert line["last_loss"] == runs.last_loss[0]
    assert line["test_loss"] == pytest.approx(np.square(outputs - test.targets).mean(), rel=1e-12)
    assert line["accuracy"] == tbrnn.analysis.accuracy(outputs, test.targets)
    weights = tbrnn.load(whole / "weights" / f"{line['id']}.safetensors")
    assert (weights[0].m == runs.best[0].m).all()
    assert (weights.numbers.tolist(), weights.seeds) == ([5], runs.best.seeds)
    with np.load(whole / "history" / f"{line['id']}.npz") as history:
        assert history["epoch"].tolist() == [-1, 0, 5, 10, 15, 19]


@pytest.mark.parametrize("loss", ["mse", "logistic", "cross_entropy"])
def test_the_test_loss_is_the_one_that_is_trained(loss, tmp_path):
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(30, 8, 2))
    targets = np.eye(2)[(inputs[..., 0] > 0).astype(int)]
    mask = rng.random((30, 8)) < 0.7
    np.savez(tmp_path / "trials.npz", inputs=inputs, targets=targets, mask=mask)
    given = {"task": {"file": "trials.npz", "test": "trials.npz"}}
    given["model"] = {**SMALL["model"], "rank": 1}
    given["training"] = {"loss": loss, "epochs": 200, "lr": 1e-2, "dtype": "float64"}
    path = tmp_path / "sweep.yaml"
    path.write_text(json.dumps(given))
    (line,) = tbrnn.sweep(path, out=tmp_path / "out")
    assert line["test_loss"] == pytest.approx(line["best_loss"], rel=TOLERANCES["float64 values"])
    if loss != "mse":
        assert line["accuracy"] > 0.9


def test_test_trials_that_the_loss_does_not_take_are_found_before_the_training(tmp_path):
    inputs = np.zeros((3, 4, 1))
    np.savez(tmp_path / "trials.npz", inputs=inputs, targets=inputs)
    np.savez(tmp_path / "test.npz", inputs=inputs, targets=inputs - 1)
    given = {"task": {"file": str(tmp_path / "trials.npz"), "test": str(tmp_path / "test.npz")}}
    given["model"] = {**SMALL["model"], "rank": 1}
    given["training"] = {"loss": "logistic"}
    with pytest.raises(ValueError, match="targets of test must be from 0 to 1"):
        tbrnn.sweep(given, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_classes_of_a_network_that_exploded_are_not_right():
    trials = tbrnn.Trials(np.ones((3, 4, 1)), np.eye(2)[np.zeros((3, 4), int)])
    for value in (np.nan, np.inf):
        outputs = np.full((3, 4, 2), value)
        assert scores.test_accuracy(outputs, trials, "cross_entropy") == 0.0


def test_numbers_of_numpy_are_numbers(whole, tmp_path):
    grid = {**SMALL["grid"], "model.rank": list(np.arange(1, 3))}
    model = {**SMALL["model"], "units": np.int64(8)}
    seeds = np.array(SMALL["seeds"])
    tbrnn.sweep({**SMALL, "grid": grid, "model": model, "seeds": seeds}, out=tmp_path)
    assert lines(tmp_path) == lines(whole)


@pytest.mark.parametrize(
    ("shard", "error", "message"),
    [
        ("1/2", TypeError, r"shard must be \(i, n\), two whole numbers, got '1/2'"),
        (1, TypeError, r"shard must be \(i, n\), two whole numbers, got 1"),
        ((1.0, 2), TypeError, r"shard\[0\] must be a whole number"),
        ((3, 2), ValueError, r"shard must be \(i, n\) with 1 <= i <= n, got \(3, 2\)"),
    ],
)
def test_shards_that_are_none(shard, error, message, tmp_path):
    with pytest.raises(error, match=message):
        tbrnn.sweep(SMALL, out=tmp_path / "out", shard=shard)
    assert not (tmp_path / "out").exists()


def test_what_returns_is_what_is_written(whole):
    returned = tbrnn.sweep(SMALL, out=whole)
    assert returned == [json.loads(x) for x in (whole / "networks.jsonl").read_text().splitlines()]


def test_cut_off_anywhere_and_called_again(whole, tmp_path):
    for member, part in enumerate((0.0, 0.1, 0.37, 0.62, 0.999)):
        folder = tmp_path / str(member)
        tbrnn.sweep(SMALL, out=folder)
        path = folder / "networks.jsonl"
        size = int(part * path.stat().st_size)
        kept = path.read_bytes()[:size]
        path.write_bytes(kept)
        tbrnn.sweep(SMALL, out=folder)
        assert content(folder) == content(whole)
        complete = kept[: kept.rfind(b"\n") + 1]
        assert path.read_bytes().startswith(complete)  # the seconds, too: nothing was done again


@pytest.mark.parametrize("place", [".", "shard-1-of-2"])
def test_a_line_about_no_network_is_named(whole, place, tmp_path):
    shutil.copytree(whole, tmp_path / place, dirs_exist_ok=True)
    path = tmp_path / place / "networks.jsonl"
    path.write_text(path.read_text() + '{"network": "rnn"}\n')
    with pytest.raises(ValueError, match=f"{path}, line 13: no network: it lacks 'id'"):
        tbrnn.sweep(SMALL, out=tmp_path)


def test_nothing_is_trained_twice(whole, monkeypatch):
    monkeypatch.setattr(work, "train_batch", None)
    before = (whole / "networks.jsonl").stat().st_mtime_ns
    tbrnn.sweep(SMALL, out=whole)
    assert (whole / "networks.jsonl").stat().st_mtime_ns == before


def test_an_interrupted_batch_goes_on_from_its_checkpoint(whole, tmp_path, monkeypatch):
    def interrupted(*arguments, **options):
        return replace(tbrnn.fit(*arguments, **options), interrupted=True)

    monkeypatch.setattr(batches, "fit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        tbrnn.sweep(SMALL, out=tmp_path)
    assert lines(tmp_path) == []
    (checkpoint,) = (tmp_path / "checkpoints").iterdir()

    def restored(*arguments, **options):
        given.append(options["checkpoint"])
        return tbrnn.fit(*arguments, **options)

    given = []
    monkeypatch.setattr(batches, "fit", restored)
    tbrnn.sweep(SMALL, out=tmp_path)
    assert given[0] == checkpoint
    assert content(tmp_path) == content(whole)
    assert not (tmp_path / "checkpoints").exists()


def test_large_sweeps_come_in_batches_of_equal_models(tmp_path):
    told = []
    grid = {"model.rank": [1, 2, 3], "training.lr": [1e-3, 1e-2]}
    training = {"epochs": 2, "record_every": 0}
    large = {**SMALL, "training": training, "grid": grid, "seeds": 25}
    tbrnn.sweep(large, out=tmp_path, tell=told.append)
    assert [text.partition(": ")[2] for text in told] == [f"{n} networks" for n in (64, 64, 22)]
    assert not (tmp_path / "history").exists()


def test_networks_that_differ_in_other_things_start_from_the_same_weights(tmp_path):
    grid = {"training.lr": [1e-9, 2e-9]}
    tbrnn.sweep({**SMALL, "model": {**SMALL["model"], "rank": 2}, "grid": grid}, out=tmp_path)
    first = {}
    for line in lines(tmp_path):
        weights = tbrnn.load(tmp_path / "weights" / f"{line['id']}.safetensors")[0].m
        np.testing.assert_allclose(weights, first.setdefault(line["seed"], weights), atol=1e-6)
    assert not np.allclose(first[0], first[5])


def test_diverged_networks_are_lines_too(tmp_path):
    grid = {"training.lr": [1e-2, 1e30], "model.phi": ["relu"]}
    small = {**SMALL, "model": {**SMALL["model"], "rank": 1}, "grid": grid, "seeds": 1}
    fine, wild = tbrnn.sweep(small, out=tmp_path)
    assert (fine["status"], wild["status"]) == ("capped", "diverged")


def test_a_changed_configuration_is_refused(whole):
    with pytest.raises(ChangedConfiguration, match="training.epochs: 20 there, 21 now"):
        tbrnn.sweep({**SMALL, "training": {**SMALL["training"], "epochs": 21}}, out=whole)
