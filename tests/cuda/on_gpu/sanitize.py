"""compute-sanitizer over gradients and trainings of tiny networks: each tool, each kernel."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import tbrnn
from on_gpu.cases import relatives, tiny
from on_gpu.machine import BUILD, Missing, nvcc
from tbrnn._device import open_device

COLUMNS = ("tool", "kernel", "model", "dtype", "errors", "ok", "note")
TOOLS = {  # what each looks for beyond its default
    "memcheck": ("--leak-check", "no"),  # the engine keeps its memory for the next call
    "racecheck": ("--racecheck-report", "all"),
    "initcheck": (),
    "synccheck": (),
}
AT_A_TIME = 12  # processes that share the GPU
SECONDS, IN_ALL = 100, 300  # for one of them, and until no further one begins
CLEAN, DIRTY = 0, 9

SUMMARY = re.compile(
    r"(?:ERROR SUMMARY: (\d+) errors?"
    r"|RACECHECK SUMMARY: \d+ hazards? displayed \((\d+) errors?, (\d+) warnings?\))"
)
FOUND = re.compile("Error|Invalid|Uninitialized|Barrier|Warning|Program hit|Traceback")


def rows(machine):
    tool = "compute-sanitizer" if machine.emulated else sanitizer()
    plugin, _ = open_device()
    jobs = [(*of, *which) for of in named_kernels(plugin) for which in TOOLS.items()]
    if machine.emulated:  # the command itself, without the sanitizer
        jobs = [job for job in jobs if job[-2] == "memcheck"]
    end = time.monotonic() + IN_ALL
    with ThreadPoolExecutor(1 if machine.emulated else AT_A_TIME) as pool:
        yield from pool.map(lambda job: examined(tool, machine.emulated, end, *job), jobs)


def named_kernels(plugin):
    """(position among the tiny cases, case, precision, kernel) of each one that is offered."""
    for place, case in enumerate(tiny()):
        for dtype in ("float32", "float64"):
            kernels = {one.kernel(plugin, dtype)[0] for one in relatives(case)} - {None}
            if kernels:
                yield place, case, dtype, "; ".join(sorted(kernels))


def sanitizer():
    beside = os.path.join(os.path.dirname(nvcc()), "compute-sanitizer")
    for name in ("compute-sanitizer", beside, "/usr/local/cuda/bin/compute-sanitizer"):
        if shutil.which(name):
            return shutil.which(name)
    raise Missing("no compute-sanitizer on this machine; it is part of a CUDA toolkit")


def command(tool, which, options, place, dtype):
    """Tiny trainings under one tool; the exit code says whether something was found."""
    request = json.dumps({"place": place, "dtype": dtype})
    python = [sys.executable, "-m", "on_gpu.sanitize", request]
    return [tool, "--tool", which, *options, "--error-exitcode", str(DIRTY), *python]


def examined(tool, emulated, end, place, case, dtype, kernel, which, options):
    words = command(tool, which, options, place, dtype)
    row = {"tool": which, "kernel": kernel, "model": type(case.model).__name__}
    row["dtype"] = case.precision or dtype
    if time.monotonic() > end:
        return {**row, "errors": None, "ok": None, "note": "no time left"}
    try:
        done = subprocess.run(
            words[words.index(sys.executable) :] if emulated else words,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired:
        return {**row, "errors": None, "ok": False, "note": f"took more than {SECONDS} s"}
    if emulated:
        return {**row, "errors": None, "ok": done.returncode == 0, "note": "without the tool"}
    found = verdict(done.stdout, done.returncode)
    if not found["ok"]:
        log = BUILD / f"{which}-{row['model']}-{row['dtype']}.log"
        log.write_text(done.stdout)
        found["note"] = f"{found.get('note', '')} {log.name}".strip()
    return {**row, **found}


def verdict(log, exit_code):
    """What a log says; one without a summary, or without the trainings' own last word, has failed.

    A warning of racecheck is a hazard that changes nothing that is read: it is counted as an error.
    """
    counts = [sum(int(n) for n in found if n) for found in SUMMARY.findall(log)]
    if not counts:
        return {"errors": None, "ok": False, "note": "no summary: " + (first_error(log) or "empty")}
    if FINISHED not in log:
        return {"errors": sum(counts), "ok": False, "note": first_error(log) or "did not finish"}
    errors = sum(counts)
    clean = errors == 0 and exit_code == CLEAN
    return {"errors": errors, "ok": clean, "note": "" if clean else first_error(log)}


def first_error(log):
    """The first line of what was found."""
    lines = [re.sub(r"^=+ *", "", line).strip() for line in log.splitlines()]
    return next((line for line in lines if FOUND.match(line)), "")


FINISHED = "the tiny trainings have finished"


def main(place, dtype):
    plugin, _ = open_device()
    for case in relatives(list(tiny(trials=9, steps=3))[place]):
        if case.kernel(plugin, dtype)[0]:
            train(case, dtype)
    print(FINISHED)


def train(case, dtype):
    nets, shown = case.nets(2, dtype), case.shown()
    split = {"device": "cuda", "precision": case.precision}
    tbrnn.gradient(nets, shown, match=case.match, noise=case.noise, **split)
    options = {"epochs": 2, "sigma": case.noise, "match": case.match, "validation": shown}
    tbrnn.fit(nets, shown, target_loss=None, stall=None, **split, **options)


def summary(found):
    return found


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
