"""What MultiFate draws: initial concentrations in bands, and pulses of inducers."""

from __future__ import annotations

import numpy as np

from tbrnn.tasks._dimers import ALPHA, TOP, Array

HEIGHT = 100.0  # of a pulse, in units of D^n
LENGTH = 7  # steps of a pulse
REFRACTORY = 15  # steps after a pulse in which none begins
RATE = 0.0125  # pulses that begin, per free step


def banded(parts: int, trials: int, proteins: int, rng: np.random.Generator) -> Array:
    """Initial concentrations (trial, protein) in so many parts of [ALPHA, TOP]."""
    cuts = np.sort(rng.random((trials, parts - 1)), axis=1)
    edges = ALPHA + (TOP - ALPHA) * np.pad(cuts, ((0, 0), (1, 1)), constant_values=(0, 1))
    start, end = edges[:, :-1], edges[:, 1:]
    low = rng.uniform(start, end - 0.1 * (end - start))
    high = rng.uniform(low + 0.01 * (end - start), end)
    each = proteins // parts
    inside = rng.uniform(low[..., None], high[..., None], (trials, parts, each))
    missing = rng.uniform(ALPHA, TOP, (trials, proteins - parts * each))
    values = np.concatenate([inside.reshape(trials, -1), missing], axis=1)
    return rng.permuted(values, axis=1)


def pulses(size: tuple[int, int, int], inducers: int, rng: np.random.Generator) -> Array:
    """Inducers of size (trial, time, protein): pulses on so many proteins of each trial."""
    trials, steps, proteins = size
    begins = rng.random((trials, steps, inducers)) < RATE
    free = np.zeros((trials, inducers), dtype=np.int64)  # first step at which a pulse may begin
    trains = np.zeros(size)
    for t in range(steps):
        begins[:, t] &= free <= t
        free[begins[:, t]] = t + LENGTH + REFRACTORY
        lasting = begins[:, max(0, t - LENGTH + 1) : t + 1].any(axis=1)
        trains[:, t, :inducers] = HEIGHT * lasting
    order = rng.permuted(np.tile(np.arange(proteins), (trials, 1)), axis=1)
    return np.take_along_axis(trains, order[:, None, :], axis=2)
