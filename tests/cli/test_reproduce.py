"""``tbrnn reproduce`` of figures and tables at smoke size; all of a paper into one folder."""

import json
from importlib import import_module

import pytest
from typer.testing import CliRunner

import tbrnn.reproduce.table1 as table1
from cli.test_cli import QUICK, smoke
from reproduce.small import EXPERIMENTS, LOAD, small
from tbrnn.cli import app


def run(*words):
    return CliRunner().invoke(app, ["reproduce", *(str(word) for word in words)])


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(table1, "load_protocol", smoke)
    for name, module in EXPERIMENTS.items():

        def load(preset, *, seed=0, runs=None, name=name):
            return small(name, preset=preset, seed=seed, runs=runs or 2)

        monkeypatch.setattr(module, "load_protocol", load)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment(name, tmp_path):
    result = run(name, "--out", tmp_path, "--seed", 3, "--threads", 2)
    assert result.exit_code == 0, result.output
    text = (tmp_path / f"{name}.txt").read_text()
    assert text.strip() in result.stdout
    assert f"Written to {tmp_path}: {name}.txt, {name}.png, report.json" in result.stdout
    assert json.loads((tmp_path / "report.json").read_text())["provenance"]["seed"] == 3
    again = run(name, "--out", tmp_path, "--seed", 3)
    assert again.stdout == result.stdout
    other = run(name, "--out", tmp_path, "--seed", 4)
    assert other.exit_code == 2
    assert "seed: 3 there, 4 now" in other.stderr


@pytest.mark.parametrize("name", ["table1", "table2"])
def test_ctrl_c_says_that_the_same_command_goes_on(name, tmp_path, monkeypatch):
    def press(self, *words):
        raise KeyboardInterrupt

    module = import_module(f"tbrnn.reproduce.{name}")
    monkeypatch.setattr(module, "load_protocol", {"table1": QUICK, **LOAD}[name])
    monkeypatch.setattr("tbrnn._training.Bar.update", press)  # after a slice of time
    result = run(name, "--out", tmp_path)
    assert result.exit_code == 130
    told = f"tbrnn reproduce {name}: stopped; the same command goes on where it stopped"
    assert result.stderr.splitlines()[-1] == told
    assert "Warning" not in result.stderr


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_shard(name, tmp_path):
    result = run(name, "--out", tmp_path, "--shard", "2/2")
    assert result.exit_code == 0, result.output
    assert f"Shard 2/2 is complete in {tmp_path}" in result.stdout
    assert (tmp_path / "shard-2-of-2" / "networks.jsonl").exists()
    assert not (tmp_path / "report.json").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--shard", "3/2"], "shard must look like 2/8"),
        (["--threads", "0"], "threads must be a whole number of at least 1, got 0"),
        (["--preset", "huge"], "preset must be one of 'quick', 'paper', got 'huge'"),
    ],
)
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_mistakes(name, tmp_path, words, message):
    result = run(name, "--out", tmp_path, *words)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.output


def test_the_whole_paper(tmp_path):
    result = run("three-body", "--out", tmp_path, "--runs", 2)
    assert result.exit_code == 0, result.output
    found = sorted(path.parent.name for path in tmp_path.glob("*/report.json"))
    assert found == ["fig3", "fig4", "table1", "table2"]
    assert [result.stdout.index(f"{name}.txt") for name in found] == sorted(
        result.stdout.index(f"{name}.txt") for name in found
    )
