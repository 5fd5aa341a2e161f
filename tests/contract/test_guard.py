"""The guard goes back and slows down; without one a member ends as diverged."""

from dataclasses import replace

import numpy as np
import pytest

import tbrnn
from contract.calls import choose, exact, same_run, train
from contract.cases import case
from reference import guard
from tolerances import assert_close

# Identity units with unscaled drive explode under a large learning rate.
C = case("three-body", phi="identity", mode="discrete", trials=33, steps=20)
GUARD = {"loss": 50.0, "back": 4, "factor": 0.5, "growth": 1.02, "most": 50}


def options(**changes):
    return {f"guard_{name}": value for name, value in (GUARD | changes).items()}


@pytest.mark.parametrize("changes", [{}, {"back": 1}, {"loss": 1e300}, {"growth": 1.5}])
@pytest.mark.parametrize("lr", [0.2, 1.0])
def test_guard_is_the_oracle(lr, changes):
    result = train(C, C.parameters(), C.data(), epochs=40, lr=lr, **options(**changes))
    p, data = C.named(C.parameters()[0]), exact(C.data())
    with np.errstate(over="ignore", invalid="ignore"):
        losses, last, rates, rollbacks = guard.train(
            C.net, p, data, epochs=40, lr=lr, **GUARD | changes
        )
    assert result["rollbacks"][0] == rollbacks > 0
    ours = result["history"][0][:-1, 1]
    finite = np.isfinite(losses)
    assert np.array_equal(np.isfinite(ours), finite)
    assert_close(np.log(ours[finite]), np.log(np.array(losses)[finite]), "training", "losses")
    assert_close(result["history"][0][-1, 4], rates[-1], "float64 values")
    for name, array in C.named(result["last"][0]).items():
        assert_close(array, last[name], "training", name)
    assert result["status"] == ["capped"]
    assert np.isfinite(result["last_loss"][0])


def test_a_healthy_training_is_left_alone():
    free = train(C, C.parameters(), C.data(), epochs=20, lr=1e-4)
    same_run(free, train(C, C.parameters(), C.data(), epochs=20, lr=1e-4, **options()))


def test_too_many_roll_backs_are_a_divergence():
    result = train(C, C.parameters(), C.data(), epochs=400, lr=1e9, **options(most=3))
    assert result["status"] == ["diverged"]
    assert result["rollbacks"][0] == 3
    assert np.isfinite(result["last"]).all()


def test_nothing_to_go_back_to_is_a_divergence():
    nan = C.data() | {"targets": np.full_like(C.data()["targets"], np.nan)}
    result = train(C, C.parameters(), nan, epochs=5, **options())
    assert result["status"] == ["diverged"]
    assert result["rollbacks"][0] == 0


@pytest.mark.parametrize("batch", [0, 10])
def test_guarded_members_in_company_and_on_threads(batch):
    lr, epochs = np.array([1e-4, 1.0, 1e-4, 0.5]), 30
    keys = np.arange(1, 5)
    setting = {"epochs": epochs, "batch": batch, **options()}
    ramp = (lr, lr, np.ones(4))
    runs = [
        train(C, C.parameters(4), C.data(), lr=ramp, keys=keys, threads=threads, **setting)
        for threads in (1, 2, 5)
    ]
    same_run(runs[0], runs[1])
    same_run(runs[0], runs[2])
    assert runs[0]["rollbacks"][1] > 0
    for i in range(4):
        alone = train(C, C.parameters(4)[[i]], C.data(), lr=lr[i], keys=keys[[i]], **setting)
        same_run(choose(runs[0], [i]), alone)


def test_guard_of_fit():
    rng = np.random.default_rng(3)
    trials = tbrnn.Trials(rng.normal(0, 1, (6, 7, 3)), rng.normal(0, 1, (6, 7, 2)))
    sizes = {"units": 5, "inputs": 3, "outputs": 2}
    tame = tbrnn.LowRankTBRNN(rank=4, **sizes)
    wild = replace(tame, phi="identity", alpha=1.0, scale=1.0)
    free = {"epochs": 60, "target_loss": None, "stall": None, "lr": 1.0}
    bare = tbrnn.fit([wild, tame], trials, **free)
    assert bare.status.tolist() == ["diverged", "capped"]
    guarded = tbrnn.fit([wild, tame], trials, guard=[tbrnn.Guard(loss=50.0), None], **free)
    assert guarded.status.tolist() == ["capped", "capped"]
    assert guarded.rollbacks[0] > 0
    assert guarded.rollbacks[1] == 0
    assert guarded.last_loss[1] == bare.last_loss[1]


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"loss": 0.0}, ValueError, "loss must be a finite number above 0, got 0.0"),
        ({"back": 0}, ValueError, "back must be a whole number of at least 1, got 0"),
        ({"factor": 0.0}, ValueError, "factor must be .* above 0 and at most 1, got 0.0"),
        ({"growth": 0.9}, ValueError, "growth must be a finite number at least 1, got 0.9"),
        ({"most": 1.5}, TypeError, "most must be a whole number of at least 1, got 1.5"),
    ],
)
def test_mistakes(changes, error, message):
    with pytest.raises(error, match=message):
        tbrnn.Guard(**changes)
