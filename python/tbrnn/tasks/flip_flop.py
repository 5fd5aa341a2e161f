"""The K-bit flip-flop: remember the sign of the last pulse of every channel."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tbrnn._arguments import number, whole
from tbrnn.tasks.task import Task
from tbrnn.trials import Trials


@dataclass(frozen=True)
class FlipFlop(Task):
    """Flip-flop with ``bits`` independent channels (Sussillo & Barak, Neural Comput. 2013).

    Every channel and step shows a pulse -1 or +1 with probability ``pulse_probability`` / 2 each,
    otherwise 0; step 0 always shows one. The target is the most recent pulse of the channel, the
    current one included::

        y_t = u_t  if u_t != 0,  else  y_{t-1}

    Parameters
    ----------
    bits : int
        Channels, for inputs and outputs alike.
    steps : int
        Length of a trial, 100 by default.
    pulse_probability : float
        Probability of a pulse per channel and step, 0.05 by default.

    Raises
    ------
    ValueError
        If ``bits`` is not from 1 to 63, ``steps`` is below one, or the probability is outside
        [0, 1].

    Notes
    -----
    Conditions of a trial: ``pulses`` (pulses over all channels, int), ``first`` and ``last`` (the
    memory at the first and last step: bit k is set if channel k remembers +1, int).

    Examples
    --------
    >>> trials = FlipFlop(bits=3).sample(128, seed=0)
    >>> trials.inputs.shape, trials.targets.shape
    ((128, 100, 3), (128, 100, 3))
    >>> sorted(trials.conditions)
    ['first', 'last', 'pulses']
    """

    bits: int
    steps: int = 100
    pulse_probability: float = 0.05

    def __post_init__(self) -> None:
        whole("bits", self.bits, least=1, most=63)
        whole("steps", self.steps, least=1)
        number("pulse_probability", self.pulse_probability, least=0, most=1)

    def draw(self, trials: int, rng: np.random.Generator) -> Trials:
        shape = (trials, self.steps, self.bits)
        signs = rng.choice([-1.0, 1.0], shape)
        shown = rng.random(shape) < self.pulse_probability
        shown[:, 0] = True
        inputs = np.where(shown, signs, 0.0)
        steps = np.arange(self.steps)[None, :, None]
        last_pulse = np.maximum.accumulate(np.where(shown, steps, 0), axis=1)
        targets = np.take_along_axis(inputs, last_pulse, axis=1)
        conditions = {
            "pulses": shown.sum(axis=(1, 2)),
            "first": self._memory(targets[:, 0]),
            "last": self._memory(targets[:, -1]),
        }
        return Trials(inputs, targets, conditions=conditions)

    def _memory(self, bits: NDArray[np.float64]) -> NDArray[np.int64]:
        return np.asarray((bits > 0) @ (1 << np.arange(self.bits)))
