"""What every task promises: seeds name trials, nothing global is touched, mistakes are named."""

from dataclasses import dataclass

import numpy as np
import pytest

import tbrnn
from tbrnn.tasks import FlipFlop, MultiFate, SineWave, Task

TASKS = [FlipFlop(bits=2), SineWave(), MultiFate(candidates=50, inducers=2)]


@pytest.mark.parametrize("task", TASKS)
def test_a_seed_names_the_trials(task):
    first, second, other = (task.sample(6, seed=seed) for seed in (5, 5, 6))
    assert np.array_equal(first.inputs, second.inputs)
    assert np.array_equal(first.targets, second.targets)
    assert not np.array_equal(first.targets, other.targets)
    assert not np.array_equal(task.sample(6, (5, 1)).targets, first.targets)


@pytest.mark.parametrize("task", TASKS)
def test_global_generator_is_neither_read_nor_written(task):
    legacy = np.random.get_state()  # noqa: NPY002
    first = task.sample(4, seed=1)
    after = np.random.get_state()  # noqa: NPY002
    assert np.array_equal(legacy[1], after[1])
    assert legacy[2:] == after[2:]
    np.random.seed(99)  # noqa: NPY002
    assert np.array_equal(first.inputs, task.sample(4, seed=1).inputs)
    np.random.set_state(legacy)  # noqa: NPY002


@pytest.mark.parametrize("task", TASKS)
def test_conditions_have_one_entry_per_trial(task):
    trials = task.sample(7, seed=0)
    assert trials.conditions
    assert all(len(column) == 7 for column in trials.conditions.values())


@dataclass(frozen=True)
class DelayedSign(Task):
    delay: int = 4
    draws: int | None = None

    def draw(self, trials, rng):
        cue = rng.choice([-1.0, 1.0], self.draws or trials)
        inputs = np.zeros((len(cue), self.delay + 2, 1))
        inputs[:, 0, 0] = cue
        targets = np.repeat(cue[:, None, None], self.delay + 2, axis=1)
        mask = np.zeros_like(targets)
        mask[:, -1] = 1
        return tbrnn.Trials(inputs, targets, mask, conditions={"cue": cue})


def test_own_task_of_a_few_lines():
    trials = DelayedSign(delay=6).sample(9, seed=2)
    assert trials.inputs.shape == (9, 8, 1)
    assert np.array_equal(trials.inputs[:, 0, 0], trials.conditions["cue"])
    assert trials.mask.sum() == 9
    model = tbrnn.LowRankRNN(units=5, rank=1, inputs=1, outputs=1)
    assert tbrnn.fit(model, trials, members=2, epochs=3).best_loss.shape == (2,)


@pytest.mark.parametrize(
    ("trials", "seed", "error", "message"),
    [
        (0, 0, ValueError, "trials must be a whole number of at least 1, got 0"),
        (-3, 0, ValueError, "trials must be a whole number of at least 1, got -3"),
        (2.5, 0, TypeError, "trials must be a whole number of .*, got 2.5"),
        (True, 0, TypeError, "trials must be a whole number of .*, got True"),
        (3, -1, ValueError, "seed must be .* of at least 0, got -1"),
        (3, "a", TypeError, "seed must be a whole number or a tuple .*, got 'a'"),
        (3, (1, 0.5), TypeError, r"seed\[1\] must be a whole number .*, got 0.5"),
    ],
)
def test_errors(trials, seed, error, message):
    with pytest.raises(error, match=message):
        FlipFlop(bits=1).sample(trials, seed)


@pytest.mark.parametrize("draws", [3, 7])
def test_a_draw_of_the_wrong_size_is_named(draws):
    message = f"what DelayedSign.draw returns must be 5 trials, got {draws}"
    with pytest.raises(ValueError, match=message):
        DelayedSign(draws=draws).sample(5)


def test_a_draw_of_the_wrong_kind_is_named():
    class Nothing(Task):
        def draw(self, trials, rng):
            return np.zeros((trials, 2, 1))

    with pytest.raises(TypeError, match="what Nothing.draw returns must be Trials"):
        Nothing().sample(5)


def test_a_task_without_a_rule_cannot_be_made():
    with pytest.raises(TypeError, match="abstract"):
        Task()
