"""How a training ends: both stopping rules, keep-best, quarantine, interruption."""

import numpy as np
import pytest

from contract.agreement import assert_same_training
from contract.calls import (
    add,
    choose,
    gradient,
    oracle_train,
    same_run,
    train,
)
from contract.cases import case
from reference import schedules
from tbrnn import _core


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
    until = free["history"][0][: 2 + np.argmax(losses < target)]
    assert np.array_equal(result["history"][0], until, equal_nan=True)


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
    """A learning rate that grows far too large raises the loss after the best epoch."""
    c = case(trials=33)
    parameters, data, rising = c.parameters(), c.data(), (1e-2, 5.0, 20)
    result = train(c, parameters, data, epochs=20, lr=rising)
    losses = result["history"][0][1:, 1]
    best = int(np.argmin(losses))
    assert result["best_epoch"][0] == best < 19
    assert result["best_loss"][0] == losses[best] < result["last_loss"][0] == losses[-1]
    until_best = train(c, parameters, data, epochs=best + 1, lr=rising)
    assert np.array_equal(result["best"], until_best["last"])
    assert not np.array_equal(result["best"], result["last"])


def test_the_smallest_of_nearly_equal_losses_is_kept():
    """Near its minimum a constant learning rate makes the loss waver by less than 1e-3."""
    c = case(trials=33)
    parameters, data = c.parameters(), c.data()
    result = train(c, parameters, data, epochs=300, lr=0.1)
    losses = result["history"][0][1:, 1]
    assert np.sum(losses < losses.min() + 1e-3) > 1
    assert result["best_epoch"][0] == np.argmin(losses)
    assert result["best_loss"][0] == losses.min()
    assert gradient(c, result["best"], data)[0] == losses.min()


def test_a_diverging_member_keeps_its_best_and_its_last_good_weights():
    """A rising learning rate: the loss falls, rises, and overflows."""
    c = case("three-body", phi="identity", mode="discrete", trials=33, steps=20)
    parameters, data = c.parameters(), c.data()
    result = train(c, parameters, data, epochs=60, lr=(1e-3, 0.3, 20))
    with np.errstate(over="ignore", invalid="ignore"):
        lr = schedules.linear(1e-3, 0.3, 20)
        run = oracle_train(c, parameters[0], data, epochs=60, lr=lr, target_loss=0)
    assert run.status == "diverged"
    assert run.best_epoch < len(run.losses) - 1
    assert_same_training(c, result, 0, run)


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
