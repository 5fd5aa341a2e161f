"""Adam (Kingma & Ba 2015): betas 0.9 and 0.999, epsilon 1e-8 added after the root."""

import numpy as np


def start(p):
    return {name: (np.zeros_like(value), np.zeros_like(value)) for name, value in p.items()}


def update(p, gradients, moments, lr, k):
    """Step k = 1, 2, ...; returns the new parameters and moments."""
    new_p, new_moments = {}, {}
    for name, g in gradients.items():
        m = 0.9 * moments[name][0] + 0.1 * g
        v = 0.999 * moments[name][1] + 0.001 * g**2
        new_p[name] = p[name] - lr * (m / (1 - 0.9**k)) / (np.sqrt(v / (1 - 0.999**k)) + 1e-8)
        new_moments[name] = (m, v)
    return new_p, new_moments
