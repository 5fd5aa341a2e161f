"""lr of epoch e, with s = min(e, S)/S; constant after S epochs.

linear: lr0 (1 + (lr1/lr0 - 1) s)        cosine: lr1 + (lr0 - lr1) (1 + cos(pi s))/2
"""

import math


def linear(first, last, epochs):
    return lambda e: first * (1 + (last / first - 1) * min(e, epochs) / epochs)


def cosine(first, last, epochs):
    return lambda e: last + (first - last) * (1 + math.cos(math.pi * min(e, epochs) / epochs)) / 2


def constant(lr):
    return lambda e: lr
