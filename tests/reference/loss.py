"""Masked mean squared error: sum(mask (y - target)^2) / sum(mask), the mask broadcast to y."""

import numpy as np


def mean_squared_error(y, target, mask):
    mask = np.broadcast_to(1.0 if mask is None else mask, y.shape)
    error = np.where(mask != 0, y - np.where(mask != 0, target, 0), 0)
    return np.sum(mask * error**2) / np.sum(mask), 2 * mask * error / np.sum(mask)
