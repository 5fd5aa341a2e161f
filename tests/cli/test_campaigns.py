"""``tbrnn train``, ``tbrnn sweep`` and ``tbrnn status``: files, summaries, and mistakes."""

import importlib
import json

import matplotlib.image
import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

import tbrnn
from campaign.sweeps import SMALL, content, lines
from campaign.test_configuration import ONE, OWN
from tbrnn.campaign import hold
from tbrnn.campaign.figures import loss_figure
from tbrnn.cli import app

TRAINING = {"epochs": 30, "lr": 1e-2, "stall": None}
FILES = ["campaign.json", "history.npz", "loss.png", "networks.jsonl", "trials.png"]


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def config(tmp_path):
    """Write a configuration file."""

    def write(given):
        path = tmp_path / "config.yaml"
        path.write_text(yaml.safe_dump(given, sort_keys=False))
        return path

    return write


def files(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def times(folder):
    return {name: (folder / name).stat().st_mtime_ns for name in files(folder)}


def test_train(config, tmp_path):
    given = config({**ONE, "training": TRAINING, "seed": 3})
    result = run("train", given, "--out", tmp_path / "out", "--threads", 1)
    assert result.exit_code == 0, result.output
    assert files(tmp_path / "out") == [*FILES, "weights.safetensors"]
    (line,) = lines(tmp_path / "out")
    assert (line["seed"], line["status"], line["epochs"]) == (3, "capped", 30)
    assert "LowRankRNN, 8 units, rank 1; Trials(12 trials" in result.stdout
    assert "capped after 30 epochs" in result.stdout
    assert f"best loss {line['best_loss']:.3g}" in result.stdout
    assert f"test loss {line['test_loss']:.3g}, accuracy {line['accuracy']:.3g}" in result.stdout
    assert str(tmp_path / "out") in result.stdout
    assert len(tbrnn.load(tmp_path / "out" / "weights.safetensors")) == 1
    with np.load(tmp_path / "out" / "history.npz") as history:
        assert {"epoch", "loss", "gradient_norm", "lr"} <= set(history)
        assert history["loss"][-1] < history["loss"][0]
    for name in ("loss.png", "trials.png"):
        picture = matplotlib.image.imread(tmp_path / "out" / name)
        assert min(picture.shape[:2]) > 200
        assert picture[:, :, :3].std() > 0.05  # something is drawn


def test_train_is_a_row_of_a_sweep(config, tmp_path):
    tbrnn.sweep({**ONE, "training": TRAINING, "seeds": [0, 3]}, out=tmp_path / "sweep")
    run(
        "train", config({**ONE, "training": TRAINING}), "--out", tmp_path / "one", "--set", "seed=3"
    )
    (alone,), (_, row) = lines(tmp_path / "one"), lines(tmp_path / "sweep")
    assert {**alone, "config": ""} == {**row, "config": ""}
    weights = (tmp_path / "sweep" / "weights" / f"{row['id']}.safetensors").read_bytes()
    assert (tmp_path / "one" / "weights.safetensors").read_bytes() == weights


def test_a_network_that_is_finished_is_not_trained_again(config, tmp_path):
    words = ("train", config({**ONE, "training": TRAINING}), "--out", tmp_path / "out")
    first = run(*words)
    before = times(tmp_path / "out")
    again = run(*words)
    assert again.stdout == first.stdout
    assert times(tmp_path / "out") == before
    refused = run(*words, "--set", "training.epochs=31")
    assert refused.exit_code == 2
    assert "training.epochs: 30 there, 31 now" in refused.stderr


def test_a_checkpoint_that_a_killed_call_left_beside_its_network_is_removed(config, tmp_path):
    words = ("train", config({**ONE, "training": TRAINING}), "--out", tmp_path / "out")
    run(*words)
    (tmp_path / "out" / "checkpoints" / "attempt-1").mkdir(parents=True)
    assert run(*words).exit_code == 0
    assert files(tmp_path / "out") == [*FILES, "weights.safetensors"]


def test_a_task_of_the_user_and_another_model(config, tmp_path):
    (tmp_path / "echo.py").write_text(OWN)
    model = {"class": "LowRankHORNN", "units": 9, "rank": [2, 1], "gated": True}
    own = {"task": {"class": "echo.py:Echo", "delay": 1}, "model": model, "training": TRAINING}
    words = ("--set", "task.delay=3", "--set", "training.lr={first: 1e-2, last: 1e-3}")
    result = run("train", config(own), "--out", tmp_path / "out", *words)
    assert result.exit_code == 0, result.output
    assert (
        "LowRankHORNN, 9 units, rank (2, 1); Trials(128 trials, 12 steps, 3 inputs, 2 targets"
        in (result.stdout)
    )
    made = json.loads((tmp_path / "out" / "campaign.json").read_text())["configuration"]
    assert made["task"] == {"class": "echo.py:Echo", "delay": 3}
    assert made["training"]["lr"]["last"] == 1e-3
    assert list(made["files"]) == ["echo.py:Echo"]


def test_trials_of_the_user(config, tmp_path):
    rng = np.random.default_rng(0)
    inputs, mask = rng.normal(size=(5, 10, 2)), np.ones((5, 10, 1))
    np.savez(tmp_path / "mine.npz", inputs=inputs, targets=inputs[:, :, :1], mask=mask)
    own = {"task": {"file": "mine.npz"}, "model": ONE["model"], "training": TRAINING}
    result = run("train", config(own), "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "no test trials" in result.stdout
    assert files(tmp_path / "out") == [*FILES, "weights.safetensors"]
    assert lines(tmp_path / "out")[0]["accuracy"] is None


def test_a_test_loss_that_is_not_finite_is_no_lack_of_test_trials(config, tmp_path):
    inputs = np.ones((3, 10, 1))
    np.savez(tmp_path / "mine.npz", inputs=inputs, targets=inputs)
    np.savez(tmp_path / "new.npz", inputs=inputs, targets=1e30 * inputs)
    task = {"file": "mine.npz", "test": "new.npz"}
    own = {"task": task, "model": ONE["model"], "training": TRAINING}
    result = run("train", config(own), "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert lines(tmp_path / "out")[0]["test_loss"] is None
    assert "test loss not finite, accuracy 1" in result.stdout
    assert "no test trials" not in result.stdout


def test_the_figure_of_the_loss_has_no_gaps_and_shows_validation():
    task = tbrnn.tasks.FlipFlop(bits=1, steps=15)
    model = tbrnn.LowRankRNN(units=8, rank=1, inputs=1, outputs=1)
    runs = tbrnn.fit(
        model, task.sample(9, 0), validation=task.sample(5, 1), epochs=13, batch=4,
        evaluate_every=3, record_every=2, stall=None,
    )  # fmt: skip
    assert np.isnan(runs.history[0]["loss"]).any()
    (ax,) = loss_figure(runs).axes
    trained, held = (line.get_ydata() for line in ax.lines if len(line.get_ydata()))
    assert len(trained) == len(held) > 3
    assert np.isfinite([*trained, *held]).all()
    words = [text.get_text() for text in ax.get_legend().get_texts()]
    assert words == ["capped", "training", "validation"]


def test_a_fault_of_the_package_is_no_mistake(config, tmp_path, monkeypatch):
    def fail(runs):
        raise ValueError("zip() argument 2 is shorter than argument 1")

    monkeypatch.setattr("tbrnn.campaign.single.loss_figure", fail)
    result = run("train", config({**ONE, "training": TRAINING}), "--out", tmp_path / "out")
    assert isinstance(result.exception, ValueError)  # with its traceback
    assert result.exit_code == 1
    assert result.stderr == ""


@pytest.mark.parametrize("command", ["train", "sweep"])
def test_ctrl_c_says_that_the_same_command_goes_on(config, tmp_path, monkeypatch, command):
    def press(self, *words):
        raise KeyboardInterrupt

    long = {**TRAINING, "epochs": 10**8, "target_loss": None}
    words = (command, config({**ONE, "training": long}), "--out", tmp_path / "out")
    monkeypatch.setattr("tbrnn._training.Bar.update", press)  # after a slice of time
    result = run(*words)
    assert result.exit_code == 130
    told = f"tbrnn {command}: stopped; the same command goes on where it stopped"
    assert result.stderr.splitlines()[-1] == told
    assert "Warning" not in result.stderr


def test_sweep(config, tmp_path):
    tbrnn.sweep(SMALL, out=tmp_path / "api")
    result = run("sweep", config(SMALL), "--out", tmp_path / "cli", "--threads", 1)
    assert result.exit_code == 0, result.output
    assert "12 of 12 networks finished (100 %)" in result.stdout
    assert "batch 1 of 2: 6 networks" in result.stderr
    assert content(tmp_path / "cli") == content(tmp_path / "api")
    assert run("status", tmp_path / "cli").stdout == result.stdout


def test_shards_of_a_sweep(config, tmp_path):
    given = config(SMALL)
    for shard in ("2/2", "1/2"):
        result = run("sweep", given, "--out", tmp_path / "parts", "--shard", shard)
        assert f"Shard {shard} is complete" in result.stdout
    run("sweep", given, "--out", tmp_path / "parts")
    run("sweep", given, "--out", tmp_path / "whole")
    assert content(tmp_path / "parts") == content(tmp_path / "whole")


def test_results_go_to_a_folder_of_the_configurations_name(config, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = config({**ONE, "training": {"epochs": 2}})
    assert run("train", given).exit_code == 0
    assert run("sweep", given).exit_code == 2  # a train's folder is no sweep's
    assert files(tmp_path / "runs") == ["config"]


def test_watching_ends_with_ctrl_c(tmp_path, monkeypatch):
    with hold(tmp_path, {**SMALL, "seeds": [0]}):
        pass
    looks = []

    def pause(seconds):
        looks.append(seconds)
        if len(looks) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(importlib.import_module("tbrnn.cli.status").time, "sleep", pause)
    result = run("status", tmp_path, "--watch")
    assert result.exit_code == 0
    assert result.stdout.count("0 of 4 networks finished") == 3
    assert "\x1b" not in result.stdout
    assert looks == [5.0] * 3


@pytest.mark.parametrize(
    "command", [["train", "flipflop_train"], ["sweep", "flipflop_sweep"], ["reproduce", "fig4"]]
)
def test_results_go_to_a_folder(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    for name, message in (("file", "file must be a folder, got a file"), ("", "a folder, got ''")):
        result = run(*command, "--out", name)
        assert result.exit_code == 2
        assert message in result.stderr
    assert files(tmp_path) == ["file"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["train", "nil"], "tbrnn train: nil: no such file, and none of the installed ones (fl"),
        (["train", "CONFIG", "--set", "seed"], "--set must look like training.lr=0.01, got 'seed'"),
        (["train", "CONFIG", "--set", "model.rank=9"], "model.rank must be a whole number from"),
        (["train", "CONFIG", "--set", "model.rank=[1"], "the value of model.rank, line 1: no YAML"),
        (["train", "CONFIG", "--set", "training.epoch=2"], "training.epoch is an unknown key; tr"),
        (["train", "CONFIG", "--set", "grid={}"], "grid must be left out for one network"),
        (["train", "CONFIG", "--threads", "0"], "threads must be a whole number of at"),
        (["train", "CONFIG", "--set", "training.loss=logistic"], "targets must be from 0 to 1 for"),
        (["sweep", "CONFIG", "--shard", "3/2"], "shard must look like 2/8"),
        (["sweep", "CONFIG", "--shard", "0/2"], "the first number from 1 to the second, got '0/2'"),
        (["sweep", "CONFIG", "--threads", "0"], "threads must be a whole number of at"),
        (["sweep", "table1_quick"], "runs is an unknown key"),
        (["status", "nil"], "tbrnn status: nil: no campaign was begun here"),
    ],
)  # fmt: skip
def test_mistakes(config, tmp_path, words, message):
    given = config({**ONE, "training": TRAINING})
    words = [str(given) if word == "CONFIG" else word for word in words]
    if words[0] != "status":
        words += ["--out", str(tmp_path / "out")]
    result = run(*words)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert "Traceback" not in result.output
    assert not (tmp_path / "out").exists()
