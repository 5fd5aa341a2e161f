"""Sine waves whose frequency is told by a constant input."""

from dataclasses import dataclass

import numpy as np

from tbrnn._arguments import number, whole
from tbrnn.tasks.task import Task
from tbrnn.trials import Trials


@dataclass(frozen=True)
class SineWave(Task):
    """One sine wave per trial, its frequency set by a constant input.

    A cue c ~ U(0.04, 1) is shown throughout the trial; the target is::

        y(t) = sin(2 pi w t),    w = 0.4 c + 0.1,

    with t equally spaced on [0, duration], both ends included (the sine task of the three-body
    RNN study, Table 1). The target is exactly 0 at t = 0, so the sign accuracy of a perfect
    network is (steps - 1) / steps: use R2 or the squared error.

    Parameters
    ----------
    steps : int
        Length of a trial, 100 by default, at least two.
    duration : float
        Time of the last step in units of the waves' period scale, 5 by default.

    Raises
    ------
    ValueError
        If ``steps`` is below two or ``duration`` is not positive.

    Notes
    -----
    Conditions of a trial: ``cue`` (c) and ``frequency`` (w, cycles per unit of time).

    Examples
    --------
    >>> trials = SineWave().sample(128, seed=0)
    >>> trials.inputs.shape, trials.targets.shape
    ((128, 100, 1), (128, 100, 1))
    """

    steps: int = 100
    duration: float = 5.0

    def __post_init__(self) -> None:
        whole("steps", self.steps, least=2)
        number("duration", self.duration, above=0)

    def draw(self, trials: int, rng: np.random.Generator) -> Trials:
        cue = rng.uniform(0.04, 1.0, trials)
        frequency = 0.4 * cue + 0.1
        time = np.linspace(0.0, self.duration, self.steps)
        inputs = np.repeat(cue[:, None, None], self.steps, axis=1)
        targets = np.sin(2 * np.pi * frequency[:, None] * time)[:, :, None]
        return Trials(inputs, targets, conditions={"cue": cue, "frequency": frequency})
