"""What happens when an emulated device has little memory."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.usefixtures("emulated")

LITTLE_MEMORY = """
import numpy as np, tbrnn
rng = np.random.default_rng(5)
trials = tbrnn.Trials(rng.normal(size=(5, 4, 2)), rng.normal(size=(5, 4, 3)))
model = tbrnn.LowRankRNN(rank=2, units=6, inputs=2, outputs=3)
runs = tbrnn.fit(model, trials, members=8, epochs=3, target_loss=None, stall=None, device="cuda")
loss, _ = tbrnn.gradient(model.initial(range(8)), trials, device="cuda")
print(runs.last_loss.tobytes().hex(), loss.tobytes().hex())
"""


def with_memory(bytes_):
    """A process of its own: a library reads its environment when it is loaded."""
    return subprocess.run(
        [sys.executable, "-c", LITTLE_MEMORY],
        env={**os.environ, "TBRNN_EMULATED_BYTES": str(bytes_)},
        capture_output=True,
        text=True,
    )


def test_an_ensemble_that_does_not_fit_is_split_to_the_same_bits():
    # The scratch of a block takes 26,144 bytes, and eight members have four blocks.
    plenty = with_memory(10**9)
    assert plenty.returncode == 0, plenty.stderr
    little = with_memory(90_000)
    assert little.returncode == 0, little.stderr
    assert little.stdout == plenty.stdout


def test_memory_that_does_not_hold_one_member_says_how_much_it_asked_for():
    none = with_memory(2_000)
    assert none.returncode
    assert "BackendUnavailable: the device has no memory left: " in none.stderr
    assert "bytes were asked for" in none.stderr
