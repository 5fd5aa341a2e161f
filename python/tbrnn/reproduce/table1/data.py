"""The trials of a task, all runs together."""

from dataclasses import dataclass

import numpy as np

from tbrnn.reproduce.table1 import seeds
from tbrnn.reproduce.table1.protocol import Protocol
from tbrnn.trials import Floats, Trials


@dataclass(frozen=True)
class TaskData:
    """Training trials, a data set per run, and the test trials that all runs share.

    ``test_inputs`` is (trial, time, input), ``test_targets`` (trial, time, output).
    """

    training: Trials
    test_inputs: Floats
    test_targets: Floats


def draw_data(protocol: Protocol, task: str) -> TaskData:
    """Draw every data set from a seed of its own."""
    rule, _ = protocol.tasks[task].task.build()
    training = [
        rule.sample(protocol.trials, seeds.training_data(protocol.seed, task, run))
        for run in range(protocol.runs)
    ]
    test = rule.sample(protocol.test_trials, seeds.test_data(protocol.seed, task))
    return TaskData(Trials.stack(training), test.inputs, np.asarray(test.targets))
