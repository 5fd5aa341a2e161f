"""Proteins that activate themselves through the dimers they form with one another (MultiFate).

In units of the dissociation constant, with total S = sum_j X_j and inducers I_i:

    D_i     = 2 X_i^2 / (1 + 4 S + sqrt(1 + 8 S))                    homodimers at equilibrium
    dX_i/dt = alpha - X_i + beta (D_i^n + I_i) / (1 + D_i^n + I_i)

with n = 1.5 (Zhu, del Rio-Salgado, Garcia-Ojalvo & Elowitz, Science 2022).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

ALPHA = 3.6  # production without dimers
BETA = 90.0  # most that dimers add to it
TOP = ALPHA + BETA  # no protein stays above it
FRAME = 0.2  # time between frames, in protein lifetimes
SUBSTEPS = 4  # Runge-Kutta steps per frame: error 8e-7 of TOP (1: 2e-4)


def rates_of_change(x: Array, inducers: Array) -> Array:
    """dX/dt (trial, protein)."""
    total = x.sum(axis=-1, keepdims=True)
    dimers = 2 * x * x / (1 + 4 * total + np.sqrt(1 + 8 * total))
    activation = dimers * np.sqrt(dimers) + inducers
    return np.asarray(ALPHA - x + BETA * (activation / (1 + activation)))


def frames(x: Array, inducers: Array) -> Array:
    """Concentrations (trial, time, protein), one frame after each of the inducers' frames.

    Classical Runge-Kutta steps of fourth order; inducers (trial, time, protein) are constant from
    frame to frame.
    """
    h = FRAME / SUBSTEPS
    course = np.empty(inducers.shape)
    for t in range(inducers.shape[1]):
        now = inducers[:, t]
        for _ in range(SUBSTEPS):
            first = rates_of_change(x, now)
            second = rates_of_change(x + 0.5 * h * first, now)
            third = rates_of_change(x + 0.5 * h * second, now)
            fourth = rates_of_change(x + h * third, now)
            x = x + h / 6 * (first + 2 * (second + third) + fourth)
        course[:, t] = x
    return course
