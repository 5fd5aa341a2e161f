"""Adam (Kingma & Ba 2015): betas 0.9 and 0.999, epsilon 1e-8 added after the root.

AdamW (Loshchilov & Hutter 2019) multiplies each weight by 1 - lr decay before the step. Every array
counts its own steps; one that is not trained takes none.
"""

import numpy as np


def start(p):
    """m, v and the number of steps of each array."""
    return {name: (np.zeros_like(value), np.zeros_like(value), 0) for name, value in p.items()}


def update(p, gradients, moments, lr, decay=0.0, trained=None):
    """Returns the new parameters and moments."""
    new_p, new_moments = dict(p), dict(moments)
    for name in p if trained is None else trained:
        g, (m, v, k) = gradients[name], moments[name]
        m, v, k = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2, k + 1
        step = (m / (1 - 0.9**k)) / (np.sqrt(v / (1 - 0.999**k)) + 1e-8)
        new_p[name] = (1 - lr * decay) * p[name] - lr * step
        new_moments[name] = (m, v, k)
    return new_p, new_moments


def norm(gradients, trained=None):
    """Of all trained arrays together."""
    names = gradients if trained is None else trained
    return np.sqrt(sum(np.sum(gradients[name] ** 2) for name in names))


def clipped(gradients, size, most):
    """Gradients of norm `size`, scaled down to `most` (with torch's 1e-6 in the denominator)."""
    factor = min(1.0, most / (size + 1e-6))
    return {name: factor * g for name, g in gradients.items()}
