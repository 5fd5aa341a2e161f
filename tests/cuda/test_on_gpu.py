"""The commands for a machine with a GPU, as far as they go without one."""

import json
import os
import shutil
import subprocess
import sys
from functools import partial
from importlib import import_module

import pytest

from commands import command, every_kernel, path_without
from on_gpu import __main__ as on_gpu
from on_gpu import building, groups, machine, memory, side_by_side

WITHOUT = ("pydantic", "yaml", "typer", "safetensors", "matplotlib")


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
    paths = path_without(tmp_path / "blocked", *WITHOUT)
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
    assert checks == {"gradient", "training", "company", "loss curve", "memory"}
    assert all(row["error"] <= row["allowed"] for row in rows if "error" in row)
    assert all(row["same_bits"] for row in rows if row["ok"] and row["check"] == "training")


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
    assert "-DTBRNN_CUDA=OFF" in building.steps("90", "elsewhere.so")[0]
    assert building.environment()["CUDACXX"] == machine.nvcc()
    assert building.last_error("a\nb.cu(3): error: no\nninja: stopped\n") == "b.cu(3): error: no"


def test_no_older_program_is_left_where_constants_do_not_compile(tmp_path, monkeypatch):
    program = tmp_path / "constants"
    program.touch()
    os.utime(program, (0, 0))
    monkeypatch.setattr(building, "nvcc", lambda: "false")
    assert building.constants("90", program).wait() != 0
    assert not program.exists()


def test_rows_that_break_off_leave_those_before(capsys):
    def rows(reason):
        yield {"ok": True}
        raise reason

    *_, found = on_gpu.growing(rows(RuntimeError("the device is lost")))
    first, last = found
    assert first["ok"]
    assert (last["ok"], last["raised"]) == (False, "RuntimeError")
    assert "the device is lost" in last["note"]
    assert "the device is lost" in capsys.readouterr().err
    for name in on_gpu.COMMANDS:
        lines = import_module(f"on_gpu.{name}").summary(found)
        assert any("the device is lost" in line.get("note", "") for line in lines)
    with pytest.raises(machine.Missing):
        list(on_gpu.growing(rows(machine.Missing("no tool"))))


def test_a_job_that_raises_is_heard_after_the_others():
    def job(number, put):
        put(number)
        if number == 1:
            raise ValueError("one")

    found = side_by_side.results([partial(job, number) for number in range(4)], 2)
    seen = {next(found) for _ in range(4)}
    assert seen == set(range(4))
    with pytest.raises(ValueError, match="one"):
        next(found)


GROUP = """\
import json, os, sys, time
for place in json.loads(sys.argv[-1]):
    row = {"check": "gradient", "case": str(place), "ok": True}
    if place == 1:
        os.abort()
    if place == 3:
        time.sleep(60)
    if place == 5:
        print(json.dumps({**row, "ok": False, "raised": "RuntimeError"}))
        sys.exit()
    if place == 7:
        print(json.dumps({**row, "ok": False, "raised": "AssertionError"}), flush=True)
        os.abort()
    if place != 8:
        print(json.dumps(row))
    print("the tiny trainings have finished", flush=True)
if place == 9:
    sys.exit("the device is lost")
"""


def test_a_case_that_breaks_its_process_leaves_the_others(monkeypatch):
    def command(places):
        return [sys.executable, "-c", GROUP, json.dumps(places)]

    monkeypatch.setattr(groups, "command", command)
    monkeypatch.setattr(groups, "OF_CASE", 5)
    rows, named = [], [str(place) for place in range(10)]
    groups.examine("RNN", range(10), named, float("inf"), rows.append)
    assert [row["case"] for row in rows] == sorted([*named, "7", "9"])
    notes = [(row["case"], row.get("note")) for row in rows if not row["ok"]]
    assert notes == [
        ("1", "its process ends without a word"),
        ("3", "Error: took more than 5 s"),
        ("5", None),
        ("7", None),
        ("7", "its process ends without a word"),
        ("8", "its process ends without a word"),
        ("9", "the device is lost"),
    ]
    groups.examine("RNN", range(10), named, 0, rows.append)
    assert rows[-1]["ok"] is None
    assert rows[-1]["note"] == "10 cases left out: no time"


def test_a_child_that_hangs_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(memory, "SECONDS", 0.01)
    split, alone = memory.rows(few=True)
    assert (split["ok"], alone["ok"]) == (False, False)
    assert split["note"] == alone["note"] == "took more than 0.01 s"
