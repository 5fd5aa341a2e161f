"""Ctrl-C within a pass, and threads that fail while others wait for them."""

import subprocess
import sys

import pytest

LONG = """
import os, signal, threading, warnings
import numpy as np, tbrnn
warnings.simplefilter("ignore")
model = tbrnn.RNN(units=400, inputs=1, outputs=1)
trials = tbrnn.Trials(np.ones((8192, 200, 1), np.float32), np.zeros((8192, 200, 1), np.float32))
nets = model.initial(range(40))
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
"""

FIT = """
runs = tbrnn.fit(nets[:1], trials, epochs=30, threads=1)
print(*runs.status, *runs.epochs, (runs.last.w_hh == nets[:1].w_hh).all())
"""

CALL = """
try:
    {call}
except KeyboardInterrupt:
    print("stopped")
"""

# Two threads share two tiles; the rows of a tile, 32 x 200 x 30,000 floats, fit into memory once.
NO_MEMORY = """
import resource
import numpy as np, tbrnn
model = tbrnn.LowRankRNN(units=200, rank=1, inputs=1, outputs=1)
zeros = np.zeros((64, 30_000, 1), np.float32)
trials = tbrnn.Trials(zeros, zeros)
pages = int(open("/proc/self/statm").read().split()[0])
limit = pages * resource.getpagesize() + int(1.5 * 32 * 200 * 30_000 * 4) + (300 << 20)
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
try:
    tbrnn.fit(model, trials, epochs=1, threads=2)
except MemoryError:
    print("no memory")
"""


def printed(program):
    """Of a process of its own; what is not stopped takes minutes."""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )
    assert not done.stderr
    return done.stdout.strip()


def test_a_pass_that_is_stopped_has_not_been():
    assert printed(LONG + FIT) == "interrupted 0 True"


@pytest.mark.parametrize(
    "call",
    [
        "nets.simulate(trials, states=False, rates=False, threads=1)",
        "tbrnn.gradient(nets, trials, threads=1)",
    ],
)
def test_calls_are_stopped_between_tiles(call):
    assert printed(LONG + CALL.format(call=call)) == "stopped"


def test_a_thread_without_memory_is_not_waited_for():
    assert printed(NO_MEMORY) == "no memory"
