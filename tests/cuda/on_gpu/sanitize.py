"""compute-sanitizer over gradients and trainings of tiny networks: each tool, each kernel.

To start a process under a tool and to load the kernels of a model there takes longer than the
networks do. So a process takes all cases of some models, one after the other, and says when each is
done: what the tool has said before is of that case. A process ends with the first case that is not
clean, and another takes the rest.
"""

import json
import os
import shutil
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from functools import partial

import tbrnn
from on_gpu import side_by_side
from on_gpu.cases import Case, relatives, tiny
from on_gpu.machine import BUILD, Missing, nvcc
from on_gpu.tool_logs import FINISHED, logs, verdict
from tbrnn._device import open_device

COLUMNS = ("tool", "kernel", "model", "dtype", "errors", "ok", "note")
TOOLS = {  # what each looks for beyond its default
    "memcheck": ("--leak-check", "no"),  # the engine keeps its memory for the next call
    "racecheck": ("--racecheck-report", "all"),
    "initcheck": (),
    "synccheck": (),
}
SHORT = ("--show-backtrace", "device", "--print-limit", "20")
IN_ALL = 300  # seconds until no further process begins


@dataclass(frozen=True)
class Watched:
    """A case in one precision, and the kernels that serve it and its relatives."""

    place: int  # among the tiny cases
    case: Case
    dtype: str
    kernel: str

    @property
    def model(self):
        return type(self.case.model).__name__

    def cost(self):
        return sum(1 for _ in relatives(self.case))

    def row(self, tool):
        dtype = self.case.precision or self.dtype
        return {"tool": tool, "kernel": self.kernel, "model": self.model, "dtype": dtype}


def rows(machine):
    path = None if machine.emulated else sanitizer()
    plugin, _ = open_device()
    tools = ("memcheck",) if machine.emulated else TOOLS
    count = 1 if machine.emulated else max(1, (os.cpu_count() or 1) // len(tools))
    end = time.monotonic() + IN_ALL
    jobs = [
        partial(examine, path, tool, some, end)
        for some in shares(watched(plugin), count)
        for tool in tools
    ]
    yield from side_by_side.results(jobs, len(jobs))


def watched(plugin):
    """Each tiny case in each precision that is offered."""
    for place, case in enumerate(tiny()):
        for dtype in ("float32", "float64"):
            kernels = {one.kernel(plugin, dtype)[0] for one in relatives(case)} - {None}
            if kernels:
                yield Watched(place, case, dtype, "; ".join(sorted(kernels)))


def shares(cases, count):
    """Lists of like cost, those of a model in one of them, the shortest cases first."""
    of_model = {}
    for one in cases:
        of_model.setdefault((one.model, one.dtype), []).append(one)

    def cost(some):
        return sum(one.cost() for one in some)

    lists = [[] for _ in range(min(count, len(of_model)))]
    for some in sorted(of_model.values(), key=cost, reverse=True):
        min(lists, key=cost).extend(some)
    return [sorted(some, key=Watched.cost) for some in lists]


def sanitizer():
    beside = os.path.join(os.path.dirname(nvcc()), "compute-sanitizer")
    for name in ("compute-sanitizer", beside, "/usr/local/cuda/bin/compute-sanitizer"):
        if shutil.which(name):
            return shutil.which(name)
    raise Missing("no compute-sanitizer on this machine; it is part of a CUDA toolkit")


def command(path, tool, cases):
    """Tiny trainings under one tool, or without a path to it as they are."""
    under = [path, "--tool", tool, *TOOLS[tool], *SHORT] if path else []
    request = json.dumps([[one.place, one.dtype] for one in cases])
    return [*under, sys.executable, "-m", "on_gpu.sanitize", request]


def examine(path, tool, cases, end, put):
    """put(row) for each case, whatever becomes of the processes."""
    left = list(cases)
    while left and time.monotonic() < end:
        with closing(logs(command(path, tool, left), len(left))) as of_cases:
            for log, exit_code in of_cases:
                one, found = left.pop(0), verdict(log, exit_code, under=path is not None)
                if not found["ok"]:
                    name = f"{tool}-{one.place}-{one.model}-{one.dtype}.log"
                    BUILD.mkdir(parents=True, exist_ok=True)
                    (BUILD / name).write_text(log)
                    found["note"] = f"{found['note']} {name}".strip()
                put({**one.row(tool), **found})
                if not found["ok"]:
                    break
    for one in left:
        put({**one.row(tool), "errors": None, "ok": None, "note": "no time left"})


def main(wanted):
    plugin, _ = open_device()
    cases = list(tiny(trials=9, steps=3))
    for place, dtype in wanted:
        for case in relatives(cases[place]):
            if case.kernel(plugin, dtype)[0]:
                train(case, dtype)
        time.sleep(0.05)  # what a tool has found comes first
        print(FINISHED, flush=True)


def train(case, dtype):
    nets, shown = case.nets(min(case.members, 2), dtype), case.shown()
    split = {"device": "cuda", "precision": case.precision}
    tbrnn.gradient(nets, shown, match=case.match, noise=case.noise, **split)
    options = {"epochs": 2, "sigma": case.noise, "match": case.match, "validation": shown}
    tbrnn.fit(nets, shown, target_loss=None, stall=None, **split, **options)


def summary(found):
    return sorted(found, key=lambda row: [row.get(name, "") for name in COLUMNS[:4]])


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
