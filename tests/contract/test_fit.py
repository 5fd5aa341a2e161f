"""tbrnn.fit: options, seeds and models of each member, gradients, divergence."""

from dataclasses import replace

import numpy as np
import pytest

import tbrnn
from contract.runs import FREE, INPUTS, MODEL, SIZES, TARGETS, TRIALS, same
from reference import network, schedules, training
from tolerances import assert_close

RNG = np.random.default_rng(11)


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
        assert_close(runs.history[i]["loss"], [run.before, *run.losses], "training")
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


def test_members_that_were_interrupted_before_they_began_are_counted():
    runs = tbrnn.fit(MODEL, TRIALS, members=4, epochs=3)
    status, losses = np.array(["interrupted"] * 3 + ["stalled"]), np.array([0.5, np.inf, np.inf, 1])
    stopped = replace(runs, status=status, best_loss=losses, epochs=np.array([2, 0, 0, 3]))
    fates = "3 interrupted (2 before the first epoch), 1 stalled"
    assert repr(stopped) == f"Runs(4 members: {fates}; best losses 0.5 to 1)"
    assert "first epoch" not in repr(stopped[[0, 3]])


def test_members_by_number_are_the_same_members():
    full = tbrnn.fit(MODEL, TRIALS, members=5, seed=7, epochs=9, sigma=0.1)
    part = tbrnn.fit(MODEL, TRIALS, members=[4, 1], seed=7, epochs=9, sigma=0.1)
    assert part.best.numbers.tolist() == [4, 1]
    same(part, 0, full, 4)
    same(part, 1, full, 1)
    other = tbrnn.fit(MODEL, TRIALS, members=[4], seed=8, epochs=9, sigma=0.1)
    assert other.best_loss[0] != full.best_loss[4]


def test_members_of_one_number_start_from_equal_weights():
    runs = tbrnn.fit(MODEL, TRIALS, members=[4, 4], epochs=3, lr=[1e-3, 1e-2], **FREE)
    assert runs.history[0]["loss"][0] == runs.history[1]["loss"][0]
    assert runs.last_loss[0] != runs.last_loss[1]


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


def test_noise_differs_between_members_and_seeds():
    twins = MODEL.initial([4, 4], numbers=[0, 1])
    still = tbrnn.fit(twins, TRIALS, epochs=2, sigma=0.0)
    assert still.last_loss[0] == still.last_loss[1]
    noisy = tbrnn.fit(twins, TRIALS, seed=[1, 2], epochs=2, sigma=0.1)
    assert noisy.last_loss[0] != noisy.last_loss[1]
    alone = tbrnn.fit(twins[[1]], TRIALS, seed=[1], epochs=2, sigma=0.1)
    assert alone.last_loss[0] == noisy.last_loss[0]


def test_an_ensemble_goes_on_from_its_weights():
    first = tbrnn.fit(MODEL, TRIALS, members=3, epochs=5, dtype="float64", **FREE)
    loss, _ = tbrnn.gradient(first.last, TRIALS)
    assert_close(loss, first.last_loss, "float64 values")
    again = tbrnn.fit(first.last[[2, 0]], TRIALS, epochs=1, lr=1e-9, record_every=1, **FREE)
    assert_close([h["loss"][0] for h in again.history], loss[[2, 0]], "float64 values")
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


def test_a_mixed_ensemble_ends_by_itself():
    """A huge learning rate, NaN targets and an unreachable criterion leave the others alone."""
    nan = tbrnn.Trials(INPUTS, np.full_like(TARGETS, np.nan))
    both = tbrnn.Trials.stack([TRIALS, nan])
    wild = replace(MODEL, phi="identity", alpha=1.0, scale=1.0)
    models, good = [MODEL, wild, MODEL, MODEL, tbrnn.LowRankRNN(rank=2, **SIZES)], [0, 4]
    options = {"epochs": 60, "batch": 4, "clip": 1.0, "stall": None, "validation": TRIALS}
    runs = tbrnn.fit(
        models,
        both,
        dataset=[0, 0, 1, 0, 0],
        lr=[1e-2, 1e3, 1e-2, 1e-9, 1e-2],
        patience=[None, None, None, (5, 1e-2), None],
        threads=2,
        **options,
    )
    assert runs.status.tolist() == ["capped", "diverged", "diverged", "stalled", "capped"]
    pair = [models[i] for i in good]
    without = tbrnn.fit(pair, TRIALS, members=good, lr=1e-2, **options)
    for j, i in enumerate(good):
        same(runs, i, without, j)
    retried = tbrnn.fit(models[:1] * 2, TRIALS, members=[0, 1], lr=1e-2, accept=0.0, **options)
    assert retried.status.tolist() == ["rejected", "rejected"]
    assert retried.attempts.tolist() == [10, 10]


def test_validation_keeps_other_weights():
    held = tbrnn.Trials(RNG.normal(0, 1, (9, 12, 3)), RNG.normal(0, 1, (9, 12, 2)))
    runs = tbrnn.fit(
        MODEL, TRIALS, members=3, epochs=200, lr=3e-2, validation=held, dtype="float64", **FREE
    )
    bare = tbrnn.fit(MODEL, TRIALS, members=3, epochs=200, lr=3e-2, dtype="float64", **FREE)
    loss, _ = tbrnn.gradient(runs.best, held)
    assert_close(runs.best_loss, loss, "float64 values")
    assert runs.last_loss.tolist() == bare.last_loss.tolist()
    assert (runs.best_epoch < bare.best_epoch).all()
    both = tbrnn.Trials.stack([held, tbrnn.Trials(held.inputs[::-1] + 1, held.targets)])
    chosen = tbrnn.fit(
        MODEL,
        TRIALS,
        members=3,
        epochs=200,
        lr=3e-2,
        validation=both,
        validation_dataset=[0, 1, 0],
        dtype="float64",
        **FREE,
    )
    same(chosen, 0, runs, 0)
    same(chosen, 2, runs, 2)
    assert chosen.best_loss[1] != runs.best_loss[1]


def test_global_generator_is_neither_read_nor_written():
    before = np.random.get_state()  # noqa: NPY002
    first = tbrnn.fit(MODEL, TRIALS, epochs=3, sigma=0.1)
    after = np.random.get_state()  # noqa: NPY002
    assert np.array_equal(before[1], after[1])
    assert before[2:] == after[2:]
    np.random.seed(99)  # noqa: NPY002
    same(first, 0, tbrnn.fit(MODEL, TRIALS, epochs=3, sigma=0.1), 0)
    np.random.set_state(before)  # noqa: NPY002


@pytest.mark.parametrize("ramp", ["linear", "cosine"])
def test_schedules_are_the_oracle(ramp):
    ours, expected = (getattr(home, ramp)(1e-2, 1e-3, 7) for home in (tbrnn, schedules))
    runs = tbrnn.fit(MODEL, TRIALS, epochs=12, lr=ours, record_every=1, **FREE)
    for epoch, rate in enumerate(runs.history[0]["lr"][1:]):
        assert ours(epoch) == pytest.approx(expected(epoch), rel=1e-15)
        assert rate == ours(epoch)
        assert tbrnn.constant(0.3)(epoch) == 0.3
