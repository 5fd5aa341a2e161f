"""The sanitizers' cases, shares and logs, without a GPU."""

import json
import os
import sys

import pytest

from commands import every_kernel
from on_gpu import sanitize, tool_logs
from on_gpu.cases import tiny
from tbrnn.models import MODELS

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
