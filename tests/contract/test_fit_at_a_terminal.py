"""Around a training: silence, progress bars, Ctrl-C and the environment."""

import _thread
import threading
import time

import numpy as np
import pytest

import tbrnn

RNG = np.random.default_rng(3)
INPUTS, TARGETS = RNG.normal(0, 1, (6, 7, 3)), RNG.normal(0, 1, (6, 7, 2))
TRIALS = tbrnn.Trials(INPUTS, TARGETS)
SIZES = {"units": 5, "inputs": 3, "outputs": 2}
MODEL = tbrnn.LowRankTBRNN(rank=4, **SIZES)
FREE = {"target_loss": None, "stall": None}


def test_silent_away_from_a_terminal(capfd):
    tbrnn.fit(MODEL, TRIALS, epochs=5)
    tbrnn.fit(MODEL, TRIALS, epochs=5, progress=False)
    assert capfd.readouterr() == ("", "")


def test_progress_bar_on_request(capfd):
    tbrnn.fit(MODEL, TRIALS, members=3, epochs=5, progress=True, **FREE)
    out, err = capfd.readouterr()
    assert out == ""
    assert "3/3 networks" in err


def test_ctrl_c_stops_within_a_second_and_keeps_what_was_trained():
    pressed = []

    def press():
        pressed.append(time.monotonic())
        _thread.interrupt_main()

    threading.Timer(0.5, press).start()
    with pytest.warns(RuntimeWarning, match="training interrupted"):
        runs = tbrnn.fit(MODEL, TRIALS, members=2, epochs=[10**9, 3], **FREE)
    assert time.monotonic() - pressed[0] < 1
    assert runs.status[0] == "interrupted"
    assert runs.epochs[0] > 0
    assert runs.best_loss[0] < runs.history[0]["loss"][0]


def test_threads_of_the_environment(monkeypatch):
    monkeypatch.setenv("TBRNN_THREADS", "3")
    assert tbrnn.engine_info()["threads"] == 3
    monkeypatch.setenv("TBRNN_THREADS", "none")
    with pytest.raises(ValueError, match="TBRNN_THREADS must be a whole number"):
        tbrnn.fit(MODEL, TRIALS, epochs=1)
