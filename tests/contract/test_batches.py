"""Mini-batches, validation sets and looks at the losses = the oracle, over 60 epochs."""

import numpy as np
import pytest

from contract.agreement import assert_same_training
from contract.calls import oracle_train, same_run, train
from contract.cases import KINDS, MATCHES, case
from reference import noise, schedules, shuffle
from tolerances import assert_close

EPOCHS, KEY = 60, 2**40 + 7
LR = schedules.constant(1e-2)


def assert_oracle(c, options, validation=None, **oracle):
    parameters, data = c.parameters(), c.data()
    held = {"validation": validation} if validation else {}
    result = train(c, parameters, data, epochs=EPOCHS, keys=[KEY], **held, **options)
    arguments = {"epochs": EPOCHS, "lr": LR, "target_loss": 0, "key": KEY} | held | oracle
    run = oracle_train(c, parameters[0], data, **arguments)
    assert_same_training(c, result, 0, run)
    if validation:
        looked = ~np.isnan(result["history"][0][:, 2])
        expected = dict(zip(run.looks, run.validation, strict=True))
        for epoch, value in result["history"][0][looked][:, [0, 2]]:
            if epoch >= 0:
                assert_close(value, expected[epoch], "training", "validation")
    return result, run


def later(c, trials, steps=None):
    """Data of the same networks: other trials, perhaps longer ones."""
    sizes = {"trials": trials, "steps": steps or c.steps}
    shape = {name: getattr(c, name) for name in ("match", "mask", "initial", "dtype")}
    other = case("three-body", units=c.units, **sizes, **shape)
    return other.data(seed=9)


def test_order_of_an_epoch_is_a_permutation_of_its_own():
    orders = [shuffle.order(KEY, epoch, 33) for epoch in range(3)]
    assert all(sorted(order) == list(range(33)) for order in orders)
    assert not np.array_equal(orders[0], orders[1])
    assert not np.array_equal(orders[0], shuffle.order(KEY + 1, 0, 33))


@pytest.mark.parametrize("batch", [1, 5, 32, 40])
@pytest.mark.parametrize("mask", [None, "entries", "trial and time"])
def test_batches(batch, mask):
    trials = 7 if batch == 1 else 70
    c = case(trials=trials, mask=mask, initial=True)
    result, _ = assert_oracle(c, {"batch": batch}, batch=batch)
    assert result["steps"][0, 0] == EPOCHS * -(-trials // batch)


@pytest.mark.parametrize("match", MATCHES)
@pytest.mark.parametrize("kind", KINDS)
def test_batches_of_every_model(kind, match):
    c = case(kind, trials=40, match=match)
    assert_oracle(c, {"batch": 13, "clip": 0.2}, batch=13, clip=0.2)


def test_noise_of_a_batch_is_that_of_its_positions():
    c = case(trials=9, steps=4)
    held = later(c, 5)

    def drawn(epoch):
        return 0.2 * noise.state_noise(KEY, epoch, 14, c.steps, c.units)

    parameters, data = c.parameters(), c.data()
    options = {"epochs": 4, "batch": 4, "validation": held}
    result = train(c, parameters, data, sigma=0.2, keys=[KEY], **options)
    run = oracle_train(
        c, parameters[0], data, lr=LR, target_loss=0, key=KEY, noise=drawn, **options
    )
    assert_same_training(c, result, 0, run)


def test_a_batch_without_anything_to_compare_takes_no_step():
    c = case(trials=6)
    mask = np.zeros((6, 7, 1))
    mask[2] = 1
    result = train(c, c.parameters(), c.data() | {"mask": mask}, batch=1, epochs=5)
    assert result["status"] == ["capped"]
    assert result["steps"][0].tolist() == [5] * len(c.fields)


def test_a_batch_of_all_trials_is_the_full_batch():
    c = case(trials=33)
    full = train(c, c.parameters(), c.data(), epochs=5, sigma=0.1)
    for batch in (33, 100):
        same_run(full, train(c, c.parameters(), c.data(), epochs=5, sigma=0.1, batch=batch))


@pytest.mark.parametrize("steps", [7, 12])
@pytest.mark.parametrize("batch", [None, 20])
def test_the_best_weights_are_those_of_the_validation_loss(batch, steps):
    c = case(trials=33)
    options = {} if batch is None else {"batch": batch}
    _, run = assert_oracle(c, options, validation=later(c, 40, steps), batch=batch)
    assert run.best_epoch < EPOCHS - 1  # it overfits noise, so the two losses part


@pytest.mark.parametrize("every", [2, 7, 100])
@pytest.mark.parametrize("batch", [None, 20])
def test_losses_are_looked_at_every_so_many_epochs(batch, every):
    c = case(trials=33)
    options = {"evaluate_every": every} | ({} if batch is None else {"batch": batch})
    parameters, data, held = c.parameters(), c.data(), later(c, 5)
    arguments = {"epochs": EPOCHS, "validation": held, **options}
    result = train(c, parameters, data, keys=[KEY], **arguments)
    run = oracle_train(c, parameters[0], data, lr=LR, target_loss=0, key=KEY, **arguments)
    rows = {int(row[0]): row for row in result["history"][0]}
    assert run.looks == sorted({*range(0, EPOCHS, every), EPOCHS - 1})
    assert_close([rows[e][1] for e in run.looks], run.losses, "training")
    assert_close([rows[e][2] for e in run.looks], run.validation, "training")
    assert result["best_epoch"][0] == run.best_epoch
    assert_close(result["best_loss"][0], run.best_loss, "training")
    unseen = rows.keys() - {-1, *run.looks}
    assert all(np.isnan(rows[e][1]) == (batch is not None) for e in unseen)
    assert all(np.isnan(rows[e][2]) for e in unseen)


@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("patience", [(3, 0.0), (5, 2e-2), (9, 1e-3)])
def test_patience(patience, held, every):
    c = case(trials=33)
    options = {"patience_epochs": patience[0], "patience_improvement": patience[1]}
    validation = later(c, 40) if held else None
    arguments = {"epochs": EPOCHS, "evaluate_every": every}
    arguments |= {"validation": validation} if held else {}
    parameters, data = c.parameters(), c.data()
    result = train(c, parameters, data, lr=3e-2, **arguments, **options)
    lr = schedules.constant(3e-2)
    run = oracle_train(c, parameters[0], data, lr=lr, target_loss=0, patience=patience, **arguments)
    assert result["status"] == [run.status]
    assert result["epochs"][0] == run.epochs


@pytest.mark.parametrize("every", [1, 4])
def test_stalls_look_at_the_training_loss(every):
    c = case(trials=33)
    arguments = {"epochs": EPOCHS, "validation": later(c, 40), "evaluate_every": every}
    arguments |= {"stall": (7, 1e-2), "batch": 20}
    result = train(c, c.parameters(), c.data(), keys=[KEY], **arguments)
    run = oracle_train(c, c.parameters()[0], c.data(), lr=LR, target_loss=0, key=KEY, **arguments)
    assert result["status"] == [run.status]
    assert result["epochs"][0] == run.epochs


def test_target_loss_looks_at_the_training_loss():
    c = case(trials=33)
    free = train(c, c.parameters(), c.data(), epochs=EPOCHS, batch=20)
    target = float(np.median(free["history"][0][:, 1]))
    result = train(
        c,
        c.parameters(),
        c.data(),
        epochs=EPOCHS,
        batch=20,
        target_loss=target,
        validation=later(c, 5),
    )
    assert result["status"] == ["converged"]
    assert result["last_loss"][0] < target
