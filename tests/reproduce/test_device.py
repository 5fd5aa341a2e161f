"""``tbrnn reproduce NAME --device cuda`` on an emulated device: to the end, and in short calls."""

import json
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

import tbrnn.reproduce.table1 as table1
from builds import SOURCE
from cli.test_cli import smoke
from reproduce.small import EXPERIMENTS, small
from tbrnn._device import default_device
from tbrnn.cli import app
from tbrnn.reproduce.campaign import Campaign
from tbrnn.reproduce.folder import Checkpoints
from tbrnn.reproduce.store import Store

pytestmark = pytest.mark.usefixtures("emulated")

CARD = "cuda: emulated device"
FEW = {"epochs": 2, "runs": 1, "trials": 3, "test_trials": 3}


def lines(folder, name="networks.jsonl"):
    return [json.loads(line) for line in (folder / name).read_text().splitlines()]


@pytest.fixture
def _tiny(monkeypatch):
    monkeypatch.setattr(table1, "load_protocol", smoke)
    for name, module in EXPERIMENTS.items():

        def load(preset, name=name, **options):
            return small(name, preset=preset, **{**options, **FEW})

        monkeypatch.setattr(module, "load_protocol", load)


@pytest.mark.usefixtures("_tiny")
@pytest.mark.parametrize("name", [*EXPERIMENTS, "table1"])
def test_an_experiment_ends_and_names_its_device(name, tmp_path):
    words = ["reproduce", name, "--out", str(tmp_path), "--device", "cuda", "--runs", "1"]
    words += ["--tasks", "flipflop-1", "--ranks", "1,3"] if name == "table1" else []
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert CARD in result.stdout
    assert json.loads((tmp_path / "report.json").read_text())["provenance"]["device"] == CARD
    assert {line["device"] for line in lines(tmp_path)} == {CARD}
    assert [line["device"] for line in lines(tmp_path, "sittings.jsonl")] == [CARD]
    assert CliRunner().invoke(app, words).stdout == result.stdout


@pytest.mark.parametrize(
    ("device", "plugin", "calls"),
    [
        ("cuda", True, [3]),
        ("auto", True, [3]),
        ("auto", False, [2, 1]),
        ("cpu", True, [2, 1]),
    ],
)
def test_a_gpu_trains_all_that_are_missing_in_one_call(device, plugin, calls, monkeypatch):
    if not plugin:
        monkeypatch.setenv("TBRNN_CUDA_LIBRARY", "/absent.so")
    made = []

    def train(places):
        made.append(len(places))
        return [], []

    campaign = Campaign(None, range(3), Store(None), Checkpoints(None), 1, str)
    with default_device(device):
        campaign.complete("network", [("network", run, None) for run in range(3)], train, most=2)
    assert made == calls


CALL = """
import sys
sys.path.insert(0, TESTS)
import tbrnn._checkpoint, tbrnn.reproduce.fig4 as fig4
from reproduce.small import small
from tbrnn.cli import app
tbrnn._checkpoint.EVERY = 0.1
fig4.load_protocol = lambda preset, **options: small("fig4", runs=1, trials=3, epochs=20)
sys.argv = ["tbrnn", "reproduce", "fig4", "--device", "cuda", "--out", sys.argv[1]]
app()
"""


def call(folder, seconds):
    """`timeout SECONDS tbrnn reproduce`; whether it came to its end."""
    code = CALL.replace("TESTS", repr(str(SOURCE / "tests")))
    command = ["timeout", str(seconds), sys.executable, "-c", code, str(folder)]
    status = subprocess.run(command, stdout=subprocess.DEVNULL).returncode
    assert status in (0, 124)
    return status == 0


def test_calls_that_are_cut_go_on_to_the_same_numbers(tmp_path):
    began = time.monotonic()
    assert call(tmp_path / "whole", 600)
    seconds, cuts = 0.6 * (time.monotonic() - began), 0
    while not call(tmp_path / "cut", seconds):
        seconds, cuts = 1.2 * seconds, cuts + 1  # so that it ends on any machine
    assert cuts
    for name in ("networks.jsonl", "fig4.txt", "fig4.png"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
