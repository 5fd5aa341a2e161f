"""Full-batch Adam with a guard: back some steps and half the rate when a loss explodes."""

import numpy as np

from . import adam
from .network import loss_and_gradient


def train(net, p, data, *, epochs, lr, loss, back, factor, growth, most, match="outputs"):
    """Returns the loss before each step, the last weights, the rates and the roll-backs."""
    moments, kept, rate, limit = adam.start(p), [], 1.0, None
    losses, rates, rollbacks = [], [], 0
    for _ in range(epochs):
        value, gradients = loss_and_gradient(net, p, **data, match=match)
        losses.append(value)
        limit = max(loss, 2 * value) if limit is None else limit
        size = adam.norm(gradients)
        if not np.isfinite(value) or (kept and (value > limit or not np.isfinite(size))):
            if not kept or rollbacks == most:
                return losses, None, rates, rollbacks
            p, moments = kept[0]
            kept, rate, rollbacks = [], rate * factor, rollbacks + 1
            continue
        kept = [*kept, (p, moments)][-back:]
        rates.append(rate * lr)
        p, moments = adam.update(p, gradients, moments, rate * lr)
        rate = min(1.0, rate * growth)
    return losses, p, rates, rollbacks
