"""What a task is: a rule that draws trials from a seed."""

from abc import ABC, abstractmethod

import numpy as np

from tbrnn._arguments import whole
from tbrnn._seeds import Seed, entropy, generator
from tbrnn.errors import mistake, wrong_type
from tbrnn.trials import Trials


class Task(ABC):
    """A rule that draws trials; write your own with one method.

    A subclass is usually a frozen dataclass: its fields are the settings of the task, ``draw``
    is the rule. All randomness comes from the generator that ``draw`` is handed, so a seed names
    a set of trials once and for all.

    Examples
    --------
    Remember the sign of a cue and report it after a delay:

    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> import tbrnn
    >>> @dataclass(frozen=True)
    ... class DelayedReport(tbrnn.tasks.Task):
    ...     delay: int = 20
    ...
    ...     def draw(self, trials, rng):
    ...         cue = rng.choice([-1.0, 1.0], trials)
    ...         inputs = np.zeros((trials, self.delay + 20, 2))
    ...         inputs[:, :10, 0] = cue[:, None]
    ...         inputs[:, -10:, 1] = 1.0
    ...         targets = np.repeat(cue[:, None, None], self.delay + 20, axis=1)
    ...         mask = inputs[:, :, 1:]
    ...         return tbrnn.Trials(inputs, targets, mask, conditions={"cue": cue})
    >>> trials = DelayedReport(delay=30).sample(64, seed=0)
    >>> trials.inputs.shape, trials.targets.shape
    ((64, 50, 2), (64, 50, 1))
    """

    @abstractmethod
    def draw(self, trials: int, rng: np.random.Generator) -> Trials:
        """Draw ``trials`` trials with the generator ``rng``: inputs (trial, time, input), targets
        (trial, time, output), an optional mask and a table of conditions (one entry per trial)."""

    def sample(self, trials: int, seed: Seed = 0) -> Trials:
        """Draw trials that depend on the seed alone.

        Parameters
        ----------
        trials : int
            Number of trials, at least one.
        seed : int or sequence of int
            Entropy of the generator ``Generator(Philox(SeedSequence(seed)))``.

        Returns
        -------
        Trials
            Inputs, targets, mask and the table of conditions.

        Raises
        ------
        TypeError
            If ``trials`` is not an integer or ``draw`` returns something other than ``Trials``.
        ValueError
            If ``trials`` is below one, a seed is negative, or ``draw`` returns another number of
            trials than it was asked for.
        """
        count = whole("trials", trials, least=1)
        drawn = self.draw(count, generator(entropy(seed)))
        rule = f"what {type(self).__name__}.draw returns"
        if not isinstance(drawn, Trials):
            raise wrong_type(rule, "Trials", drawn)
        if drawn.trials != count:
            raise mistake(rule, f"{count} trials", drawn.trials)
        return drawn
