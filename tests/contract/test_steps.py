"""Optimisers, schedules, clip, frozen arrays and phases = the oracle, over 60 epochs."""

import numpy as np
import pytest

from contract.agreement import assert_same_training
from contract.calls import choose, oracle_train, same_run, train
from contract.cases import KINDS, case
from reference import adam, schedules
from tolerances import assert_close

EPOCHS = 60
RAMPS = {
    "linear": (3e-2, 1e-3, 40),
    "cosine": (3e-2, 1e-3, 40),
    "constant": (1e-2, 1e-2, 1),
}


def assert_oracle(c, options, **oracle):
    """Two members; `options` for the engine, `oracle` the same for the reference."""
    parameters, data = c.parameters(2), c.data()
    result = train(c, parameters, data, epochs=EPOCHS, **options)
    for member in range(2):
        arguments = {"lr": schedules.constant(1e-2), "target_loss": 0} | oracle
        run = oracle_train(c, parameters[member], data, epochs=EPOCHS, **arguments)
        assert_same_training(c, result, member, run)
    return result


@pytest.mark.parametrize("ramp", RAMPS)
def test_schedules(ramp):
    first, last, length = RAMPS[ramp]
    lr = schedules.linear(first, last, length)
    if ramp == "cosine":
        lr = schedules.cosine(first, last, length)
    options = {"lr": (first, last, length, "cosine" if ramp == "cosine" else "linear")}
    result = assert_oracle(case(trials=33), options, lr=lr)
    rates = result["history"][0][1:, 4]
    assert_close(rates, [lr(e) for e in range(EPOCHS)], "float64 values")


@pytest.mark.parametrize("kind", KINDS)
def test_adamw(kind):
    assert_oracle(case(kind, trials=33), {"decay": 0.3}, decay=0.3)


@pytest.mark.parametrize("clip", [1e-2, 0.2, 1e3])
@pytest.mark.parametrize("kind", KINDS)
def test_clip(kind, clip):
    assert_oracle(case(kind, trials=33), {"clip": clip}, clip=clip)


def test_clip_looks_at_the_trained_arrays():
    trained = ("l", "b_in")
    options = {"clip": 0.1, "trained": trained}
    assert_oracle(case(trials=33), options, clip=0.1, trained=trained)


def test_a_wide_clip_changes_no_bit():
    c = case(trials=33, dtype="float32")
    free = train(c, c.parameters(2), c.data(), epochs=9)
    same_run(free, train(c, c.parameters(2), c.data(), epochs=9, clip=1e6))


@pytest.mark.parametrize("trained", [("l", "m", "n"), ("w_in",), ("b_out", "m")])
def test_frozen_arrays_stay_bit_for_bit(trained):
    c = case(trials=33)
    result = assert_oracle(c, {"trained": trained, "decay": 0.1}, trained=trained, decay=0.1)
    before, after = (c.named(block) for block in (c.parameters(2)[1], result["last"][1]))
    for name, _ in c.fields:
        assert np.array_equal(before[name], after[name]) == (name not in trained)


def test_phases_continue_moments_and_counts():
    """Recurrent vectors alone, then all arrays: those released take their first steps."""
    c = case(trials=33)
    parameters, data = c.parameters(2), c.data()
    trained = ("l", "m", "n")
    first = train(c, parameters, data, epochs=25, trained=trained)
    memory = {name: first[name] for name in ("m", "v", "steps")}
    second = train(c, first["best"], data, epochs=EPOCHS, optimizer=memory)
    for member in range(2):
        options = {"lr": schedules.constant(1e-2), "target_loss": 0}
        one = oracle_train(c, parameters[member], data, epochs=25, trained=trained, **options)
        assert_same_training(c, first, member, one)
        start = np.concatenate([np.ravel(one.best[name]) for name, _ in c.fields])
        two = oracle_train(c, start, data, epochs=EPOCHS, moments=one.moments, **options)
        assert_same_training(c, second, member, two)
        assert two.moments["l"][2] == 85
        assert two.moments["w_in"][2] == EPOCHS


def test_two_halves_with_one_optimiser_are_the_whole():
    c = case(trials=33, dtype="float32")
    parameters, data = c.parameters(2), c.data()
    whole = train(c, parameters, data, epochs=20)
    half = train(c, parameters, data, epochs=10)
    memory = {name: half[name] for name in ("m", "v", "steps")}
    rest = train(c, half["last"], data, epochs=10, optimizer=memory)
    assert np.array_equal(rest["last"], whole["last"])


def test_adamw_is_torch():
    torch = pytest.importorskip("torch")
    p, rng = np.array([0.7, -0.2]), np.random.default_rng(0)
    weights = torch.tensor(p, requires_grad=True)
    optimizer = torch.optim.AdamW([weights], lr=3e-2, weight_decay=0.3)
    ours, moments = {"p": p}, adam.start({"p": p})
    for _ in range(EPOCHS):
        g = 3 * rng.normal(size=2)
        weights.grad = torch.tensor(g)
        norm = torch.nn.utils.clip_grad_norm_([weights], 2.0)
        optimizer.step()
        size = adam.norm({"p": g})
        assert_close(size, float(norm), "float64 values")
        ours, moments = adam.update(ours, adam.clipped({"p": g}, size, 2.0), moments, 3e-2, 0.3)
    assert_close(ours["p"], weights.detach().numpy(), "training")


def test_options_of_each_member_are_its_own():
    c = case(trials=33)
    parameters, data, keys = c.parameters(3), c.data(), np.arange(1, 4)
    options = {
        "decay": np.array([0.0, 0.3, 0.0]),
        "clip": np.array([0.0, 0.0, 0.1]),
        "lr": (np.full(3, 1e-2), np.full(3, 1e-3), np.full(3, 8)),
    }
    together = train(c, parameters, data, epochs=9, keys=keys, threads=2, **options)
    for i in range(3):
        own = {k: v[[i]] for k, v in options.items() if k != "lr"} | {"lr": (1e-2, 1e-3, 8)}
        alone = train(c, parameters[[i]], data, epochs=9, keys=keys[[i]], **own)
        same_run(choose(together, [i]), alone)
