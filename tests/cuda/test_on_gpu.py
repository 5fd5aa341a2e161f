"""The commands for a machine with a GPU, as far as they go without one."""

import json
import os
import re
import subprocess
import sys

import pytest

from builds import SOURCE
from on_gpu import sanitize
from on_gpu.cases import tiny

ON_GPU = SOURCE / "tests/cuda/on_gpu"
WITHOUT = ("pydantic", "yaml", "typer", "safetensors", "matplotlib")


def command(*words, **variables):
    return subprocess.run(
        [sys.executable, str(ON_GPU), *map(str, words)],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("name", ["parity", "sanitize"])
def test_without_a_gpu_a_command_says_so(name, tmp_path):
    smi = tmp_path / "nvidia-smi"
    smi.write_text("#!/bin/sh\nexit 9\n")
    smi.chmod(0o755)
    done = command(name, PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert done.returncode == 2
    assert done.stderr.startswith(f"on_gpu {name}: no GPU on this machine")
    assert done.stderr.count("\n") == 1


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
    """The names in the sources."""
    text = "".join(path.read_text() for path in (SOURCE / "cuda").glob("*.cuh"))
    return set(re.findall(r'"((?:channel|gated|dense|polynomial), [^"]+)"', text))


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
        (OUT_OF_BOUNDS, 9, 2, False, "Invalid __global__ read of size 4 bytes"),
        (RACE, 9, 1, False, "Error: Race reported between Write access at kernel+0x90"),
        (RACE.replace("1 error, 0 w", "0 errors, 1 w"), 0, 1, False, "Error: Race reported"),
        (CLEAN_LOG.replace("finished", "died"), 0, 0, False, "did not finish"),
        ("========= Error: Device not supported\n", 1, None, False, "no summary: Error: Device"),
        ("", 1, None, False, "no summary: empty"),
    ],
)
def test_what_a_log_of_the_sanitizer_says(log, code, errors, ok, note):
    found = sanitize.verdict(log, code)
    assert (found["errors"], found["ok"]) == (errors, ok)
    assert found["note"].startswith(note)


def test_the_command_of_a_tool():
    words = sanitize.command(
        "compute-sanitizer", "racecheck", ("--racecheck-report", "all"), 3, "x"
    )
    assert words[:5] == ["compute-sanitizer", "--tool", "racecheck", "--racecheck-report", "all"]
    assert words[5:8] == ["--error-exitcode", "9", sys.executable]
    assert json.loads(words[-1]) == {"place": 3, "dtype": "x"}
    assert set(sanitize.TOOLS) == {"memcheck", "racecheck", "initcheck", "synccheck"}


def test_what_the_sanitizer_watches_runs_emulated(emulated):
    named = [kernel for *_, kernel in sanitize.named_kernels(os.environ["TBRNN_CUDA_LIBRARY"])]
    assert {name for names in named for name in names.split("; ")} == every_kernel()
    for case in list(tiny(trials=2, steps=2))[:5:2]:
        sanitize.train(case, "float32")
