"""Training = the published loop: Adam, schedules, both stopping rules, keep-best, quarantine."""

import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from contract.cases import (
    KINDS,
    MATCHES,
    add,
    case,
    choose,
    exact,
    oracle_gradient,
    same_run,
    train,
)
from reference import adam, noise, schedules, training
from tbrnn import _core
from tolerances import assert_close


def oracle_train(c, flat, data, **options):
    return training.train(c.net, c.named(flat), exact(data), match=c.match, **options)


def assert_same_training(c, result, member, run):
    history = result["history"][member]
    assert result["status"][member] == run.status
    assert result["epochs"][member] == run.epochs
    assert result["best_epoch"][member] == run.best_epoch
    assert np.array_equal(history[:, 0], np.arange(-1, run.epochs))
    assert_close(history[:, 1], [run.before, *run.losses], "training", "losses")
    assert_close(result["best_loss"][member], run.best_loss, "training", "best loss")
    assert_close(result["last_loss"][member], run.losses[-1], "training", "last loss")
    for which in ("best", "last"):
        for name, array in c.named(result[which][member]).items():
            assert_close(array, getattr(run, which)[name], "training", f"{which} {name}")


@pytest.mark.parametrize("match", MATCHES)
@pytest.mark.parametrize("kind", KINDS)
def test_training_is_the_oracle(kind, match):
    c = case(kind, trials=33, match=match, mask="trial and time", initial=True)
    parameters, data = c.parameters(2), c.data()
    result = train(c, parameters, data, epochs=[20, 15], lr=(3e-2, 1e-2, 12))
    for member, epochs in enumerate((20, 15)):
        lr = schedules.linear(3e-2, 1e-2, 12)
        run = oracle_train(c, parameters[member], data, epochs=epochs, lr=lr, target_loss=0)
        assert_same_training(c, result, member, run)


@pytest.mark.parametrize("kind", KINDS)
def test_noise_of_training_is_that_of_the_epoch(kind):
    """Update e and the loss that it starts from see one draw; the loss after it the next."""
    c = case(kind, trials=3)
    parameters, data, key = c.parameters(), c.data(), 2**40 + 5
    result = train(c, parameters, data, epochs=5, sigma=0.2, keys=[key])
    run = oracle_train(
        c,
        parameters[0],
        data,
        epochs=5,
        lr=schedules.constant(1e-2),
        target_loss=0,
        noise=lambda e: 0.2 * noise.state_noise(key, e, c.trials, c.steps, c.units),
    )
    assert_same_training(c, result, 0, run)


def test_first_adam_step():
    c = case()
    parameters, data = c.parameters(), c.data()
    result = train(c, parameters, data, epochs=1, lr=0.1)
    p = c.named(parameters[0])
    _, gradients = oracle_gradient(c, parameters[0], data)
    expected, _ = adam.update(p, gradients, adam.start(p), 0.1, 1)
    for name, array in c.named(result["last"][0]).items():
        assert_close(array, expected[name], "training", name)


def test_target_loss_stops_at_the_first_epoch_below_it():
    c = case(trials=33)
    parameters, data = c.parameters(), c.data()
    free = train(c, parameters, data, epochs=40)
    losses = free["history"][0][1:, 1]
    target = (losses[20] + losses[21]) / 2
    result = train(c, parameters, data, epochs=40, target_loss=target)
    assert result["status"] == ["converged"]
    assert result["epochs"][0] == np.argmax(losses < target) + 1
    assert result["last_loss"][0] < target
    assert np.array_equal(
        result["history"][0], free["history"][0][: 2 + np.argmax(losses < target)]
    )


def test_a_loss_equal_to_the_target_does_not_stop():
    c = case()
    parameters, data = c.parameters(), c.data()
    target = train(c, parameters, data, epochs=5)["last_loss"][0]
    result = train(c, parameters, data, epochs=5, target_loss=target)
    assert result["status"] == ["capped"]


@pytest.mark.parametrize("window", [3, 7])
@pytest.mark.parametrize("improvement", [1e-3, 3e-3, 1e-2])
def test_stall_rule_is_the_oracle(window, improvement):
    c = case(trials=33)
    parameters, data = c.parameters(), c.data()
    options = {"epochs": 60, "stall": (window, improvement)}
    result = train(c, parameters, data, lr=1e-2, **options)
    run = oracle_train(
        c, parameters[0], data, lr=schedules.constant(1e-2), target_loss=0, **options
    )
    assert_same_training(c, result, 0, run)


def test_first_stall_check_passes_and_the_second_can_stop():
    c = case()
    result = train(c, c.parameters(), c.data(), epochs=50, lr=1e-9, stall=(8, 1e-4))
    assert result["status"] == ["stalled"]
    assert result["epochs"][0] == 9


def test_converged_comes_before_stalled():
    c = case()
    result = train(c, c.parameters(), c.data(), epochs=50, target_loss=1e6, stall=(1, 1e6))
    assert result["status"] == ["converged"]
    assert result["epochs"][0] == 1


def test_best_weights_are_kept():
    """A learning rate far too large raises the loss after the best epoch."""
    c = case(trials=33)
    parameters, data = c.parameters(), c.data()
    result = train(c, parameters, data, epochs=30, lr=5.0)
    losses = result["history"][0][1:, 1]
    best = int(np.argmin(losses))
    assert result["best_epoch"][0] == best < 29
    assert result["best_loss"][0] == losses[best] < result["last_loss"][0] == losses[-1]
    until_best = train(c, parameters, data, epochs=best + 1, lr=5.0)
    assert np.array_equal(result["best"], until_best["last"])
    assert not np.array_equal(result["best"], result["last"])


@pytest.mark.parametrize("every", [0, 1, 4])
def test_history(every):
    c = case()
    parameters, data = c.parameters(), c.data()
    full = train(c, parameters, data, epochs=10, record_every=1)["history"][0]
    part = train(c, parameters, data, epochs=10, record_every=every)["history"][0]
    assert part.dtype == np.float64
    if every == 0:
        assert part.shape == (0, 2)
    else:
        assert set(map(tuple, part)) <= set(map(tuple, full))
        assert set(range(0, 10, every)) <= set(part[:, 0])
        assert tuple(part[0]) == tuple(full[0])


def test_losses_are_after_the_update():
    c = case()
    parameters, data = c.parameters(), c.data()
    result = train(c, parameters, data, epochs=1)
    before, after = result["history"][0][:, 1]
    assert_close(before, oracle_gradient(c, parameters[0], data)[0], "training")
    assert_close(after, oracle_gradient(c, result["last"][0], data)[0], "training")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("bad", [0, 2])
def test_a_diverging_member_is_quarantined(bad, threads, dtype):
    """Identity units with unscaled three-body drive explode under a large learning rate."""
    c = case("three-body", phi="identity", mode="discrete", trials=33, steps=20, dtype=dtype)
    parameters, data = c.parameters(4), c.data()
    lr = np.full(4, 1e-4)
    lr[bad] = 1e3
    ramp = (lr, lr, np.ones(4))
    result = train(c, parameters, data, epochs=15, lr=ramp, threads=threads)
    good = [i for i in range(4) if i != bad]
    assert result["status"][bad] == "diverged"
    assert result["epochs"][bad] < 15
    assert np.isfinite(result["best"][bad]).all()
    assert np.isfinite(result["last"][bad]).all()
    healthy = (1e-4, 1e-4, 1)
    keys = np.array(good) + 1
    without = train(c, parameters[good], data, epochs=15, lr=healthy, keys=keys)
    same_run(choose(result, good), without)
    assert without["status"] == ["capped"] * 3


def test_a_member_with_nan_targets_diverges_at_once_and_keeps_its_weights():
    c = case()
    parameters, data = c.parameters(2), c.data()
    broken = data | {"targets": np.full_like(data["targets"], np.nan)}
    result = train(c, parameters, [data, broken], which=[0, 1])
    assert result["status"] == ["capped", "diverged"]
    assert np.array_equal(result["best"][1], parameters[1])
    assert np.isfinite(result["best"]).all()


def test_interrupted_members_keep_what_was_trained():
    c = case(trials=33)
    trainer = _core.Trainer(1)
    add(trainer, c, c.parameters(2), c.data(), epochs=[3, 10**9])
    assert trainer.members == 2
    while trainer.finished < 1:
        assert trainer.run(0.01)
    trainer.interrupt()
    assert not trainer.run(0.01)
    result = trainer.result(0)
    assert result["status"] == ["capped", "interrupted"]
    assert result["epochs"][1] > 0
    assert trainer.epochs_done == result["epochs"].sum()
    assert result["best_loss"][1] <= result["history"][1][0, 1]


def test_cohorts_of_one_trainer_do_not_meet():
    """Networks and trials of every size and both precisions take turns on two threads."""
    cohorts = [
        case("two-body", ranks=(1, 1), trials=33),
        case("two-body", ranks=(3, 1), trials=33, dtype="float32"),
        case("gated", units=33, trials=70, steps=3, dtype="float32"),
        case("three-body", units=7, trials=5, steps=31, mask="entries"),
        case("hard-orth", form="voltage", initial=True, match="states"),
        case("hybrid", identity_readout=True, trials=65, dtype="float32"),
    ]
    trainer = _core.Trainer(2)
    for c in cohorts:
        add(trainer, c, c.parameters(3), c.data(), sigma=0.1, epochs=[4, 30, 17])
    while trainer.run(1e-3):
        pass
    assert trainer.finished == trainer.members == 18
    for index, c in enumerate(cohorts):
        alone = train(c, c.parameters(3), c.data(), sigma=0.1, epochs=[4, 30, 17])
        same_run(trainer.result(index), alone)


def test_slices_of_time_do_not_change_a_training():
    c = case(trials=33)
    trainer = _core.Trainer(1)
    add(trainer, c, c.parameters(3), c.data(), epochs=200)
    while trainer.run(1e-4):
        pass
    same_run(trainer.result(0), train(c, c.parameters(3), c.data(), epochs=200))


def test_python_goes_on_while_the_engine_trains():
    c = case(trials=33)
    trainer, ticks = _core.Trainer(1), []
    add(trainer, c, c.parameters(), c.data(), epochs=10**9, record_every=0)
    thread = threading.Thread(target=lambda: [trainer.run(0.1) for _ in range(3)])
    thread.start()
    while thread.is_alive():
        ticks.append(time.monotonic())
        time.sleep(0.002)
    assert len(ticks) > 20


def test_denormals_are_restored():
    c = case(dtype="float32")
    train(c, c.parameters(), c.data(), epochs=2)
    assert np.float32(1e-38) * np.float32(1e-2) > 0


def test_float32_training_follows_float64():
    c = case(trials=33, mask="entries")
    single = replace(c, dtype="float32")
    parameters, data = single.parameters(), single.data()
    ours = train(single, parameters, data, epochs=30)
    exact_run = train(c, parameters.astype(float), exact(data), epochs=30)
    history, expected = ours["history"][0], exact_run["history"][0]
    assert_close(history[:, 1], expected[:, 1], "golden trace float32")
