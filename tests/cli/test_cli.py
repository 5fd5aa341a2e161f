"""The command line: info, version, Table 1 at smoke size, and mistakes that end with status 2."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import tbrnn
import tbrnn.reproduce.table1 as table1
from tbrnn.cli import app

QUICK = table1.load_protocol


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def smoke(preset, **options):
    """The protocol that was asked for, with few trials and epochs; every teacher is accepted."""
    protocol = QUICK(preset, **options)
    tasks = {}
    for name, task in protocol.tasks.items():
        training = {
            role: getattr(task, role).model_copy(update={"epochs": 6})
            for role in ("teacher", "student")
        }
        tasks[name] = task.model_copy(update=training)
    small = {"trials": 6, "test_trials": 5, "acceptance_loss": 10.0, "tasks": tasks}
    small["bootstrap"] = protocol.bootstrap.model_copy(update={"resamples": 20})
    return protocol.model_copy(update=small)


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(table1, "load_protocol", smoke)


def test_info():
    result = run("info")
    assert result.exit_code == 0
    shown = dict(line.split(maxsplit=1) for line in result.stdout.splitlines())
    info = tbrnn.engine_info()
    assert shown["tbrnn"] == tbrnn.__version__
    assert shown["threads"] == str(info["threads"])
    assert info["instruction_set"] in shown["instruction"]
    assert info["processor"] in shown["processor"]
    assert "cpu" in shown["engines"]


def test_version():
    assert run("--version").stdout == f"tbrnn {tbrnn.__version__}\n"


@pytest.mark.parametrize("words", [["--help"], ["reproduce", "--help"], ["bench", "--help"]])
def test_help(words):
    result = run(*words)
    assert result.exit_code == 0
    assert "Usage" in result.stdout


def table(tmp_path, *words):
    return run("reproduce", "table1", "--out", tmp_path, *words)


def records(folder):
    return [json.loads(line) for line in (folder / "networks.jsonl").read_text().splitlines()]


def test_table_1_at_smoke_size(small, tmp_path):
    result = table(tmp_path, "--tasks", "flipflop-1", "--ranks", "1-2", "--seed", 3)
    assert result.exit_code == 0, result.output
    assert "rnn" in result.stdout
    files = {path.name for path in tmp_path.iterdir()}
    assert {"networks.jsonl", "report.json", "table1.txt", "table1.png"} <= files
    assert (tmp_path / "table1.txt").read_text().strip() in result.stdout
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["provenance"]["seed"] == 3
    assert report["provenance"]["version"] == tbrnn.__version__
    for cell in report["cells"]:
        assert {"ours", "interval", "published", "agrees"} <= cell.keys()
    # two teachers, two student classes, two ranks
    assert len(records(tmp_path)) == 2 + 2 * 2 * 2


def test_first_runs_and_fewer_ranks_are_the_same_numbers(small, tmp_path):
    options = ("--preset", "paper", "--tasks", "flipflop-2")
    table(tmp_path / "three", *options, "--runs", 3, "--ranks", "1-3")
    table(tmp_path / "one", *options, "--runs", 1, "--ranks", "2,3")
    full, part = records(tmp_path / "three"), records(tmp_path / "one")
    assert len(full) == 3 * (2 + 2 * 2 * 3)
    assert len(part) == 2 + 2 * 2 * 2
    assert all(record in full for record in part)


def test_shards_merge_to_the_whole(small, tmp_path):
    options = ("--preset", "paper", "--tasks", "flipflop-1", "--runs", 3, "--ranks", "1")
    table(tmp_path / "whole", *options)
    for shard in ("2/2", "1/2"):
        result = table(tmp_path / "parts", *options, "--shard", shard)
        assert result.exit_code == 0, result.output
        assert f"Shard {shard} is complete" in result.stdout
    table(tmp_path / "parts", *options)
    for name in ("networks.jsonl", "table1.txt", "table1.png", "campaign.json"):
        assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    sittings = [tmp_path / "parts" / f"shard-{i}-of-2" / "sittings.jsonl" for i in (1, 2)]
    merged = (tmp_path / "parts" / "sittings.jsonl").read_text()
    assert merged == "".join(path.read_text() for path in sittings)


def test_a_folder_of_another_protocol_is_refused_with_the_difference(small, tmp_path):
    options = ("--tasks", "flipflop-1", "--ranks", "1")
    assert table(tmp_path, *options).exit_code == 0
    result = table(tmp_path, *options, "--seed", 1)
    assert result.exit_code == 2
    assert "begun with another configuration" in result.stderr
    assert "seed: 0 there, 1 now" in result.stderr


def test_another_seed_gives_other_numbers(small, tmp_path):
    options = ("--tasks", "flipflop-1", "--ranks", "1")
    table(tmp_path / "a", *options, "--seed", 0)
    table(tmp_path / "b", *options, "--seed", 1)
    ours, theirs = ([r["best_loss"] for r in records(tmp_path / name)] for name in "ab")
    assert not np.isin(ours, theirs).any()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--preset", "huge"], "preset must be one of 'quick', 'paper', got 'huge'"),
        (["--tasks", "lorenz"], "tasks must be some of flipflop-1, flipflop-2, got lorenz"),
        (["--ranks", "one"], "ranks must look like 1-6 or 1,2,4, got 'one'"),
        (["--ranks", "1-"], "ranks must look like 1-6 or 1,2,4, got '1-'"),
        (["--ranks", "3-1"], "ranks must look like 1-6 or 1,2,4, got '3-1'"),
        (["--ranks", "1,-2"], "ranks must look like 1-6 or 1,2,4, got '1,-2'"),
        (["--ranks", "31"], "ranks must be a whole number from 1 to 30, got 31"),
        (["--ranks", "0"], "ranks must be a whole number from 1 to 30, got 0"),
        (["--runs", "0"], "runs must be a whole number of at least 1, got 0"),
        (["--seed", "-1"], "seed must be a whole number of at least 0, got -1"),
        (["--shard", "3/2"], "shard must look like 2/8"),
        (["--shard", "1"], "shard must look like 2/8"),
        (["--threads", "0"], "threads must be a whole number of at least 1, got 0"),
    ],
)
def test_mistakes(small, tmp_path, words, message):
    result = table(tmp_path, *words)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.output


def test_a_folder_that_cannot_be_written_is_named_before_any_work(tmp_path):
    (tmp_path / "file").write_text("")
    result = table(tmp_path / "file" / "below")
    assert result.exit_code == 2
    assert "below" in result.stderr


def test_bench_of_one_workload(tmp_path):
    """What it prints and writes, not how fast it is."""
    path = tmp_path / "bench.json"
    words = ["--workloads", "two-body-1", "--no-peers", "--threads", 1]
    result = run("bench", *words, "--json", path)
    assert result.exit_code == 0, result.output
    assert "FMA peak" in result.stdout
    (row,) = json.loads(path.read_text())["single"]
    assert row["workload"] == "two-body-1"
    assert row["flop"] == 128 * 100 * 30 * (6 * (1 + 1 + 1 + 1) + 23)
    assert 0 < row["fraction"] < 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--workloads", "lorenz"], "workloads must be out of two-body-3,"),
        (["--threads", 0], "threads must be a whole number of at least 1, got 0"),
        (["--workloads", "jax-vmap", "--no-peers"], "peers must be True for jax-vmap, got False"),
        (["--json", "nowhere/bench.json"], "json_path must be a file in a folder that exists"),
        (["--json", "."], "json_path must be a file in a folder that exists, got ."),
    ],
)
def test_bench_mistakes(words, message, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tbrnn.bench.suite.this_machine", None)  # nothing is timed
    result = run("bench", *words)
    assert result.exit_code == 2
    assert message in result.stderr
