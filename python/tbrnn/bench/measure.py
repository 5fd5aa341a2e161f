"""Fair timing: fresh processes, pinned, in the same environment, and the fastest counts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace

PROCESSES = 3  # fresh ones per figure
PROBE = 3  # updates after which all sides show their loss; later ones of large networks are chaotic
SAME_LOSS = 1e-4  # relative; float32 rounding is a hundred times smaller
SAME_NOISY_LOSS = 5e-2  # the sides draw different noise

# Eager frameworks allocate and free megabytes per epoch; with glibc's thresholds they would spend
# most of it in page faults.
MALLOC = {
    "MALLOC_TRIM_THRESHOLD_": "4000000000",
    "MALLOC_MMAP_THRESHOLD_": "4000000000",
    "MALLOC_TOP_PAD_": "268435456",
}
# These pin BLAS kernels to another processor's and can halve a peer's speed.
REMOVED = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a child process measures; `epochs` is the least length of one of our runs."""

    side: str
    workload: str
    members: int = 1
    threads: int = 1
    seconds: float = 1.2
    epochs: int = 1
    instruction_set: str | None = None


@dataclass(frozen=True)
class Timing:
    """What a child process found.

    ms : milliseconds per epoch of all members
    loss : after PROBE updates, mean over members
    peak : FMA peak of its threads in GFLOP/s
    memory : peak resident memory in MB (10^6 bytes)
    """

    ms: float
    loss: float
    peak: float
    memory: float


@dataclass(frozen=True)
class Timings:
    """The fastest timing of each side that ran, and the last word of each that did not."""

    of: dict[str, Timing]
    missing: dict[str, str]


def fastest(jobs: Mapping[str, Job]) -> Timings:
    """Fresh processes for each job, taken in turns so that a slow phase of the machine meets all.

    A peer may fail, it is a guest; if our side fails, RuntimeError.
    """
    timings = Timings({}, {})
    for _ in range(PROCESSES):
        for name, job in jobs.items():
            if name in timings.missing:
                continue
            try:
                timing = measured(job)
            except RuntimeError as reason:
                if job.side == "ours":
                    raise
                timings.missing[name] = str(reason)
            else:
                timings.of[name] = better(timings.of.get(name), timing)
    return timings


def better(a: Timing | None, b: Timing) -> Timing:
    """The faster timing, with the larger FMA peak and memory of the two."""
    if a is None:
        return b
    return replace(
        min(a, b, key=lambda timing: timing.ms),
        peak=max(a.peak, b.peak),
        memory=max(a.memory, b.memory),
    )


def measured(job: Job) -> Timing:
    """One measurement in a fresh process."""
    command = [sys.executable, "-m", "tbrnn.bench.child", json.dumps(asdict(job))]
    with pinned(job.threads):
        child = subprocess.run(
            command, env=environment(job.threads), capture_output=True, text=True
        )
    if child.returncode:
        lines = child.stderr.strip().splitlines() or [f"exit code {child.returncode}"]
        raise RuntimeError(f"{job.side} on {job.workload}: {lines[-1]}")
    return Timing(**json.loads(child.stdout.splitlines()[-1]))


def environment(threads: int) -> dict[str, str]:
    """The variables of every child, ours and theirs."""
    kept = {name: value for name, value in os.environ.items() if name not in REMOVED}
    return {**kept, **MALLOC, **dict.fromkeys(THREADS, str(threads)), "JAX_PLATFORMS": "cpu"}


@contextmanager
def pinned(threads: int) -> Iterator[None]:
    """As many processors as threads, for this thread and the processes it starts."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(allowed)[:threads])
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def disagreement(timings: Timings, sigma: float) -> str | None:
    """Which sides, if any, do not show our loss: they would not have trained the same network."""
    ours = timings.of["ours"].loss
    allowed = (SAME_NOISY_LOSS if sigma else SAME_LOSS) * abs(ours)
    others = [
        f"{side} {timing.loss:.7g}"
        for side, timing in timings.of.items()
        if not abs(timing.loss - ours) <= allowed
    ]
    if not others:
        return None
    return f"after {PROBE} updates the loss is {ours:.7g} here, but {', '.join(others)}"
