"""The order of the trials in an epoch: ascending 64-bit Philox words, the first two of the counter
(epoch, 0, trial, 2 * 2^28); key as for the state noise.
"""

import numpy as np

from .noise import WORD, philox

PURPOSE = 2 * 2**28


def word(key, epoch, trial):
    low, high, *_ = philox((epoch, 0, trial, PURPOSE), (key % WORD, key // WORD))
    return low + WORD * high


def order(key, epoch, trials):
    return np.array(sorted(range(trials), key=lambda trial: word(key, epoch, trial)))
