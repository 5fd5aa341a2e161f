"""tbrnn.fit: options of each member, seeds, silence, Ctrl-C and every documented mistake."""

import _thread
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

import tbrnn
from reference import network, schedules, training
from tolerances import assert_close

RNG = np.random.default_rng(3)
INPUTS, TARGETS = RNG.normal(0, 1, (6, 7, 3)), RNG.normal(0, 1, (6, 7, 2))
TRIALS = tbrnn.Trials(INPUTS, TARGETS)
SIZES = {"units": 5, "inputs": 3, "outputs": 2}
MODEL = tbrnn.LowRankTBRNN(rank=4, **SIZES)
FREE = {"target_loss": None, "stall": None}


def same(a, i, b, j):
    """Member i of one result is member j of another."""
    for name in ("status", "best_loss", "last_loss", "epochs", "best_epoch"):
        assert getattr(a, name)[i] == getattr(b, name)[j], name
    assert np.array_equal(a.history[i], b.history[j])
    for nets, others in ((a.best, b.best), (a.last, b.last)):
        ours, theirs = nets[i].arrays, others[j].arrays
        assert all(np.array_equal(ours[name], theirs[name]) for name in ours)


def test_fit_is_the_published_loop():
    runs = tbrnn.fit(
        MODEL,
        TRIALS,
        members=3,
        seed=5,
        epochs=20,
        lr=tbrnn.linear(3e-2, 1e-2, 12),
        dtype="float64",
        record_every=1,
        **FREE,
    )
    net = network.Network("LowRankTBRNN", scale_three=1 / 25)
    for i in range(3):
        start = MODEL.initial([(5, i)], dtype="float64")
        p = {name: array[0] for name, array in start.arrays.items()}
        data = {"inputs": INPUTS, "targets": TARGETS}
        lr = schedules.linear(3e-2, 1e-2, 12)
        run = training.train(net, p, data, epochs=20, lr=lr, target_loss=0)
        assert_close(runs.history[i][:, 1], [run.before, *run.losses], "training")
        for name, array in runs.last[i].arrays.items():
            assert_close(array, run.last[name], "training", name)


def test_one_entry_per_member():
    runs = tbrnn.fit(MODEL, TRIALS, members=4, epochs=3)
    assert len(runs) == len(runs.best) == len(runs.last) == len(runs.history) == 4
    for name in ("status", "best_loss", "last_loss", "epochs", "best_epoch", "rank"):
        assert getattr(runs, name).shape == (4,)
    assert runs.seed == [(0, i) for i in range(4)]
    assert runs.best.numbers.tolist() == [0, 1, 2, 3]
    assert runs.best.dtype == np.float32


def test_members_by_number_are_the_same_members():
    full = tbrnn.fit(MODEL, TRIALS, members=5, seed=7, epochs=9, sigma=0.1)
    part = tbrnn.fit(MODEL, TRIALS, members=[4, 1], seed=7, epochs=9, sigma=0.1)
    assert part.best.numbers.tolist() == [4, 1]
    same(part, 0, full, 4)
    same(part, 1, full, 1)
    other = tbrnn.fit(MODEL, TRIALS, members=[4], seed=8, epochs=9, sigma=0.1)
    assert other.best_loss[0] != full.best_loss[4]


def test_seeds_of_each_member():
    runs = tbrnn.fit(MODEL, TRIALS, seed=[(7, 2), 9, (7, 0)], epochs=4)
    numbered = tbrnn.fit(MODEL, TRIALS, members=3, seed=7, epochs=4)
    assert runs.seed == [(7, 2), (9,), (7, 0)]
    same(runs, 0, numbered, 2)
    same(runs, 2, numbered, 0)


def test_options_of_each_member_are_those_of_its_own_fit():
    options = {
        "epochs": [5, 12, 9, 9],
        "lr": [1e-2, tbrnn.linear(1e-2, 1e-3, 6), tbrnn.constant(3e-2), 1e-3],
        "sigma": [0.0, 0.1, 0.2, 0.0],
        "target_loss": [None, 0.0, 1.0, 0.5],
        "stall": [None, (2, 1e-3), (0.5, 1e-1), (3, 1e9)],
        "dataset": [0, 1, 1, 0],
    }
    both = tbrnn.Trials.stack([TRIALS, tbrnn.Trials(INPUTS[::-1], TARGETS)])
    together = tbrnn.fit(MODEL, both, members=4, record_every=1, **options)
    assert len(set(together.epochs.tolist())) > 2
    for i in range(4):
        own = {name: values[i] for name, values in options.items()}
        alone = tbrnn.fit(MODEL, both, members=[i], record_every=1, **own)
        same(together, i, alone, 0)


def test_models_of_each_member_in_their_order():
    models = [
        tbrnn.LowRankRNN(rank=2, **SIZES),
        MODEL,
        tbrnn.LowRankRNN(rank=2, **SIZES),
        tbrnn.LowRankHORNN(rank=(1, 2), **SIZES),
    ]
    runs = tbrnn.fit(models, TRIALS, seed=1, epochs=6, record_every=1)
    assert runs.best.models == models
    for i, model in enumerate(models):
        same(runs, i, tbrnn.fit(model, TRIALS, members=[i], seed=1, epochs=6, record_every=1), 0)


@pytest.mark.parametrize("members", [1, 4])
def test_any_number_of_threads(members):
    one, two, five = (
        tbrnn.fit(MODEL, TRIALS, members=members, sigma=0.1, epochs=7, threads=threads)
        for threads in (1, 2, 5)
    )
    for i in range(members):
        same(one, i, two, i)
        same(one, i, five, i)


def test_stall_defaults_to_a_tenth_of_the_epochs():
    slow = {"epochs": 50, "lr": 1e-9, "target_loss": None}
    assert tbrnn.fit(MODEL, TRIALS, **slow).epochs.tolist() == [6]
    assert tbrnn.fit(MODEL, TRIALS, stall=(0.2, 1e-4), **slow).epochs.tolist() == [11]
    assert tbrnn.fit(MODEL, TRIALS, stall=(7, 1e-4), **slow).epochs.tolist() == [8]
    assert tbrnn.fit(MODEL, TRIALS, stall=None, **slow).status.tolist() == ["capped"]


def test_sigma_defaults_to_the_models_own():
    noisy = replace(MODEL, sigma=0.2)
    own = tbrnn.fit(noisy, TRIALS, epochs=5, sigma=None)
    same(own, 0, tbrnn.fit(MODEL, TRIALS, epochs=5, sigma=0.2), 0)
    assert own.best_loss != tbrnn.fit(noisy, TRIALS, epochs=5, sigma=0.0).best_loss


def test_an_ensemble_goes_on_from_its_weights():
    first = tbrnn.fit(MODEL, TRIALS, members=3, epochs=5, dtype="float64", **FREE)
    loss, _ = tbrnn.gradient(first.last, TRIALS)
    assert_close(loss, first.last_loss, "float64 values")
    again = tbrnn.fit(first.last[[2, 0]], TRIALS, epochs=1, lr=1e-9, record_every=1, **FREE)
    assert_close([h[0, 1] for h in again.history], loss[[2, 0]], "float64 values")
    assert again.best.dtype == np.float64


def test_matching_rates_and_states():
    teacher = tbrnn.LowRankRNN(rank=1, **SIZES).initial([0], dtype="float64")
    activity = teacher.simulate(INPUTS)
    for match in ("rates", "states"):
        goal = tbrnn.Trials(INPUTS, getattr(activity, match)[0])
        assert tbrnn.gradient(teacher, goal, match=match)[0][0] < 1e-25
        runs = tbrnn.fit(teacher, goal, match=match, epochs=1, lr=1e-9)
        assert runs.status.tolist() == ["converged"]


def test_gradient_names_and_shapes():
    nets = tbrnn.LowRankHORNN(rank=(2, 1), gated=True, **SIZES).initial(range(4))
    loss, gradients = tbrnn.gradient(nets, TRIALS)
    assert loss.dtype == np.float64
    assert {n: g.shape for n, g in gradients.items()} == {
        n: a.shape for n, a in nets.arrays.items()
    }


def test_noisy_gradient_is_of_the_noisy_simulation():
    nets = MODEL.initial(range(2), dtype="float64")
    loss, _ = tbrnn.gradient(nets, TRIALS, noise=0.3, seed=4)
    outputs = nets.simulate(INPUTS, noise=0.3, seed=4).outputs
    assert_close(loss, np.mean((outputs - TARGETS) ** 2, axis=(1, 2, 3)), "float64 values")


def test_a_diverging_member_is_named_and_finite():
    model = replace(MODEL, phi="identity", alpha=1.0, scale=1.0)
    runs = tbrnn.fit(model, TRIALS, members=2, epochs=20, lr=[1e4, 1e-4], **FREE)
    assert runs.status.tolist() == ["diverged", "capped"]
    assert all(np.isfinite(array).all() for array in runs.best.arrays.values())


def test_nan_targets_end_as_diverged():
    nan = tbrnn.Trials(INPUTS, np.full_like(TARGETS, np.nan))
    runs = tbrnn.fit(MODEL, nan, members=2, epochs=5)
    assert runs.status.tolist() == ["diverged", "diverged"]
    assert np.array_equal(runs.best.l, MODEL.initial([(0, 0), (0, 1)]).l)


def test_global_generator_is_neither_read_nor_written():
    before = np.random.get_state()  # noqa: NPY002
    first = tbrnn.fit(MODEL, TRIALS, epochs=3, sigma=0.1)
    after = np.random.get_state()  # noqa: NPY002
    assert np.array_equal(before[1], after[1])
    assert before[2:] == after[2:]
    np.random.seed(99)  # noqa: NPY002
    same(first, 0, tbrnn.fit(MODEL, TRIALS, epochs=3, sigma=0.1), 0)
    np.random.set_state(before)  # noqa: NPY002


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
    assert runs.best_loss[0] < runs.history[0][0, 1]


def test_threads_of_the_environment(monkeypatch):
    monkeypatch.setenv("TBRNN_THREADS", "3")
    assert tbrnn.engine_info()["threads"] == 3
    monkeypatch.setenv("TBRNN_THREADS", "none")
    with pytest.raises(ValueError, match="TBRNN_THREADS must be a whole number"):
        tbrnn.fit(MODEL, TRIALS, epochs=1)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"trials": TRIALS.inputs}, TypeError, "trials must be tbrnn.Trials, got"),
        ({"trials": tbrnn.Trials(INPUTS)}, ValueError, "trials must be Trials with targets"),
        ({"trials": tbrnn.Trials(INPUTS[..., :2], TARGETS)}, ValueError, "inputs must be .* 3 in"),
        ({"trials": tbrnn.Trials(INPUTS, INPUTS)}, ValueError, "targets must be .* 2 outputs"),
        ({"match": "rates"}, ValueError, "targets must be .* 5 units, got shape"),
        ({"match": "voltages"}, ValueError, "match must be one of 'outputs', 'rates', 'states'"),
        ({"members": 0}, ValueError, "members must be a whole number of at least 1, got 0"),
        ({"members": []}, ValueError, "members must be at least one member, got none"),
        ({"members": [0, -1]}, ValueError, r"members\[1\] must be .* at least 0, got -1"),
        ({"members": 2, "seed": [1, 2, 3]}, ValueError, "seed must be .* 2 members, got 3 entries"),
        ({"seed": -1}, ValueError, "seed must be .* at least 0, got -1"),
        ({"epochs": 0}, ValueError, "epochs must be a whole number of at least 1, got 0"),
        ({"epochs": 2.5}, TypeError, r"epochs must be a whole number .*, got 2.5 \(float\)"),
        ({"members": 2, "epochs": [1, 2, 3]}, ValueError, "epochs must be .* 2 members, got 3"),
        ({"lr": 0.0}, ValueError, "lr must be a finite number above 0, got 0.0"),
        ({"lr": [1e-3, np.nan], "members": 2}, ValueError, r"lr\[1\] must be a finite number"),
        ({"lr": "fast"}, TypeError, "lr must be a learning rate, tbrnn.linear"),
        ({"sigma": -0.1}, ValueError, "sigma must be .* at least 0, got -0.1"),
        ({"dataset": 1}, ValueError, "dataset must be a whole number from 0 to 0, got 1"),
        ({"target_loss": -1.0}, ValueError, "target_loss must be .* at least 0, got -1.0"),
        ({"stall": 5}, ValueError, r"stall must be None or \(window, improvement\), got 5"),
        ({"stall": (0, 1e-4)}, ValueError, "window of stall must be a finite number above 0"),
        ({"stall": (2.5, 1e-4)}, TypeError, "window of stall must be a whole number"),
        ({"stall": (5, -1.0)}, ValueError, "improvement of stall must be .* at least 0"),
        ({"dtype": "float16"}, ValueError, "dtype must be 'float32' or 'float64'"),
        ({"threads": 0}, ValueError, "threads must be a whole number of at least 1, got 0"),
        ({"record_every": -1}, ValueError, "record_every must be .* at least 0, got -1"),
        ({"progress": "yes"}, TypeError, "progress must be True or False, got 'yes'"),
        ({"nets": "LowRankRNN"}, TypeError, "nets must be a model such as"),
        ({"nets": []}, ValueError, "nets must be .*, got an empty list"),
        ({"nets": [MODEL, 3]}, TypeError, r"nets\[1\] must be a model such as"),
        ({"nets": [MODEL] * 2, "members": 3}, ValueError, "nets must be one model, or one for"),
        ({"nets": MODEL.initial([0]), "members": 1}, ValueError, "members must be left out"),
    ],
)
def test_mistakes(options, error, message):
    with pytest.raises(error, match=message):
        tbrnn.fit(**{"nets": MODEL, "trials": TRIALS, "epochs": 1} | options)


def test_gradient_mistakes():
    both = tbrnn.Ensemble.concatenate([MODEL.initial([0]), replace(MODEL, rank=1).initial([0])])
    with pytest.raises(ValueError, match="has no single model"):
        tbrnn.gradient(both, TRIALS)
    with pytest.raises(ValueError, match="trials must be Trials with targets"):
        tbrnn.gradient(MODEL.initial([0]), tbrnn.Trials(INPUTS))


@pytest.mark.parametrize(
    ("first", "last", "epochs", "error", "message"),
    [
        (0.0, 1e-3, 5, ValueError, "first must be a finite number above 0, got 0.0"),
        (1e-2, -1e-3, 5, ValueError, "last must be a finite number at least 0, got -0.001"),
        (1e-2, 1e-3, 0, ValueError, "epochs must be a whole number of at least 1, got 0"),
        (1e-2, 1e-3, 1.5, TypeError, "epochs must be a whole number"),
    ],
)
def test_schedule_mistakes(first, last, epochs, error, message):
    with pytest.raises(error, match=message):
        tbrnn.linear(first, last, epochs)


def test_schedules_are_the_oracle():
    ours, expected = tbrnn.linear(1e-2, 1e-3, 7), schedules.linear(1e-2, 1e-3, 7)
    for epoch in (0, 1, 6, 7, 8, 100):
        assert ours(epoch) == pytest.approx(expected(epoch), rel=1e-15)
        assert tbrnn.constant(0.3)(epoch) == 0.3
