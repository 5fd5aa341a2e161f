"""The commands for a machine with a GPU, as far as they go without one."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from builds import SOURCE
from on_gpu import bench, building, machine, memory, sanitize, tool_logs
from on_gpu.cases import tiny
from on_gpu.figures import FIGURES, SPLIT
from tbrnn.models import MODELS

ON_GPU = SOURCE / "tests/cuda/on_gpu"
WITHOUT = ("pydantic", "yaml", "typer", "safetensors", "matplotlib")


def command(*words, **variables):
    return subprocess.run(
        [sys.executable, str(ON_GPU), *map(str, words)],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("name", ["parity", "sanitize", "bench"])
def test_without_a_gpu_a_command_says_so(name, tmp_path):
    smi = tmp_path / "nvidia-smi"
    smi.write_text("#!/bin/sh\nexit 9\n")
    smi.chmod(0o755)
    done = command(name, PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert done.returncode == 2
    assert done.stderr.startswith(f"on_gpu {name}: no GPU on this machine")
    assert done.stderr.count("\n") == 1


def test_the_machine_is_read(tmp_path, monkeypatch):
    answers = {"nvidia-smi": "NVIDIA H100 80GB HBM3, 9.0, 580.1", "nvcc": "release 13.0, V13.0.88"}
    for name, words in answers.items():
        (tmp_path / name).write_text(f"#!/bin/sh\necho '{words}'\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.delenv("CUDACXX", raising=False)
    found = machine.this_machine(emulated=False)
    assert found == machine.Machine("NVIDIA H100 80GB HBM3", "90", "580.1", "13.0")
    origin = machine.provenance(found, "abc")
    assert (origin["commit"], origin["card"], origin["emulated"]) == ("abc", found.card, False)


def test_emulated_needs_a_library():
    done = command("parity", "--emulated", TBRNN_CUDA_LIBRARY="none.so")
    assert done.returncode == 2
    assert "TBRNN_CUDA_LIBRARY" in done.stderr


def test_parity_emulated(emulated, tmp_path):
    blocked = tmp_path / "blocked"
    for name in WITHOUT:
        (blocked / name).mkdir(parents=True)
        (blocked / name / "__init__.py").write_text("raise ImportError('not on that machine')")
    paths = os.pathsep.join([str(blocked), *sys.path])
    json_path = ("--json", tmp_path / "p.json")
    done = command("parity", "--emulated", *json_path, PYTHONPATH=paths)
    assert done.returncode == 0, done.stdout + done.stderr
    everything = json.loads((tmp_path / "p.json").read_text())
    rows = everything["rows"]
    assert everything["ok"]
    assert everything["emulated"]
    kernels = {row.get("kernel") for row in rows if row["ok"]} - {None}
    assert kernels == every_kernel()
    checks = {row["check"] for row in rows if row["ok"]}
    assert checks == {"gradient", "training", "loss curve", "memory"}
    assert all(row["error"] <= row["allowed"] for row in rows if "error" in row)
    assert all(row["same_bits"] for row in rows if row["ok"] and row["check"] == "training")


def every_kernel():
    """The names in the sources, but of those for clusters, which the emulated device has not."""
    text = "".join(path.read_text() for path in (SOURCE / "cuda").glob("*.cuh"))
    names = set(re.findall(r'"([a-z ]+, in [a-z ]+)"', text))
    return {name for name in names if "cluster" not in name}


class Driver:
    """A device whose free memory lies in two gaps."""

    def __init__(self):
        self.gaps = [700 * memory.MIB, 300 * memory.MIB]
        self.cuInit = self.cuCtxSetCurrent = lambda argument: 0
        self.cuDevicePrimaryCtxRetain = lambda context, device: 0

    def cuMemGetInfo_v2(self, free, total):
        free._obj.value = sum(self.gaps)
        return 0

    def cuMemAlloc_v2(self, at, size):
        for i, gap in enumerate(self.gaps):
            if gap >= size.value:
                self.gaps[i] -= size.value
                return 0
        return 2


@pytest.mark.parametrize("left", [4 * memory.MIB, 300 * memory.MIB])
def test_memory_is_taken_away_to_what_is_to_be_left(left):
    driver = Driver()
    memory.take_all_but(left, driver)
    assert left <= sum(driver.gaps) < left + memory.MIB


CLEAN_LOG = """\
========= COMPUTE-SANITIZER
the tiny trainings have finished
========= ERROR SUMMARY: 0 errors
"""
OUT_OF_BOUNDS = """\
========= COMPUTE-SANITIZER
========= Invalid __global__ read of size 4 bytes
=========     at void tbrnn::cuda::gradient_kernel<float>(T1)+0x3b0
=========     by thread (3,0,0) in block (0,0,0)
the tiny trainings have finished
========= ERROR SUMMARY: 2 errors
"""
RACE = """\
========= COMPUTE-SANITIZER
========= Error: Race reported between Write access at kernel+0x90
=========     and Read access at kernel+0x120 [512 hazards]
the tiny trainings have finished
========= RACECHECK SUMMARY: 1 hazard displayed (1 error, 0 warnings)
"""
NO_RACE = """\
========= COMPUTE-SANITIZER
the tiny trainings have finished
========= RACECHECK SUMMARY: 0 hazards displayed (0 errors, 0 warnings)
"""


@pytest.mark.parametrize(
    ("log", "code", "errors", "ok", "note"),
    [
        (CLEAN_LOG, 0, 0, True, ""),
        (NO_RACE, 0, 0, True, ""),
        (CLEAN_LOG, 9, 0, False, ""),
        (OUT_OF_BOUNDS, 9, 2, False, "Invalid __global__ read of size 4 bytes at void"),
        (OUT_OF_BOUNDS, None, 1, False, "Invalid __global__ read of size 4 bytes at void"),
        (RACE, 9, 1, False, "Error: Race reported between Write access at kernel+0x90"),
        (RACE.replace("1 error, 0 w", "0 errors, 1 w"), 0, 1, False, "Error: Race reported"),
        ("the tiny trainings have finished\n", None, 0, True, ""),
        (CLEAN_LOG.replace("finished", "died"), 0, 0, False, "did not finish"),
        ("========= Error: Device not supported\n", 1, None, False, "no summary: Error: Device"),
        ("", 1, None, False, "no summary: empty"),
    ],
)
def test_what_a_log_of_the_sanitizer_says(log, code, errors, ok, note):
    found = tool_logs.verdict(log, code)
    assert (found["errors"], found["ok"]) == (errors, ok)
    assert found["note"].startswith(note)


def test_the_command_of_a_tool(emulated):
    some = list(sanitize.watched(os.environ["TBRNN_CUDA_LIBRARY"]))[3:5]
    words = sanitize.command("compute-sanitizer", "racecheck", some)
    assert words[:5] == ["compute-sanitizer", "--tool", "racecheck", "--racecheck-report", "all"]
    assert json.loads(words[-1]) == [[one.place, one.dtype] for one in some]
    assert sanitize.command(None, "racecheck", some) == words[-4:]
    assert set(sanitize.TOOLS) == {"memcheck", "racecheck", "initcheck", "synccheck"}


TOOL = """\
import json, sys
cases = json.loads(sys.argv[-1])
for place, dtype in cases:
    if TOOL == "synccheck" and [place, dtype] == [4, "float32"]:
        sys.exit("the context is lost")
    if TOOL == "racecheck" and dtype == "float64":
        print("========= Error: Race reported", flush=True)
    print("the tiny trainings have finished", flush=True)
print("========= ERROR SUMMARY: 0 errors")
"""


@pytest.mark.parametrize(
    ("tool", "fails"),
    [
        ("memcheck", set()),
        ("racecheck", {(place, "float64") for place in (2, 3, 4)}),
        ("synccheck", {(4, "float32")}),
    ],
)
def test_a_case_that_fails_hides_no_other(tool, fails, monkeypatch, tmp_path):
    named = [(place, dtype) for place in (2, 3, 4) for dtype in ("float32", "float64")]
    case = next(tiny())
    some = [sanitize.Watched(place, case, dtype, f"kernel {place}") for place, dtype in named]

    def command(path, tool, cases):
        request = json.dumps([[one.place, one.dtype] for one in cases])
        return [sys.executable, "-c", f"TOOL = {tool!r}\n{TOOL}", request]

    monkeypatch.setattr(sanitize, "BUILD", tmp_path)
    monkeypatch.setattr(sanitize, "command", command)
    rows = []
    sanitize.examine("a path", tool, some, float("inf"), rows.append)
    of_rows = [(int(row["kernel"].split()[-1]), row["dtype"]) for row in rows]
    assert of_rows == named
    assert {of for of, row in zip(named, rows, strict=True) if not row["ok"]} == fails
    assert len(list(tmp_path.glob("*.log"))) == len(fails)


def test_each_case_is_in_one_share(emulated):
    cases = list(sanitize.watched(os.environ["TBRNN_CUDA_LIBRARY"]))
    some = sanitize.shares(cases, 4)
    assert sorted(one.place for share in some for one in share) == [one.place for one in cases]
    costs = [sum(one.cost() for one in share) for share in some]
    assert max(costs) < 2 * min(costs)


def test_what_the_sanitizer_watches_runs_emulated(emulated):
    named = [one.kernel for one in sanitize.watched(os.environ["TBRNN_CUDA_LIBRARY"])]
    assert {name for names in named for name in names.split("; ")} == every_kernel()
    assert {type(case.model).__name__ for case in tiny()} == set(MODELS)
    for case in list(tiny(trials=2, steps=2))[:5:2]:
        sanitize.train(case, "float32")


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
    monkeypatch.setattr(bench, "READY", 0.01)
    child = bench.Child(job)
    child.get_ready()
    child.log.write_text("")
    assert child.result() == "took more than 0.01 s"


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


@pytest.mark.skipif(not shutil.which("nvcc"), reason="nvcc not found; it is part of a CUDA toolkit")
def test_the_program_of_constants_compiles(tmp_path):
    program = tmp_path / "constants"
    assert building.constants("90", program).wait() == 0
    assert building.constants("90", program) is None  # up to date
    done = subprocess.run(
        [program], capture_output=True, text=True, env={"CUDA_VISIBLE_DEVICES": ""}
    )
    assert done.returncode == 1
    assert done.stderr.startswith("device: ")


def test_the_build_is_for_the_gpu_that_is_there():
    configure, build = building.steps("90")
    assert {"-DTBRNN_CUDA=ON", "-DCMAKE_CUDA_ARCHITECTURES=90"} <= set(configure)
    assert f"-DPython_EXECUTABLE={sys.executable}" in configure
    assert configure[configure.index("-B") + 1] == build[-1]
    assert building.environment()["CMAKE_BUILD_PARALLEL_LEVEL"] == str(os.cpu_count())
    assert building.last_error("a\nb.cu(3): error: no\nninja: stopped\n") == "b.cu(3): error: no"
