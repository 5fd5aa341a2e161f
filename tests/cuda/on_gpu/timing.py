"""One side of one workload in a process of its own: it gets ready, waits for its turn, and times.

All sides of a wave import, compile and warm up at once, and then have the GPU for themselves, one
after the other. A side's first word is "ready", its last one what it found, as JSON.
"""

import json
import statistics
import sys
import time
from dataclasses import replace
from math import ceil

from on_gpu.figures import SPLIT, Job
from tbrnn._device import open_device
from tbrnn.bench import peers
from tbrnn.bench.measure import PROBE
from tbrnn.bench.ours import Engine
from tbrnn.bench.workloads import BY_NAME

LEAST = 3  # calls that are timed
SECONDS = 1.5  # for them, if they are short
OURS = 0.5  # seconds of one of our trainings


def main(request):
    job = Job(**json.loads(request))
    loss, call = ours(job) if job.side in ("ours", SPLIT) else peer(job)
    print("ready", flush=True)
    sys.stdin.readline()
    times, end = [], time.perf_counter() + (SECONDS if job.gpu else 0)
    while len(times) < LEAST or time.perf_counter() < end:
        times.append(call())
    milliseconds = {"ms": 1e3 * min(times), "median_ms": 1e3 * statistics.median(times)}
    print(json.dumps({**milliseconds, "loss": loss, "calls": len(times)}), flush=True)


def ours(job):
    """Trainings of about 0.5 s, each from the initial weights; a call returns seconds an epoch.

    What a training takes once, as to bring the weights to the device and back, it takes of a short
    one, too: a call subtracts that.
    """
    plugin, _ = open_device()
    engine = Engine(workload_of(job), job.members, 1, plugin, split=job.side == SPLIT)
    _, loss = engine.train(PROBE)
    return loss, epochs_of(engine, job.gpu)


def epochs_of(engine, gpu):
    """The call; how many epochs it needs is found out in the first one, with the GPU for itself."""
    enough = 0

    def an_epoch(many):
        return (many * engine.train(many)[0] - PROBE * engine.train(PROBE)[0]) / (many - PROBE)

    def call():
        nonlocal enough
        if not enough:
            enough = 4 * PROBE
            while gpu and (seconds := enough * engine.train(enough)[0]) < OURS / 2:
                enough = min(10 * enough, ceil(enough * OURS / seconds))
        return an_epoch(enough)

    return call


def peer(job):
    """Calls that end with a loss on the host, and so with the device at rest."""
    train = load(job)(workload_of(job), job.members, 4)
    losses = []
    while len(losses) <= PROBE:
        losses += train()

    def call():
        start = time.perf_counter()
        epochs = len(train())
        return (time.perf_counter() - start) / epochs

    call()  # the first one may still compile
    return losses[PROBE], call


def load(job):
    if job.gpu and not job.side.startswith("jax"):
        import torch

        torch.set_default_device("cuda")
    if job.side == "graph":
        from on_gpu import captured

        return captured.training
    return peers.load(job.side)


def workload_of(job):
    workload = BY_NAME[job.workload]
    if job.gpu:
        return workload
    bits, rank = min(workload.bits, 2), min(workload.rank, 2)
    return replace(workload, trials=3, steps=4, units=6, bits=bits, rank=rank)


if __name__ == "__main__":
    main(sys.argv[1])
