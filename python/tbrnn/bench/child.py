"""One measurement in a process of its own: ``python -m tbrnn.bench.child '{"side": ...}'``."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from resource import RUSAGE_SELF, getrusage

from tbrnn import _core
from tbrnn.bench import peers
from tbrnn.bench.machine import fma_peak
from tbrnn.bench.measure import PROBE, Job, Timing
from tbrnn.bench.ours import Engine
from tbrnn.bench.workloads import BY_NAME


def main(request: str) -> None:
    job = Job(**json.loads(request))
    print(json.dumps(asdict(ours(job) if job.side == "ours" else peer(job))))


def ours(job: Job) -> Timing:
    """Runs of two seconds, each from the initial weights in fresh memory; the fastest counts."""
    if job.instruction_set:
        _core.use_instruction_set(job.instruction_set)
    engine = Engine(BY_NAME[job.workload], job.members, job.threads)
    seconds, loss = engine.train(PROBE)
    epochs = max(job.epochs, math.ceil(2 / seconds))
    fastest = repeated(lambda: engine.train(epochs)[0], job.seconds)
    return Timing(1e3 * fastest, loss, fma_peak(job.threads), peak_memory())


def peer(job: Job) -> Timing:
    """Calls of a peer, one after the other; the fastest counts."""
    train = peers.load(job.side)(BY_NAME[job.workload], job.members, job.threads)
    losses: list[float] = []
    while len(losses) <= PROBE:
        losses += train()

    def once() -> float:
        start = time.perf_counter()
        epochs = len(train())
        return (time.perf_counter() - start) / epochs

    return Timing(1e3 * repeated(once, job.seconds), losses[PROBE], 0.0, peak_memory())


def repeated(measure: Callable[[], float], seconds: float) -> float:
    """The least of several measurements within about so many seconds."""
    end = time.perf_counter() + seconds
    fastest = measure()
    while time.perf_counter() < end:
        fastest = min(fastest, measure())
    return fastest


def peak_memory() -> float:
    """Peak resident memory of this process in MB."""
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB on Linux
    return getrusage(RUSAGE_SELF).ru_maxrss * unit / 1e6


if __name__ == "__main__":
    main(sys.argv[1])
