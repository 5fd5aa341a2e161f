"""Callbacks: called between slices and at ends, from the calling thread; errors propagate."""

import threading
import time
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

import tbrnn
from contract.runs import FREE, MODEL, TRIALS, same


def test_progress_is_told():
    told = []
    runs = tbrnn.fit(MODEL, TRIALS, members=3, epochs=[5, 6, 7], on_slice=told.append, **FREE)
    assert (told[-1].epochs, told[-1].finished, told[-1].members) == (18, 3, 3)
    assert told[-1].epochs == runs.epochs.sum()
    assert 0 <= told[-1].seconds < 60
    with pytest.raises(FrozenInstanceError):
        told[-1].epochs = 0


def test_each_end_is_told_once_and_soon():
    told, threads, began = [], [], time.monotonic()

    def on_member_end(run):
        told.append(run)
        threads.append(threading.current_thread())
        if len(told) == 3:
            raise StopIteration

    with pytest.raises(StopIteration):
        tbrnn.fit(
            MODEL, TRIALS, members=4, epochs=[4, 10**9, 5, 6], on_member_end=on_member_end, **FREE
        )
    assert time.monotonic() - began < 5
    assert [run.best.numbers.tolist() for run in told] == [[0], [2], [3]]
    assert set(threads) == {threading.main_thread()}
    alone = tbrnn.fit(MODEL, TRIALS, members=[2], epochs=5, **FREE)
    same(told[1], 0, alone, 0)


def test_ends_of_mixed_networks_are_those_of_the_result():
    models = [MODEL, tbrnn.LowRankRNN(rank=1, units=5, inputs=3, outputs=2), MODEL]
    both = tbrnn.Trials.stack([TRIALS, tbrnn.Trials(TRIALS.inputs[::-1], TRIALS.targets)])
    told = {}
    runs = tbrnn.fit(
        models,
        both,
        dataset=[1, 0, 0],
        epochs=[3, 2, 4],
        on_member_end=lambda run: told.update({int(run.best.numbers[0]): run}),
        **FREE,
    )
    for i in range(3):
        same(told[i], 0, runs, i)


def test_ends_of_attempts_are_told_when_decided():
    told = []
    runs = tbrnn.fit(
        MODEL, TRIALS, members=4, epochs=3, accept=0.0, attempts=2, on_member_end=told.append
    )
    assert [run.status[0] for run in told] == ["rejected"] * 4
    assert [run.attempts[0] for run in told] == runs.attempts.tolist() == [2] * 4


def test_ends_of_students_carry_their_readout():
    teachers, told = MODEL.initial(range(2)), []
    options = {"ranks": [1, 2], "trials": TRIALS, "epochs": 3}
    runs = tbrnn.lint(teachers, tbrnn.LowRankRNN, on_member_end=told.append, **options)
    assert sorted(int(run.teacher[0]) for run in told) == runs.teacher.tolist() == [0, 0, 1, 1]
    assert all(np.array_equal(r.best[0].w_out, teachers[int(r.teacher[0])].w_out) for r in told)


def test_an_error_ends_the_training():
    def broken(progress):
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        tbrnn.fit(MODEL, TRIALS, epochs=10**9, on_slice=broken, **FREE)


def test_ctrl_c_in_a_callback_is_an_interruption():
    def pressed(progress):
        raise KeyboardInterrupt

    with pytest.warns(RuntimeWarning, match="training interrupted"):
        runs = tbrnn.fit(MODEL, TRIALS, epochs=10**9, on_slice=pressed, **FREE)
    assert runs.status.tolist() == ["interrupted"]
    with pytest.warns(RuntimeWarning, match="training interrupted"):
        runs = tbrnn.fit(MODEL, TRIALS, members=2, epochs=[2, 10**9], on_slice=pressed, accept=0.0)
    assert runs.status.tolist() == ["interrupted", "interrupted"]
    assert runs.attempts.tolist() == [1, 1]


def test_members_that_are_accepted_are_told_upon_ctrl_c():
    told = []

    def pressed(progress):
        raise KeyboardInterrupt

    options = {"members": 3, "epochs": [2, 10**9, 3], "accept": 1e9, **FREE}
    with pytest.warns(RuntimeWarning, match="training interrupted"):
        runs = tbrnn.fit(MODEL, TRIALS, on_slice=pressed, on_member_end=told.append, **options)
    assert runs.status.tolist() == ["capped", "interrupted", "capped"]
    assert [int(run.best.numbers[0]) for run in told] == [0, 2]


def test_what_has_ended_is_rejected_upon_ctrl_c_if_no_attempt_is_left():
    told = []

    def pressed(progress):
        raise KeyboardInterrupt

    for attempts, status in ((1, "rejected"), (2, "interrupted")):
        told.clear()
        options = {"members": 2, "epochs": 2, "accept": 0.0, "attempts": attempts, **FREE}
        with pytest.warns(RuntimeWarning, match="training interrupted"):
            runs = tbrnn.fit(MODEL, TRIALS, on_slice=pressed, on_member_end=told.append, **options)
        assert runs.status.tolist() == [status] * 2
        assert len(told) == (2 if attempts == 1 else 0)


def test_ctrl_c_when_all_have_finished_is_told():
    def pressed(progress):
        raise KeyboardInterrupt

    with pytest.warns(RuntimeWarning, match="training interrupted"):
        runs = tbrnn.fit(MODEL, TRIALS, members=2, epochs=2, on_slice=pressed, **FREE)
    assert runs.status.tolist() == ["capped", "capped"]
    others = tbrnn.fit(MODEL, TRIALS, epochs=2, **FREE)
    assert runs.interrupted
    assert not others.interrupted
    assert tbrnn.Runs.concatenate([others, runs[1]]).interrupted


def test_an_interruption_tells_what_has_ended_before():
    """The first end that is told presses Ctrl-C; the others of its slice are told all the same."""
    told = []

    def press(run):
        told.append(int(run.best.numbers[0]))
        if len(told) == 1:
            raise KeyboardInterrupt

    options = {"members": 4, "epochs": [2, 10**9, 3, 4], "on_member_end": press}
    with pytest.warns(RuntimeWarning, match="training interrupted") as warned:
        runs = tbrnn.fit(MODEL, TRIALS, **options, **FREE)
    assert warned[0].filename == __file__
    assert told == [0, 2, 3]
    assert runs.status.tolist() == ["capped", "interrupted", "capped", "capped"]


@pytest.mark.parametrize("name", ["on_slice", "on_member_end"])
def test_mistakes(name):
    with pytest.raises(TypeError, match=f"{name} must be None or a function, got 3"):
        tbrnn.fit(MODEL, TRIALS, epochs=1, **{name: 3})
