"""MultiFate: thirty proteins whose promiscuous dimers hold many combinations of them on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tbrnn._arguments import real_array, whole
from tbrnn._bar import each
from tbrnn.errors import mistake
from tbrnn.tasks._dimer_trials import banded, pulses
from tbrnn.tasks._dimers import TOP, Array, frames
from tbrnn.tasks.task import Task
from tbrnn.trials import Trials

PARTS = 5  # initial states of 1 to 5 groups of proteins
ON = 0.2  # of TOP: a protein above it in the last frame is on
CHUNK = 500  # trials that are integrated together, so that they stay in the cache


@dataclass(frozen=True)
class MultiFate(Task):
    """The relaxation of a network of dimerising proteins (Table 2 of the three-body RNN study).

    In units of the dissociation constant, with total ``S = sum_j X_j`` and inducers I_i::

        D_i     = 2 X_i^2 / (1 + 4 S + sqrt(1 + 8 S))
        dX_i/dt = 3.6 - X_i + 90 (D_i^1.5 + I_i) / (1 + D_i^1.5 + I_i)

    Frames are 0.2 protein lifetimes apart, and concentrations are divided by 93.6. Targets are the
    frames after the first, which is the initial state; inputs are the inducers between frames, zero
    unless asked for. So a network with identity readout, one unit per protein and a sigmoid
    readout nonlinearity learns to go on from the first frame.

    Initial states have p = 1, ..., 5 parts, equally often. For p parts, p - 1 uniform cuts divide
    [3.6, 93.6]; each part [s, e] takes a random band, ``low ~ U(s, e - 0.1 (e - s))``,
    ``high ~ U(low + 0.01 (e - s), e)``, and gives floor(proteins / p) uniform values in it. Values
    that are missing are uniform in [3.6, 93.6], and all go to the proteins in random order. Trials
    are kept if exactly `active` proteins are above 0.2 in the last frame (three in ten are, for the
    default values), and shuffled.

    Parameters
    ----------
    proteins : int
        Number of proteins, 30 by default.
    active : int or None
        Proteins that are on in the end, 15 by default; None keeps every trial.
    steps : int
        Frames after the first, 99 by default.
    candidates : int
        Trials from which to select; as many again while they do not suffice. 4000 by default.
    inducers : int
        Proteins of each trial, at random, that receive pulses of height 100 and length 7 steps,
        which begin with probability 0.0125 per step unless one ended less than 15 steps ago; 0 by
        default.

    Raises
    ------
    ValueError
        If a number is out of range, or if none of the first candidates is kept when trials are
        drawn.

    Notes
    -----
    Integrated by Runge-Kutta steps of fourth order to 1e-6 of the largest concentration.

    Conditions of a trial: ``parts`` (p of its initial state) and ``pulses`` (number of pulses).

    References
    ----------
    Zhu, del Rio-Salgado, Garcia-Ojalvo & Elowitz, Science 2022 (MultiFate); Beyond linear
    summation: Three-Body RNNs for modeling complex neural and biological systems.

    Examples
    --------
    >>> trials = MultiFate(candidates=100).sample(8, seed=0)
    >>> trials
    Trials(8 trials, 99 steps, 30 inputs, 30 targets, initial_states, parts, pulses)
    >>> (trials.targets[:, -1] > 0.2).sum(axis=1)
    array([15, 15, 15, 15, 15, 15, 15, 15])
    """

    proteins: int = 30
    active: int | None = 15
    steps: int = 99
    candidates: int = 4000
    inducers: int = 0

    def __post_init__(self) -> None:
        whole("proteins", self.proteins, least=PARTS)
        if self.active is not None:
            whole("active", self.active, least=0, most=self.proteins)
        whole("steps", self.steps, least=1)
        whole("candidates", self.candidates, least=PARTS)
        whole("inducers", self.inducers, least=0, most=self.proteins)

    def draw(self, trials: int, rng: np.random.Generator) -> Trials:
        rounds = [self._round(rng)]
        if not len(rounds[0][-1]):
            expected = f"what some of {self.candidates} candidates end with"
            raise mistake("active", expected, self.active)
        while sum(len(parts) for *_, parts in rounds) < trials:
            rounds.append(self._round(rng))
        first, course, inputs, parts = (np.concatenate(kept) for kept in zip(*rounds, strict=True))
        chosen = rng.permutation(len(parts))[:trials]
        starts = np.diff(inputs[chosen] > 0, axis=1, prepend=0) > 0
        return Trials(
            inputs[chosen],
            course[chosen],
            initial_states=first[chosen],
            conditions={"parts": parts[chosen], "pulses": starts.sum(axis=(1, 2))},
        )

    def trajectories(self, initial_states: ArrayLike, inputs: ArrayLike | None = None) -> Array:
        """Concentrations after each step from given ones, in units of 93.6.

        Parameters
        ----------
        initial_states : array (trial, protein)
            Concentrations in the first frame.
        inputs : array (trial, time, protein), optional
            Inducers from frame to frame; `steps` frames of zeros unless given.

        Returns
        -------
        array (trial, time, protein)

        Raises
        ------
        ValueError
            For arrays of other shapes, and for negative or infinite numbers.

        Examples
        --------
        >>> start = np.linspace(0.1, 0.9, 30)[None]
        >>> MultiFate(steps=50).trajectories(start).shape
        (1, 50, 30)
        """
        start = _checked("initial_states", initial_states, ("any", self.proteins))
        if inputs is None:
            inputs = np.broadcast_to(0.0, (len(start), self.steps, self.proteins))
        inducers = _checked("inputs", inputs, (len(start), "any", self.proteins))
        course = np.empty(inducers.shape)
        chunks = [slice(i, i + CHUNK) for i in range(0, len(start), CHUNK)]
        for chunk in each(chunks, "MultiFate", "chunks"):
            course[chunk] = frames(TOP * start[chunk], inducers[chunk]) / TOP
        return course

    def _round(self, rng: np.random.Generator) -> tuple[Array, Array, Array, NDArray[np.int64]]:
        """First frames, later frames, inputs and parts of the candidates that are kept."""
        parts = np.sort(np.arange(self.candidates) % PARTS + 1)
        counts = [(p, int((parts == p).sum())) for p in range(1, PARTS + 1)]
        first = np.concatenate([banded(p, n, self.proteins, rng) for p, n in counts]) / TOP
        size = (self.candidates, self.steps, self.proteins)
        inputs = pulses(size, self.inducers, rng) if self.inducers else np.broadcast_to(0.0, size)
        course = self.trajectories(first, inputs)
        on = (course[:, -1] >= ON).sum(axis=1)
        kept = on == (on if self.active is None else self.active)
        return first[kept], course[kept], inputs[kept], parts[kept]


def _checked(argument: str, values: ArrayLike, sizes: tuple[int | str, ...]) -> Array:
    array = real_array(argument, values).astype(np.float64)
    matches = [size in ("any", given) for size, given in zip(sizes, array.shape, strict=False)]
    if array.ndim != len(sizes) or not all(matches) or array.size == 0:
        expected = f"of shape ({', '.join(map(str, sizes))})"
        raise mistake(argument, expected, f"shape {array.shape}")
    if not (np.isfinite(array).all() and (array >= 0).all()):
        raise mistake(argument, "finite and at least 0", "other numbers")
    return array
