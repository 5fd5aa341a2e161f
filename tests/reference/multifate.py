"""MultiFate as its paper writes it, one protein at a time, integrated by scipy's Radau."""

import numpy as np
from scipy.integrate import solve_ivp


def rate_of_change(x, inducers):
    total = sum(x)
    change = []
    for concentration, inducer in zip(x, inducers, strict=True):
        dimers = 2 * concentration**2 / (1 + 4 * total + np.sqrt(1**2 + 8 * 1 * total))
        activation = dimers**1.5 + inducer
        change.append(3.6 - concentration + 90 * activation / (1 + activation))
    return change


def initial_state(parts, rng, proteins=30):
    cuts = [0, *sorted(rng.random(parts - 1)), 1]
    values = []
    for a, b in zip(cuts[:-1], cuts[1:], strict=True):
        start, end = 3.6 + 90 * a, 3.6 + 90 * b
        low = rng.uniform(start, end - 0.1 * (end - start))
        high = rng.uniform(low + 0.01 * (end - start), end)
        values += list(rng.uniform(low, high, proteins // parts))
    values += list(rng.uniform(3.6, 93.6, proteins - len(values)))
    return rng.permutation(values) / 93.6


def trajectory(start, inducers, rtol=1e-10, atol=1e-11):
    """Normalised frames (time, protein) 0.2 apart; inducers (time, protein) act between frames."""
    x, frames = 93.6 * np.asarray(start, float), []
    for now in inducers:
        solution = solve_ivp(
            lambda _, y, i=now: rate_of_change(y, i), (0, 0.2), x, "Radau", rtol=rtol, atol=atol
        )
        x = solution.y[:, -1]
        frames.append(x / 93.6)
    return np.array(frames)
