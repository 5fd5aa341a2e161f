"""A training that is saved anywhere and restored in a fresh trainer goes on to the same bits."""

import itertools

import numpy as np
import pytest

from contract.calls import add, same_run, train
from contract.cases import case
from tbrnn import _core

WILD = case("three-body", phi="identity", mode="discrete", trials=33, steps=20)
CASES = {
    "plain": (case(trials=33, dtype="float32"), {}),
    "noise": (case("gated", trials=33, initial=True), {"sigma": 0.1}),
    "decay, clip, cosine": (case(), {"decay": 0.1, "clip": 0.1, "lr": (0.1, 1e-3, 9, "cosine")}),
    "frozen arrays": (case("hard-orth"), {"trained": ("l", "w_in")}),
    "batches": (case(trials=40, mask="entries"), {"batch": 7, "sigma": 0.1}),
    "validation": (case(trials=33), {"validation": case(trials=5, steps=9).data(4)}),
    "validation of batches": (
        case(trials=33, dtype="float32"),
        {"validation": case(trials=5, dtype="float32").data(4), "batch": 8, "evaluate_every": 3},
    ),
    "stall": (case(trials=33), {"stall": (7, 1e-2)}),
    "patience": (case(trials=33), {"patience_epochs": 4, "patience_improvement": 1e-3}),
    "target": (case(trials=33), {"target_loss": 0.95, "lr": 3e-2}),
    "divergence": (WILD, {"lr": (1e-3, 0.3, 20)}),
    "guard": (
        WILD,
        {"lr": 0.2, "guard_loss": 50.0, "guard_back": 4, "guard_growth": 1.02, "guard_most": 50},
    ),
}


def cut_everywhere(c, options):
    """The same training, moved to a fresh trainer after slices of 0.02 ms, a pass or a few each."""
    members = 2

    def fresh():
        trainer = _core.Trainer(1)
        add(trainer, c, c.parameters(members), c.data(), epochs=40, **options)
        return trainer

    trainer, cuts = fresh(), 0
    while trainer.run(2e-5):
        states = [trainer.state(0, m) for m in range(members)]
        trainer, cuts = fresh(), cuts + 1
        for member, state in enumerate(states):
            trainer.restore(0, member, state)
    return trainer.result(0), cuts


@pytest.mark.parametrize("name", CASES)
def test_a_restored_training_goes_on_to_the_same_bits(name):
    c, options = CASES[name]
    whole = train(c, c.parameters(2), c.data(), epochs=40, **options)
    result, cuts = cut_everywhere(c, options)
    same_run(result, whole)
    assert cuts > 2


def test_a_state_is_plain():
    c, options = CASES["guard"]
    trainer = _core.Trainer(1)
    add(trainer, c, c.parameters(), c.data(), epochs=9, **options)
    trainer.run(1.0)
    for value in trainer.state(0, 0).values():
        assert isinstance(value, int | float | str | np.ndarray)


def test_an_interrupted_training_goes_on():
    c = case(trials=33)
    trainer = _core.Trainer(1)
    add(trainer, c, c.parameters(), c.data(), epochs=400)
    trainer.run(1e-4)
    trainer.interrupt()
    state = trainer.state(0, 0)
    assert state["status"] == "interrupted"
    again = _core.Trainer(1)
    add(again, c, c.parameters(), c.data(), epochs=400)
    again.restore(0, 0, state)
    while again.run(1.0):
        pass
    same_run(again.result(0), train(c, c.parameters(), c.data(), epochs=400))


def test_a_restored_member_rests_where_it_rested():
    """Statistics are part of the state: none is lost or taken twice."""
    c = case()
    trainer = _core.Trainer(1)
    add(trainer, c, c.parameters(), c.data(), epochs=7)
    for epoch in itertools.count(start=2, step=3):
        if not trainer.run(1.0, rest_every=3):
            break
        assert trainer.resting(3) == [(0, 0)]
        state = trainer.state(0, 0)
        trainer = _core.Trainer(1)
        add(trainer, c, c.parameters(), c.data(), epochs=7)
        trainer.restore(0, 0, state)
        trainer.note(0, 0, [epoch, 0.5, 0.25, 0.125])
        assert trainer.resting(3) == []
    result = trainer.result(0)
    assert result["statistics"][0].tolist() == [[2, 2, 0.5, 0.25, 0.125], [5, 5, 0.5, 0.25, 0.125]]
    bare = train(c, c.parameters(), c.data(), epochs=7)
    same_run({k: v for k, v in result.items() if k != "statistics"}, bare)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda s: s.pop("m"), ValueError, "state must hold m, got"),
        (lambda s: s.update(m=s["m"][:3]), ValueError, r"state\[m\] must hold 69 numbers, got 3"),
        (lambda s: s.update(m=s["m"].astype("f4")), TypeError, "m must be a C-ordered float64"),
        (lambda s: s.update(status="asleep"), ValueError, r"state\[status\] must be .*asleep"),
        (lambda s: s.update(kept_next=9), ValueError, "state must be that of a training of these"),
        (lambda s: s.update(batch=1), ValueError, "state must be that of a training of these"),
        (lambda s: s.update(epochs=10**9), ValueError, "state must be that of a training of these"),
    ],
)
def test_mistakes(change, error, message):
    c = case("two-body")
    trainer = _core.Trainer(1)
    add(trainer, c, c.parameters(), c.data())
    state = trainer.state(0, 0)
    change(state)
    with pytest.raises(error, match=message):
        trainer.restore(0, 0, state)
    with pytest.raises(ValueError, match=r"member must lie in \[0, 1\), got 1"):
        trainer.state(0, 1)
    with pytest.raises(ValueError, match="values must be 4 numbers, got 1"):
        trainer.note(0, 0, [1.0])
