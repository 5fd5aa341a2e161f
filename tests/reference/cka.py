"""Kernel alignments by their definitions, on n x n kernels."""

import numpy as np


def plug_in(x, y, centred):
    if centred:
        x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    return criterion(x @ x.T, y @ y.T) / np.sqrt(
        criterion(x @ x.T, x @ x.T) * criterion(y @ y.T, y @ y.T)
    )


def criterion(k, l):  # noqa: E741
    return np.trace(k @ l)


def unbiased_criterion(k, l):  # noqa: E741
    """Song et al., JMLR 2012, equation 5."""
    n, one = len(k), np.ones(len(k))
    k, l = k - np.diag(np.diag(k)), l - np.diag(np.diag(l))  # noqa: E741
    total = np.trace(k @ l)
    total += (one @ k @ one) * (one @ l @ one) / ((n - 1) * (n - 2))
    total -= 2 / (n - 2) * (one @ k @ l @ one)
    return total / (n * (n - 3))


def debiased(x, y):
    k, l = x @ x.T, y @ y.T  # noqa: E741
    return unbiased_criterion(k, l) / np.sqrt(unbiased_criterion(k, k) * unbiased_criterion(l, l))
