"""All roots of the one-dimensional flow of a rank-one network, isolated by interval arithmetic.

An interval is dropped if the range of F over it excludes 0, or if F at its middle is farther from 0
than the range of F' lets it get. It is solved if the range of F' excludes 0 (then F is monotone
there and has one root or none); otherwise it is halved. Ranges come from bounds on phi and phi' of
every unit, so no root is missed, however close two of them are. Between two roots F differs from 0
by more than rounding: else they count as one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

import numpy as np

from tbrnn._phi import Array, slope_range, value
from tbrnn.analysis.reduced import Reduced
from tbrnn.errors import mistake

Range: TypeAlias = tuple[Array, Array]

FINEST = 1e-10  # width, relative to the search, below which touching roots count as one
ROUNDING = 1e-14  # of F, relative to the sum of the magnitudes of its terms
MOST = 100_000  # undecided intervals: more mean a continuum of roots


def roots(reduced: Reduced, drives: Array, within: float) -> Array:
    """All kappa in [-within, within] where the flow of one member of rank one is 0, ascending."""

    from scipy.optimize import brentq  # here, because it takes longer to import than the rest of us

    def velocity(k: float) -> float:
        return float(reduced.velocity(np.array([[[k]]]), drives)[0, 0, 0])

    found, finest = [], FINEST * within
    edges = np.linspace(-within, within, 64)
    low, high = edges[:-1], edges[1:]
    while len(low):
        (f_low, f_high), (s_low, s_high) = ranges(reduced, drives[0, 0], low, high)
        middle, half = 0.5 * (low + high), 0.5 * (high - low)
        away, rounding = _flow(reduced, drives, middle)
        within_reach = away <= half * np.maximum(-s_low, s_high) + rounding
        possible = (f_low <= 0) & (f_high >= 0) & within_reach
        monotone = (s_low > 0) | (s_high < 0)
        tiny = high - low < finest
        for a, b in zip(low[possible & monotone], high[possible & monotone], strict=True):
            if np.sign(velocity(a)) * np.sign(velocity(b)) <= 0:
                found.append(brentq(velocity, a, b, xtol=1e-15 * within, rtol=1e-14))
        touching = possible & ~monotone & tiny
        found.extend(middle[touching])
        halved = possible & ~monotone & ~tiny
        middle = middle[halved]
        low, high = np.append(low[halved], middle), np.append(middle, high[halved])
        if len(low) + len(found) > MOST:
            raise mistake("nets", "networks of isolated fixed points", "a continuum of them")
    ascending = np.sort(found)
    away, rounding = _flow(reduced, drives, 0.5 * (ascending[1:] + ascending[:-1]))
    apart = (np.diff(ascending) > 4 * finest) & (away > rounding)
    return np.asarray(ascending[np.append(True, apart)[: len(found)]])


def ranges(reduced: Reduced, drives: Array, low: Array, high: Array) -> tuple[Range, Range]:
    """Ranges of F and F' over intervals (interval,) for drives (unit,) of one member."""
    phi, write = reduced.model.phi, reduced.write[0, :, 0]
    ends = np.stack([low, high])[..., None] * write + drives
    x = ends.min(axis=0), ends.max(axis=0)
    rates = value(phi, x[0]), value(phi, x[1])
    slopes = slope_range(phi, *x)
    if reduced.read.shape[-1]:
        read = reduced.read[0, :, 0]
        drive, slope = _weighted(read, rates), _weighted(read * write, slopes)
    else:
        left, right = reduced.left[0, :, 0], reduced.right[0, :, 0]
        a, b = _weighted(left, rates), _weighted(right, rates)
        drive = _product(a, b)
        first = _product(_weighted(left * write, slopes), b)
        second = _product(a, _weighted(right * write, slopes))
        slope = first[0] + second[0], first[1] + second[1]
    return (drive[0] - high, drive[1] - low), (slope[0] - 1, slope[1] - 1)


def _weighted(weights: Array, terms: Range) -> Range:
    """Range of sum_i weights_i terms_i for terms (interval, unit)."""
    up, down = np.maximum(weights, 0), np.minimum(weights, 0)
    return terms[0] @ up + terms[1] @ down, terms[1] @ up + terms[0] @ down


def _product(a: Range, b: Range) -> Range:
    corners = np.stack([x * y for x in a for y in b])
    return corners.min(axis=0), corners.max(axis=0)


def _flow(reduced: Reduced, drives: Array, kappa: Array) -> tuple[Array, Array]:
    """|F| at kappa (point,) of one member, and what of it may be rounding."""
    points = kappa[None, :, None]
    away = np.abs(reduced.velocity(points, drives))
    rates = np.abs(value(reduced.model.phi, reduced.along(points) + drives))
    parts = {name: np.abs(getattr(reduced, name)) for name in ("read", "left", "right")}
    size = replace(reduced, **parts).coefficients(rates) + np.abs(points)
    return away[0, :, 0], ROUNDING * size[0, :, 0]
