"""The benchmark on a GPU and its figures, without one."""

import json
import os
import sys

import pytest

from commands import command
from on_gpu import bench, timing
from on_gpu.figures import FIGURES, SPLIT


def test_bench_emulated(emulated, tmp_path):
    pytest.importorskip("torch", reason="torch not found; it is part of the extra 'peers'")
    pytest.importorskip("jax", reason="jax not found; it is part of the extra 'peers'")
    json_path = ("--json", tmp_path / "b.json")
    done = command("bench", "--emulated", *json_path, PYTHONPATH=os.pathsep.join(sys.path))
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads((tmp_path / "b.json").read_text())["rows"]
    by_side = {(row["workload"], row.get("side")): row for row in rows}
    for place in (("(a)", "ours"), ("(a)", "eager"), ("(d)", "ours"), ("(d)", "jax")):
        row = by_side[place]
        assert row["ok"], row
        assert row["ms"] <= row["median_ms"]
    assert by_side["(a)", "graph"]["note"] == "needs a GPU"


def found_by(ms, loss=1.0):
    return {"ms": ms, "median_ms": ms, "loss": loss}


def test_figures_are_met_or_missed():
    a, b, *_ = FIGURES
    sides = {"eager": "no torch", "graph": found_by(1.0), "jax": found_by(1.0, loss=1.1)}
    rows = bench.of_figure(a, {"ours": found_by(0.05), "compile": "late", **sides}, False)
    ours, eager, graph, jax, _ = rows
    assert (ours["verdict"], ours["ok"], ours["must_ms"]) == ("must", True, 0.060)
    assert (eager["ok"], eager["note"]) == (None, "no torch")
    assert (graph["ok"], graph["times_ours"]) == (True, 20.0)
    assert (jax["ok"], jax["note"]) == (False, "loss 1.1, ours 1")
    for ms, word in ((1.0, "aim"), (3.0, "must"), (5.0, "MISSED")):
        ours, vmap = bench.of_figure(b, {"ours": found_by(ms), "jax vmap": found_by(20.0)}, False)
        assert (ours["verdict"], ours["ok"]) == (word, word != "MISSED")
        assert vmap["verdict"].startswith({1.0: "aim", 3.0: "must", 5.0: "MISSED"}[ms])
    (row, _) = bench.of_figure(b, {"ours": "not offered: no", "jax vmap": found_by(1.0)}, False)
    assert (row["ok"], row["note"]) == (None, "not offered: no")
    (row, _) = bench.of_figure(b, {"ours": "it died", "jax vmap": found_by(1.0)}, False)
    assert row["ok"] is False


def test_split_products_have_the_figures_of_their_workload():
    d = next(figure for figure in FIGURES if figure.letter == "(d)")
    found = dict.fromkeys(d.sides, "not tried")
    for ms, word in ((1.0, "aim"), (2.9, "must"), (3.1, "MISSED")):
        found |= {"ours": found_by(3.5), SPLIT: found_by(ms)}
        (row,) = (row for row in bench.of_figure(d, found, False) if row["side"] == SPLIT)
        assert (row["verdict"], row["must_ms"], row["ok"]) == (word, d.must, True)


def test_a_thousand_networks_one_after_the_other_are_computed():
    a, b, *_ = FIGURES
    found = {a: {"eager": found_by(2.0), "graph": "no torch"}, b: {"ours": found_by(4.0)}}
    (row,) = bench.one_after_the_other(found)
    assert (row["workload"], row["side"], row["ms"], row["times_ours"]) == (
        "(b)",
        "eager",
        2e3,
        500,
    )
    assert row["ok"] is None
    assert not list(bench.one_after_the_other({b: found[b]}))


def test_a_side_that_dies_or_hangs_is_a_note(monkeypatch):
    job = bench.Job("no such workload", "eager", gpu=False)
    child = bench.Child(job)
    child.get_ready()
    assert "no such workload" in child.result()
    child = bench.Child(job)
    child.process.wait()
    child.is_ready = True  # it died between the two
    assert "no such workload" in child.result()
    monkeypatch.setattr(bench, "READY", 0.01)
    child = bench.Child(job)
    child.get_ready()
    child.log.write_text("")
    assert child.result() == "took more than 0.01 s"


def test_constants_that_are_missing_or_late_are_a_row(monkeypatch, tmp_path):
    program = tmp_path / "constants"
    monkeypatch.setattr(bench, "CONSTANTS", program)
    (row,) = bench.constants()
    assert (row["ok"], row["constant"]) == (False, "the rest")
    assert "No such file" in row["note"]
    program.write_text('#!/bin/sh\necho \'{"constant": "launch", "us": 4.0}\'\nexec sleep 60\n')
    program.chmod(0o755)
    monkeypatch.setattr(bench, "OF_CONSTANTS", 1)
    launch, rest = bench.constants()
    assert (launch["ok"], launch["us"]) == (True, 4.0)
    assert (rest["ok"], rest["note"].split(" timed out")[1]) == (False, " after 1 seconds")


class Engine:
    """Trainings that take 20 ms once, and so many seconds an epoch."""

    def __init__(self, epoch):
        self.epoch, self.lengths = epoch, []

    def train(self, epochs):
        self.lengths.append(epochs)
        return (0.02 + epochs * self.epoch) / epochs, 0.0


@pytest.mark.parametrize("epoch", [5e-5, 5e-3, 2.0])
def test_our_trainings_are_as_long_as_it_takes_to_time_them(epoch):
    engine = Engine(epoch)
    call = timing.epochs_of(engine, gpu=True)
    assert call() == pytest.approx(epoch)
    longest = max(engine.lengths)
    assert longest == 4 * timing.PROBE or timing.OURS / 2 < 0.02 + longest * epoch < 2 * timing.OURS
    before = len(engine.lengths)
    assert call() == pytest.approx(epoch)
    assert engine.lengths[before:] == [longest, timing.PROBE]


def test_waves_hold_all_figures():
    waves = list(bench.waves(FIGURES))
    assert [figure for wave in waves for figure in wave] == list(FIGURES)
    assert all(sum(len(figure.sides) for figure in wave) <= bench.WAVE for wave in waves)


def test_the_captured_epoch_has_the_steps_of_the_eager_one():
    torch = pytest.importorskip("torch", reason="torch not found; it is part of the extra 'peers'")
    from on_gpu.captured import loop
    from tbrnn.bench.peers import eager

    drives = torch.randn(4, 3, 5).unbind()
    matrices = (torch.randn(5, 4), torch.randn(4, 5), None)
    both = (steps(drives[0], drives[1:], *matrices) for steps in (eager.steps, loop(eager.step)))
    assert all(torch.equal(a, b) for a, b in zip(*both, strict=True))
