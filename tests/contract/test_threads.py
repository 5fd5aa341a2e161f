"""Threads: more than there is work for do nothing, more than the system starts are refused."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

import tbrnn

MODEL = tbrnn.LowRankRNN(units=10, rank=1, inputs=1, outputs=1)
TRIALS = tbrnn.Trials(np.ones((70, 5, 1)), np.zeros((70, 5, 1)))

TOO_MANY = """
import resource, tbrnn
nets = tbrnn.LowRankRNN(units=2, rank=1, inputs=1, outputs=1).initial(range(3000))
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
nets.simulate([[[1.0]]], threads=3000)
"""


def test_threads_without_work_change_nothing():
    one, many = (
        tbrnn.fit(MODEL, TRIALS, members=2, epochs=4, threads=threads) for threads in (1, 50_000)
    )
    assert np.array_equal(one.last.m, many.last.m)


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="no list of threads here")
def test_a_call_of_another_thread_works_on_that_thread():
    """Only the main thread has to listen for signals while another one works."""
    nets = MODEL.initial(range(2000))
    before = len(os.listdir("/proc/self/task"))
    caller = threading.Thread(
        target=lambda: [nets.simulate(TRIALS, states=False, threads=1) for _ in range(2)]
    )
    caller.start()
    most = before
    while caller.is_alive():
        most = max(most, len(os.listdir("/proc/self/task")))
    assert most <= before + 1


def test_more_threads_than_the_system_starts_are_refused():
    """Not waited for without end: those that have started have nobody to wait for."""
    done = subprocess.run(
        [sys.executable, "-c", TOO_MANY], capture_output=True, text=True, timeout=60
    )
    expected = "tbrnn.errors.WrongValue: threads must be no more than the system starts, "
    assert done.stderr.strip().splitlines()[-1].startswith(expected)
