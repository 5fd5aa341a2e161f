"""Workloads (a) to (f), noise and LINT beside their peers, and the constants of this card."""

import json
import os
import re
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict

import numpy as np

from on_gpu.building import CONSTANTS
from on_gpu.figures import FIGURES, SPLIT, TIMES_VMAP, TINY, Job
from on_gpu.machine import BUILD, sm_mhz
from on_gpu.timing import workload_of
from tbrnn import _engine
from tbrnn._device import open_device
from tbrnn.bench import peers
from tbrnn.bench.measure import MALLOC, SAME_LOSS, SAME_NOISY_LOSS
from tbrnn.bench.workloads import BY_NAME

COLUMNS = ("workload", "name", "members", "side", "ms", "median_ms", "sm_mhz", "times_ours")
COLUMNS += ("must_ms", "aim_ms", "verdict", "constant", "us", "median_us", "ok", "note")
WAVE = 13  # processes that get ready at once
OF_CONSTANTS = 60  # seconds for all of them
READY, TURN = 100, 20  # seconds that a process may take to get ready, and to time
SECONDS = 300  # until no further wave begins


def rows(machine):
    figures = TINY if machine.emulated else FIGURES
    plugin, _ = open_device()
    end = time.monotonic() + SECONDS
    if not machine.emulated:
        yield from constants()
    found = {}
    for wave in waves(figures):
        if time.monotonic() > end:
            yield from ({**named(figure), "ok": None, "note": "no time left"} for figure in wave)
            continue
        for figure, sides in timed(wave, plugin, not machine.emulated):
            found[figure] = sides
            yield from of_figure(figure, sides, machine.emulated)
    yield from one_after_the_other(found)
    note = "tbrnn reproduce table1 --preset paper --device cuda; must 20 min, aim 8 min"
    yield {"workload": "Table 1", "ok": None, "note": note}


def constants():
    out, note = "", ""
    try:
        done = subprocess.run([CONSTANTS], capture_output=True, text=True, timeout=OF_CONSTANTS)
        out = done.stdout
        if done.returncode:
            note = done.stderr.strip() or f"it ends with {done.returncode}"
    except subprocess.TimeoutExpired as late:
        out, note = (late.stdout or b"").decode(), str(late)
    except OSError as reason:
        note = str(reason)
    for line in out.splitlines():
        if line.endswith("}"):
            yield {**json.loads(line), "ok": True}
    if note:
        yield {"constant": "the rest", "ok": False, "note": note}


def waves(figures):
    """Figures in turn, together with as many others as get ready at once."""
    wave = []
    for figure in figures:
        if sum(len(one.sides) for one in (*wave, figure)) > WAVE:
            yield wave
            wave = []
        wave.append(figure)
    yield wave


def timed(wave, plugin, gpu):
    """(figure, what each side found, or why there is nothing), each when it is timed."""
    found, children = {figure: {} for figure in wave}, {}
    for figure in wave:
        for side in figure.sides:
            job = Job(figure.workload, side, figure.members, gpu)
            if reason := missing(job, plugin):
                found[figure][side] = reason
            else:
                children[figure, side] = Child(job)
    with ThreadPoolExecutor(max(1, len(children))) as pool:
        list(pool.map(Child.get_ready, children.values()))
    for figure in wave:
        for side in figure.sides:
            if (figure, side) in children:
                found[figure][side] = children[figure, side].result()
        yield figure, found[figure]


def missing(job, plugin):
    """Why a side cannot even be tried, if so."""
    workload = workload_of(job)
    if job.side in ("ours", SPLIT):
        match = "rates" if workload.lint else "outputs"
        spec = workload.nets().model.spec
        served, words = _engine.device_kernel(
            plugin, spec, match, "mse", np.float32, split=job.side == SPLIT
        )
        return "" if served else f"not offered: {words}"
    if job.side == "graph" and not job.gpu:
        return "needs a GPU"
    package = "torch" if job.side == "graph" else peers.SIDES[job.side][0]
    return "" if peers.find_spec(package) else f"{package} is not installed"


class Child:
    """A process of `timing`; what goes wrong with it is the reason why there is no figure."""

    def __init__(self, job):
        BUILD.mkdir(parents=True, exist_ok=True)
        self.gpu = job.gpu
        self.log = BUILD / f"{job.workload}-{job.members}-{job.side.replace(' ', '-')}.log"
        with self.log.open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "on_gpu.timing", json.dumps(asdict(job))],
                env=environment(job.gpu),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def line(self, seconds):
        """The next line that it prints within so many seconds; nothing otherwise."""
        timer = threading.Timer(seconds, self.process.kill)
        timer.start()
        try:
            return self.process.stdout.readline().strip()
        finally:
            timer.cancel()

    def get_ready(self):
        line = "?"
        while line not in ("", "ready"):  # libraries may print something of their own
            line = self.line(READY)
        self.is_ready = line == "ready"

    def result(self):
        answer, mhz = "", None
        with suppress(BrokenPipeError), self.process:  # which may have died meanwhile
            if self.is_ready:
                self.process.stdin.write("go\n")
                self.process.stdin.flush()
                mhz = sm_mhz() if self.gpu else None
                answer = self.line(TURN)
            self.process.kill()
        if answer.startswith("{") and answer.endswith("}"):
            return {**json.loads(answer), "sm_mhz": mhz}
        lines = self.log.read_text().strip().splitlines()
        raised = [line for line in lines if re.match(r"[\w.]+: ", line)]  # "package.Error: why"
        said = (raised or lines)[-1:]
        return said[0] if said else f"took more than {TURN if self.is_ready else READY} s"


def environment(gpu):
    """Float32 products on all sides, and the GPU's memory shared among the processes of a wave."""
    jax = {"JAX_PLATFORMS": "cuda"} if gpu else {"JAX_PLATFORMS": "cpu"}
    jax |= {"XLA_PYTHON_CLIENT_PREALLOCATE": "false", "JAX_DEFAULT_MATMUL_PRECISION": "highest"}
    caches = {"TORCHINDUCTOR_CACHE_DIR": str(BUILD / "inductor")}
    paths = os.pathsep.join(filter(None, sys.path))
    return {**os.environ, **MALLOC, **jax, **caches, "PYTHONPATH": paths}


def named(figure):
    return {"workload": figure.letter, "name": figure.workload, "members": figure.members}


def of_figure(figure, found, emulated):
    """A row for each side, ours first; a peer that shows another loss trains something else."""
    ours = found["ours"] if isinstance(found["ours"], dict) else None
    for side in figure.sides:
        row, timing = {**named(figure), "side": side}, found[side]
        if not isinstance(timing, dict):
            failed = side == "ours" and not timing.startswith("not offered")
            yield {**row, "ok": False if failed else None, "note": timing}
            continue
        row |= timing
        if side == "ours":
            yield {**row, **asked(figure), **verdict(row, figure, emulated)}
        elif ours is None:
            yield {**row, "ok": None}
        else:
            row |= beside(row, ours, figure, emulated)
            if side == SPLIT:
                row |= {**asked(figure), "verdict": verdict(row, figure, emulated)["verdict"]}
            yield row


def one_after_the_other(found):
    """(b) as PyTorch would train it: computed from (a), not timed."""
    one, many = (found.get(figure, {}) for figure in FIGURES[:2])
    ours = many.get("ours")
    for side in ("eager", "graph"):
        if isinstance(ours, dict) and isinstance(one.get(side), dict):
            ms, note = FIGURES[1].members * one[side]["ms"], "computed: (a) times the members"
            row = {**named(FIGURES[1]), "side": side, "ms": ms, "times_ours": ms / ours["ms"]}
            yield {**row, "ok": None, "note": note}


def asked(figure):
    return {"must_ms": figure.must, "aim_ms": figure.aim}


def verdict(row, figure, emulated):
    if emulated or figure.must is None:
        return {"verdict": "", "ok": True}
    word = "aim" if row["ms"] <= figure.aim else "must" if row["ms"] <= figure.must else "MISSED"
    return {"verdict": word, "ok": word != "MISSED"}


def beside(row, ours, figure, emulated):
    """How many times as long a peer takes, and whether it trains the same network."""
    times, note, verdict = row["ms"] / ours["ms"], "", ""
    allowed = SAME_NOISY_LOSS if BY_NAME[figure.workload].sigma else SAME_LOSS
    ok = abs(row["loss"] - ours["loss"]) <= allowed * abs(ours["loss"])
    if not ok:
        note = f"loss {row['loss']:.7g}, ours {ours['loss']:.7g}"
    if figure.letter == "(b)" and not emulated:
        word = "aim" if times >= TIMES_VMAP["aim"] else "must"
        verdict = f"{word}: {TIMES_VMAP['must']:g}x, {TIMES_VMAP['aim']:g}x"
        if times < TIMES_VMAP["must"]:
            ok, verdict = False, verdict.replace("must", "MISSED")
    return {"times_ours": times, "verdict": verdict, "ok": ok, "note": note}


def summary(found):
    return found
