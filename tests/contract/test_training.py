"""Training = the published loop: Adam, schedules, noise, histories, cohorts, slices of time."""

import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from contract.agreement import assert_same_training
from contract.calls import (
    add,
    exact,
    oracle_gradient,
    oracle_train,
    same_run,
    train,
)
from contract.cases import KINDS, MATCHES, case
from reference import adam, noise, schedules
from tbrnn import _core
from tolerances import assert_close


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


@pytest.mark.parametrize("loss", ["cross_entropy", "logistic"])
def test_training_by_other_losses_is_the_oracle(loss):
    c = case(trials=33, loss=loss, mask="trial and time")
    parameters, data = c.parameters(), c.data()
    result = train(c, parameters, data, epochs=20, lr=3e-2)
    run = oracle_train(
        c, parameters[0], data, epochs=20, lr=schedules.constant(3e-2), target_loss=0
    )
    assert_same_training(c, result, 0, run)


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
    expected, _ = adam.update(p, gradients, adam.start(p), 0.1)
    for name, array in c.named(result["last"][0]).items():
        assert_close(array, expected[name], "training", name)


@pytest.mark.parametrize("every", [0, 1, 4])
def test_history(every):
    c = case()
    parameters, data = c.parameters(), c.data()
    full = train(c, parameters, data, epochs=10, record_every=1)["history"][0][:, :2]
    part = train(c, parameters, data, epochs=10, record_every=every)["history"][0][:, :2]
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
