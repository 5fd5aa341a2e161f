"""Every trial obeys the rule of the flip-flop; many trials have its statistics."""

import numpy as np
import pytest

from tbrnn.tasks import FlipFlop


@pytest.mark.parametrize("bits", [1, 2, 3])
def test_target_is_the_last_pulse(bits):
    trials = FlipFlop(bits=bits).sample(20, seed=3)
    assert trials.inputs.shape == trials.targets.shape == (20, 100, bits)
    for inputs, targets in zip(trials.inputs, trials.targets, strict=True):
        memory = np.zeros(bits)
        for u, y in zip(inputs, targets, strict=True):
            memory = np.where(u != 0, u, memory)
            assert np.array_equal(y, memory)


def test_every_channel_starts_with_a_pulse():
    trials = FlipFlop(bits=3).sample(200, seed=1)
    assert np.array_equal(np.unique(trials.inputs), [-1, 0, 1])
    assert np.all(trials.inputs[:, 0] != 0)


def test_pulse_statistics():
    trials = FlipFlop(bits=2).sample(1000, seed=2)
    later = trials.inputs[:, 1:]
    n = later.size
    for sign in (-1, 1):
        share = np.mean(later == sign)
        assert abs(share - 0.025) < 4 * np.sqrt(0.025 * 0.975 / n)
    first = trials.inputs[:, 0]
    assert abs(first.mean()) < 4 / np.sqrt(first.size)
    assert abs(np.mean(later[:, :, 0] * later[:, :, 1])) < 4 * 0.05 / np.sqrt(n / 2)


def test_settings():
    trials = FlipFlop(bits=4, steps=31, pulse_probability=1.0).sample(5, seed=0)
    assert trials.inputs.shape == (5, 31, 4)
    assert np.all(trials.inputs != 0)
    silent = FlipFlop(bits=1, pulse_probability=0.0).sample(5, seed=0)
    assert np.count_nonzero(silent.inputs) == 5


def test_conditions_describe_each_trial():
    trials = FlipFlop(bits=3).sample(30, seed=4)
    code = (trials.targets > 0) @ (1 << np.arange(3))
    assert np.array_equal(trials.conditions["first"], code[:, 0])
    assert np.array_equal(trials.conditions["last"], code[:, -1])
    assert np.array_equal(trials.conditions["pulses"], np.count_nonzero(trials.inputs, axis=(1, 2)))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"bits": 0}, "bits must be a whole number from 1 to 63, got 0"),
        ({"bits": 64}, "bits must be a whole number from 1 to 63, got 64"),
        ({"bits": 1, "steps": 0}, "steps must be a whole number of at least 1, got 0"),
        (
            {"bits": 1, "pulse_probability": 1.5},
            "pulse_probability must be .* at most 1, got 1.5",
        ),
    ],
)
def test_errors(settings, message):
    with pytest.raises(ValueError, match=message):
        FlipFlop(**settings)
