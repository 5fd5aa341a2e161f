"""Attempts: drawn anew until accepted, counted, kept as rejected."""

import numpy as np
import pytest

import tbrnn
from contract.runs import FREE, MODEL, SIZES, TRIALS, same

OPTIONS = {"epochs": 30, "lr": 3e-2, "seed": 4, **FREE}


def by_hand(number, attempt):
    """An attempt is a training of a network of its own entropy."""
    seed = (4, number) if attempt == 1 else (4, number, attempt)
    return tbrnn.fit(MODEL, TRIALS, members=[number], **OPTIONS | {"seed": [seed]}, sigma=0.1)


def test_members_are_drawn_anew_until_accepted():
    losses = {(n, a): by_hand(n, a).last_loss[0] for n in range(6) for a in (1, 2, 3)}
    criterion = float(np.median(list(losses.values())))
    runs = tbrnn.fit(
        MODEL, TRIALS, members=6, accept=criterion, attempts=3, sigma=0.1, threads=2, **OPTIONS
    )
    for n in range(6):
        met = [a for a in (1, 2, 3) if losses[n, a] <= criterion]
        attempt = met[0] if met else 3
        assert runs.attempts[n] == attempt
        assert runs.status[n] == ("capped" if met else "rejected")
        assert runs.last_loss[n] == losses[n, attempt]
        assert runs.seed[n] == ((4, n) if attempt == 1 else (4, n, attempt))
        assert np.array_equal(runs.best[n].l, by_hand(n, attempt).best[0].l)
    assert len(set(runs.attempts.tolist())) > 1
    assert runs.best.numbers.tolist() == list(range(6))


def test_members_of_the_first_attempt_are_those_without_attempts():
    runs = tbrnn.fit(MODEL, TRIALS, members=3, accept=1e9, **OPTIONS)
    bare = tbrnn.fit(MODEL, TRIALS, members=3, **OPTIONS)
    for i in range(3):
        same(runs, i, bare, i)
    assert runs.attempts.tolist() == bare.attempts.tolist() == [1, 1, 1]


def test_a_function_decides_on_the_runs_of_an_attempt():
    seen = []

    def even_attempts(runs):
        seen.append(runs.best.numbers.tolist())
        return np.array([len(seen) == 2 or number == 1 for number in runs.best.numbers])

    models = [MODEL, tbrnn.LowRankRNN(rank=1, **SIZES), MODEL]
    runs = tbrnn.fit(models, TRIALS, accept=even_attempts, **OPTIONS)
    assert seen == [[0, 1, 2], [0, 2]]
    assert runs.attempts.tolist() == [2, 1, 2]
    assert runs.best.models == models
    assert runs.status.tolist() == ["capped"] * 3


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nobody_may_be_accepted(dtype):
    seen = []

    def never(runs):
        seen.append(runs.attempts.tolist())
        return np.zeros(len(runs), dtype=bool)

    options = {"members": 2, "attempts": 3, "dtype": dtype, **OPTIONS, "epochs": 2}
    runs = tbrnn.fit(MODEL, TRIALS, accept=never, **options)
    assert seen == [[1, 1], [2, 2], [3, 3]]
    assert runs.status.tolist() == ["rejected"] * 2
    assert runs.best.dtype == dtype
    none, all_of_them = runs[[]], runs[[0, 1]]
    assert len(tbrnn.Runs.concatenate([none, all_of_them])) == 2


def test_options_follow_their_members():
    options = {"epochs": [3, 4, 5], "batch": [None, 2, 4], "validation": TRIALS}
    runs = tbrnn.fit(MODEL, TRIALS, members=3, accept=0.0, attempts=2, **OPTIONS | options)
    assert runs.epochs.tolist() == [3, 4, 5]
    assert runs.status.tolist() == ["rejected"] * 3
    assert runs.optimizer.steps["l"].tolist() == [3, 12, 10]


def test_divergence_is_never_accepted_by_a_number():
    nan = tbrnn.Trials(TRIALS.inputs, np.full_like(TRIALS.targets, np.nan))
    runs = tbrnn.fit(MODEL, nan, accept=1e9, attempts=2, **OPTIONS)
    assert runs.status.tolist() == ["rejected"]
    assert np.isfinite(runs.last.m).all()


def test_students_are_drawn_anew_and_judged_with_their_readout():
    teachers = MODEL.initial(range(2))

    def second(runs):
        assert runs.best.w_out.shape == (len(runs), 2, 5)
        return np.array([len(seed) == 5 for seed in runs.seed]) | (runs.teacher == 1)

    runs = tbrnn.lint(teachers, tbrnn.LowRankRNN, ranks=[1], trials=TRIALS, epochs=3, accept=second)
    assert runs.teacher.tolist() == [0, 1]
    assert runs.attempts.tolist() == [2, 1]
    assert runs.seed == [(0, 0, 2, 1, 2), (0, 1, 2, 1)]


def test_of_one_member_true_will_do():
    assert tbrnn.fit(MODEL, TRIALS, epochs=1, accept=lambda runs: True).attempts.tolist() == [1]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"accept": "good"},
            TypeError,
            "accept must be a number, or a function of Runs, got 'good'",
        ),
        ({"accept": -1.0}, ValueError, "accept must be a finite number at least 0, got -1.0"),
        ({"attempts": 0}, ValueError, "attempts must be a whole number of at least 1, got 0"),
        (
            {"accept": lambda runs: True, "members": 2},
            ValueError,
            r"accept must be .* a bool for each of the 2 members, got shape \(\) of bool",
        ),
        ({"accept": lambda runs: 1}, ValueError, "accept must be .* got shape .* of int64"),
        ({"nets": MODEL.initial([0]), "accept": 0.1}, ValueError, "accept must be left out for an"),
    ],
)
def test_mistakes(options, error, message):
    with pytest.raises(error, match=message):
        tbrnn.fit(**{"nets": MODEL, "trials": TRIALS, "epochs": 1} | options)
