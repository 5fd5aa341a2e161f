"""Sine waves: sin(2 pi (0.4 c + 0.1) t) with a constant cue c ~ U(0.04, 1)."""

import numpy as np
import pytest

from tbrnn.tasks import SineWave
from tolerances import assert_close


def test_every_trial_is_its_sine():
    trials = SineWave().sample(50, seed=1)
    assert trials.inputs.shape == trials.targets.shape == (50, 100, 1)
    for u, y in zip(trials.inputs[..., 0], trials.targets[..., 0], strict=True):
        assert np.all(u == u[0])
        times = [5 * k / 99 for k in range(100)]
        expected = [np.sin(2 * np.pi * (0.4 * u[0] + 0.1) * t) for t in times]
        assert_close(y, expected, "float64 values")


def test_cue_is_uniform():
    cue = SineWave().sample(4000, seed=2).inputs[:, 0, 0]
    assert cue.min() > 0.04
    assert cue.max() < 1
    empirical = np.searchsorted(np.sort(cue), np.linspace(0.04, 1, 50)) / len(cue)
    # Kolmogorov-Smirnov: larger with probability 1e-4
    assert np.max(np.abs(empirical - np.linspace(0, 1, 50))) < 2.23 / np.sqrt(len(cue))


def test_starts_at_zero_so_that_signs_can_agree_99_percent_at_most():
    assert np.all(SineWave().sample(10, seed=0).targets[:, 0] == 0)


def test_settings_and_conditions():
    trials = SineWave(steps=7, duration=2.0).sample(3, seed=0)
    frequency = trials.conditions["frequency"]
    assert_close(frequency, 0.4 * trials.conditions["cue"] + 0.1, "float64 values")
    assert_close(trials.targets[:, -1, 0], np.sin(4 * np.pi * frequency), "float64 values")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 1}, "steps must be a whole number of at least 2, got 1"),
        ({"duration": 0.0}, "duration must be a finite number above 0, got 0.0"),
    ],
)
def test_errors(settings, message):
    with pytest.raises(ValueError, match=message):
        SineWave(**settings)
