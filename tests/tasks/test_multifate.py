"""Trials of MultiFate solve its equation, start as the sampler says and end half on."""

import numpy as np
import pytest
from scipy.stats import ks_2samp

from reference import multifate as reference
from tbrnn.tasks import MultiFate, multifate
from tolerances import TOLERANCES, assert_close

SMALL = MultiFate(candidates=200)
SHARE_KEPT = (0.10, 0.88, 0.08, 0.38, 0.06)  # of the published sampler's parts 1..5


@pytest.fixture(scope="module")
def trials():
    return MultiFate().sample(256, seed=0)


def test_trajectories_are_those_of_the_equation():
    start = SMALL.sample(3, seed=1).initial_states
    still = np.zeros((3, 40, 30))
    ours = SMALL.trajectories(start, still)
    expected = [reference.trajectory(x, i) for x, i in zip(start, still, strict=True)]
    assert_close(ours, expected, "Runge-Kutta steps of MultiFate")


def test_trajectories_with_pulses():
    trials = MultiFate(6, active=None, steps=60, candidates=5, inducers=2).sample(3, seed=2)
    assert trials.conditions["pulses"].sum() > 0
    for start, inputs, targets in zip(
        trials.initial_states, trials.inputs, trials.targets, strict=True
    ):
        assert_close(targets, reference.trajectory(start, inputs), "Runge-Kutta steps of MultiFate")


def test_published_trajectories(published):
    golden = published("multifate_data")["target"].astype(float)
    error = MultiFate().trajectories(golden[:, 0]) - golden[:, 1:]
    assert np.sqrt(np.mean(error**2)) <= TOLERANCES["published Radau, rms"]
    assert np.max(np.abs(error)) <= TOLERANCES["published Radau"]
    assert np.all((golden[:, -1] >= 0.2).sum(axis=1) == 15)


def test_targets_follow_the_initial_states(trials):
    assert trials.inputs.shape == trials.targets.shape == (256, 99, 30)
    assert not trials.inputs.any()
    assert_close(MultiFate().trajectories(trials.initial_states), trials.targets, "float64 values")


def test_half_of_the_proteins_are_on_in_the_end(trials):
    assert np.all((trials.targets[:, -1] >= 0.2).sum(axis=1) == 15)
    last = trials.targets[:, -1]
    allowed = TOLERANCES["golden figures of four decimals"]
    assert abs(np.median(last[last > 0.2]) - 0.7838) <= allowed
    assert abs(np.median(last[last < 0.2]) - 0.0389) <= allowed


def test_population_statistics_of_the_published_data(trials):
    """Means over 256 trials; four standard errors of the trials' own scatter."""
    frames = np.concatenate([trials.initial_states[:, None], trials.targets], axis=1)
    for ours, golden in (
        (frames[:, 0].mean(axis=1), 0.572413),
        (frames[:, -1].mean(axis=1), 0.411270),
        (frames.mean(axis=(1, 2)), 0.419522),
    ):
        assert abs(ours.mean() - golden) < 4 * ours.std() * np.sqrt(2 / 256)


def test_shares_of_kept_candidates(trials):
    kept = np.bincount(trials.conditions["parts"], minlength=6)[1:] / 256
    expected = np.array(SHARE_KEPT) / np.sum(SHARE_KEPT)
    assert np.all(np.abs(kept - expected) < 4 * np.sqrt(expected * (1 - expected) / 256) + 0.02)


@pytest.mark.parametrize("parts", [1, 2, 3, 4, 5])
def test_initial_states_are_those_of_the_sampler(parts):
    """Kolmogorov-Smirnov tests of 600 states: their mean, scatter, extremes and first protein."""
    trials = MultiFate(active=None, candidates=3000, steps=1).sample(3000, seed=3)
    ours = trials.initial_states[trials.conditions["parts"] == parts]
    rng = np.random.default_rng(4)
    expected = np.array([reference.initial_state(parts, rng) for _ in range(600)])
    assert ours.shape == expected.shape
    assert ours.min() >= 3.6 / 93.6
    assert ours.max() <= 1
    for what in (np.mean, np.std, np.min, np.max, lambda states, axis: states[:, 0]):
        assert ks_2samp(what(ours, axis=1), what(expected, axis=1)).pvalue > 1e-3


def test_settings():
    everything = MultiFate(proteins=7, active=None, steps=12, candidates=100).sample(100, seed=0)
    assert everything.targets.shape == (100, 12, 7)
    assert np.all(np.bincount(everything.conditions["parts"])[1:] == 20)
    on = np.bincount((everything.targets[:, -1] >= 0.2).sum(axis=1), minlength=8)
    most = int(on.argmax())
    some = MultiFate(proteins=7, active=most, steps=12, candidates=100).sample(8, seed=0)
    assert np.all((some.targets[:, -1] >= 0.2).sum(axis=1) == most)


def test_more_trials_than_one_round_gives():
    assert len(MultiFate(candidates=50).sample(60, seed=0)) == 60


@pytest.mark.parametrize("seed", range(4))
def test_a_later_round_may_give_none(seed):
    """Of five candidates none is kept one time in six; of the first some are, by these seeds."""
    task = MultiFate(candidates=5, steps=50)
    trials = task.sample(30, seed)
    assert np.all((trials.targets[:, -1] >= 0.2).sum(axis=1) == 15)
    assert len(np.unique(trials.initial_states, axis=0)) == 30


def test_pulses_are_on_proteins_at_random():
    trials = MultiFate(8, active=None, steps=300, candidates=400, inducers=2).sample(400, seed=5)
    shares = (trials.inputs > 0).any(axis=1).mean(axis=0)
    mean = shares.mean()
    assert np.all(np.abs(shares - mean) < 4 * np.sqrt(mean * (1 - mean) / 400))


def test_trajectories_of_many_trials_are_those_of_each(monkeypatch):
    monkeypatch.setattr(multifate, "CHUNK", 2)
    rng = np.random.default_rng(6)
    start, inducers = rng.random((5, 7)), 100.0 * (rng.random((5, 20, 7)) < 0.2)
    task = MultiFate(proteins=7, active=None)
    alone = [task.trajectories(x[None], i[None])[0] for x, i in zip(start, inducers, strict=True)]
    assert_close(task.trajectories(start, inducers), alone, "float64 values")


def test_pulses():
    trials = MultiFate(8, active=None, steps=300, candidates=60, inducers=3).sample(60, seed=0)
    assert set(np.unique(trials.inputs)) == {0, 100}
    assert np.all((trials.inputs > 0).any(axis=1).sum(axis=1) <= 3)
    begins = np.diff(trials.inputs > 0, axis=1, prepend=False) & (trials.inputs > 0)
    assert np.array_equal(begins.sum(axis=(1, 2)), trials.conditions["pulses"])
    for trial, protein in np.argwhere(begins.any(axis=1)):
        times = np.flatnonzero(begins[trial, :, protein])
        assert np.all(np.diff(times) >= 22)
        for t in times:
            pulse = trials.inputs[trial, t : t + 7, protein]
            assert np.all(pulse == 100)
            assert not trials.inputs[trial, t + 7 : t + 22, protein].any()
    each = 3 * 300 / (1 / 0.0125 + 21)  # mean waiting time and what follows a pulse's first step
    assert abs(trials.conditions["pulses"].mean() / each - 1) < 0.15


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: MultiFate(proteins=4), "proteins must be a whole number of at least 5"),
        (lambda: MultiFate(active=31), "active must be .* from 0 to 30, got 31"),
        (lambda: MultiFate(candidates=4), "candidates must be .* at least 5"),
        (lambda: MultiFate(inducers=-1), "inducers must be .* from 0 to 30, got -1"),
        (
            lambda: MultiFate(active=30, candidates=20).sample(1),
            "active must be what some of 20 candidates end with, got 30",
        ),
        (lambda: SMALL.trajectories(np.ones((2, 29))), r"initial_states must be .*\(any, 30\)"),
        (lambda: SMALL.trajectories(-np.ones((2, 30))), "initial_states must be finite and at"),
        (
            lambda: SMALL.trajectories(np.ones((2, 30)), np.ones((3, 5, 30))),
            r"inputs must be of shape \(2, any, 30\), got shape \(3, 5, 30\)",
        ),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()
