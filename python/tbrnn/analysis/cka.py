"""Linear centred kernel alignment between many networks at once, from features.

With n samples (rows) and kernels K = X X^T, L = Y Y^T the alignment is H(K, L) normalised by
sqrt(H(K, K) H(L, L)), where

    uncentred   H = |X^T Y|_F^2
    centred     H = |X^T Y|_F^2 of columns without their means
    debiased    H = ( |X^T Y|_F^2 - n/(n-2) sum_i a_i b_i + sum_i a_i sum_i b_i / ((n-1)(n-2)) )
                    / (n (n-3)),   a_i = |x_i|^2, b_i = |y_i|^2, of columns without their means

The last is the unbiased estimator of Song et al. (JMLR 2012); it does not change when columns are
shifted, and for centred columns its sums over kernel entries reduce to those above. No n x n matrix
is formed; products are taken in float64 over chunks of rows and blocks of networks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tbrnn._bar import each
from tbrnn.errors import mistake
from tbrnn.trials import Floats

Array = NDArray[np.float64]

ROWS = 4096  # of a chunk
FEATURES = 1024  # of a block of networks, about
ROUNDING = 1e-12  # relative size below which a difference of sums is rounding


def alignment(named: Mapping[str, Floats], kind: str) -> Array:
    """Similarities (network, network) of checked activity, each (sample, unit), by its name."""
    names, activity = list(named), list(named.values())
    samples = len(activity[0])
    if kind == "debiased" and samples < 4:
        raise mistake(names[0], "of at least 4 samples", samples)
    means = [np.zeros(x.shape[1]) for x in activity]
    if kind != "uncentred":
        means = [x.mean(axis=0, dtype=np.float64) for x in activity]
    products = _squared_products(activity, means)
    for i, x in enumerate(activity):
        squares = np.square(x, dtype=np.float64).sum()
        if products[i, i] <= ROUNDING**4 * squares**2:
            expected = "not 0 everywhere" if kind == "uncentred" else "not constant"
            raise mistake(names[i], expected, "activity that is")
    if kind == "debiased":
        plain = products.diagonal() / (samples * (samples - 3))
        products = _debias(products, *_square_lengths(activity, means), samples)
        if (still := products.diagonal() <= ROUNDING * plain).any():
            expected = "of unequal distances between samples"
            raise mistake(names[still.argmax()], expected, "equal ones")
    norms = np.sqrt(products.diagonal())  # roots first: the product of two squares may overflow
    return np.asarray(products / np.outer(norms, norms))


def _squared_products(activity: Sequence[Floats], means: list[Array]) -> Array:
    """|X^T Y|_F^2 of all pairs (network, network)."""
    blocks = _blocks([x.shape[1] for x in activity])
    pairs = [(a, b) for i, a in enumerate(blocks) for b in blocks[i:]]
    products = np.empty((len(activity), len(activity)))
    for first, second in each(pairs, "CKA", "blocks"):
        gram = np.zeros([sum(activity[i].shape[1] for i in block) for block in (first, second)])
        for rows in _chunks(len(activity[0])):
            left = _columns(activity, means, first, rows)
            right = left if second == first else _columns(activity, means, second, rows)
            gram += left.T @ right
        sums = np.square(gram)
        for axis, block in enumerate((first, second)):
            starts = np.cumsum([0, *(activity[i].shape[1] for i in block[:-1])])
            sums = np.add.reduceat(sums, starts, axis)
        products[np.ix_(first, second)] = sums
        products[np.ix_(second, first)] = sums.T
    return products


def _square_lengths(activity: Sequence[Floats], means: list[Array]) -> tuple[Array, Array]:
    """sum_i a_i b_i (network, network) and sum_i a_i (network,)."""
    together, alone = np.zeros((len(activity),) * 2), np.zeros(len(activity))
    for rows in _chunks(len(activity[0])):
        pairs = zip(activity, means, strict=True)
        lengths = np.stack([np.square(x[rows] - mean).sum(axis=1) for x, mean in pairs], axis=1)
        together += lengths.T @ lengths
        alone += lengths.sum(axis=0)
    return together, alone


def _debias(products: Array, together: Array, alone: Array, n: int) -> Array:
    corrected = products - n / (n - 2) * together
    corrected += np.outer(alone, alone) / ((n - 1) * (n - 2))
    return np.asarray(corrected / (n * (n - 3)))


def _columns(
    activity: Sequence[Floats], means: list[Array], block: list[int], rows: slice
) -> Array:
    """Rows of a block's networks side by side, without the means."""
    return np.concatenate([activity[i][rows] - means[i] for i in block], axis=1)


def _chunks(samples: int) -> Iterator[slice]:
    return (slice(row, row + ROWS) for row in range(0, samples, ROWS))


def _blocks(units: list[int]) -> list[list[int]]:
    """Networks in order, in blocks of about FEATURES units."""
    blocks: list[list[int]] = []
    room = 0
    for i, size in enumerate(units):
        if not blocks or size > room:
            blocks.append([])
            room = FEATURES
        blocks[-1].append(i)
        room -= size
    return blocks
