"""The trials of a task."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tbrnn.reproduce.table1 import seeds
from tbrnn.reproduce.table1.protocol import Protocol
from tbrnn.tasks import Task
from tbrnn.trials import Floats, Trials

Drawing = tuple[int, int]  # run, and how often its data have been redrawn


@dataclass(frozen=True)
class TaskData:
    """The data sets of one task, each drawn from a seed of its own."""

    protocol: Protocol
    task: str

    def training(self, drawings: Iterable[Drawing]) -> Trials:
        """The training trials of some runs, one data set each."""
        seed, trials = self.protocol.seed, self.protocol.trials
        return Trials.stack(
            [
                self._rule.sample(trials, seeds.training_data(seed, self.task, run, redrawn))
                for run, redrawn in drawings
            ]
        )

    @cached_property
    def test_inputs(self) -> Floats:
        """Test trials that all runs share, (trial, time, input)."""
        return self._test.inputs

    @cached_property
    def test_targets(self) -> Floats:
        """Their targets, (trial, time, output)."""
        return np.asarray(self._test.targets)

    @cached_property
    def _rule(self) -> Task:
        return self.protocol.tasks[self.task].task.build()[0]

    @cached_property
    def _test(self) -> Trials:
        return self._rule.sample(
            self.protocol.test_trials, seeds.test_data(self.protocol.seed, self.task)
        )
