"""Losses and their slopes in the answer y, weighted by a mask that is broadcast to y.

mse            sum(mask (y - target)^2) / sum(mask)
logistic       sum(mask (log(1 + e^y) - target y)) / sum(mask)
cross_entropy  sum(mask sum_c -target_c log softmax(y)_c) / sum(mask), mask (trial, time, 1)
"""

import numpy as np


def weights(y, target, mask):
    mask = np.broadcast_to(1.0 if mask is None else mask, y.shape)
    return mask, np.where(mask != 0, target, 0)


def mean_squared_error(y, target, mask):
    mask, target = weights(y, target, mask)
    error = np.where(mask != 0, y - target, 0)
    return np.sum(mask * error**2) / np.sum(mask), 2 * mask * error / np.sum(mask)


def logistic(y, target, mask):
    mask, target = weights(y, target, mask)
    loss = np.sum(mask * (np.logaddexp(0, y) - target * y)) / np.sum(mask)
    return loss, mask * (1 / (1 + np.exp(-y)) - target) / np.sum(mask)


def cross_entropy(y, target, mask):
    mask, target = weights(y, target, mask)
    one = mask[..., 0]
    log_softmax = y - np.logaddexp.reduce(y, axis=-1, keepdims=True)
    loss = -np.sum(one * np.sum(target * log_softmax, axis=-1)) / np.sum(one)
    each = np.exp(log_softmax) * target.sum(axis=-1, keepdims=True) - target
    return loss, mask * each / np.sum(one)


LOSS = {"mse": mean_squared_error, "logistic": logistic, "cross_entropy": cross_entropy}
