"""Learning rates over the epochs of a training."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tbrnn._arguments import choice, count, number
from tbrnn.errors import wrong_type

RAMPS = ("linear", "cosine")  # in the order of the engine's codes


@dataclass(frozen=True)
class Schedule:
    """A learning rate that goes from `first` to `last` within `epochs`, then stays.

    With ``share = min(e, epochs) / epochs``, by its `ramp`::

        linear:  lr(e) = first (1 + (last / first - 1) share)
        cosine:  lr(e) = last + (first - last) (1 + cos(pi share)) / 2

    Made by `linear`, `cosine` and `constant`.
    """

    first: float
    last: float
    epochs: int
    ramp: str = "linear"

    def __post_init__(self) -> None:
        number("first", self.first, above=0)
        number("last", self.last, least=0)
        count("epochs", self.epochs, least=1)
        choice("ramp", self.ramp, RAMPS)

    def __call__(self, epoch: int) -> float:
        """The learning rate of epoch 0, 1, 2, ..."""
        share = min(epoch, self.epochs) / self.epochs
        if self.ramp == "cosine":
            return self.last + (self.first - self.last) * (1 + math.cos(math.pi * share)) / 2
        return self.first * (1 + (self.last / self.first - 1) * share)


def linear(first: float, last: float, epochs: int) -> Schedule:
    """A learning rate that falls (or rises) linearly, then stays.

    Parameters
    ----------
    first, last : float
        Learning rate of epoch 0 and of epoch `epochs` and all later ones.
    epochs : int
        Length of the ramp.

    Examples
    --------
    >>> import tbrnn
    >>> lr = tbrnn.linear(1e-2, 1e-3, 2_000)
    >>> lr(0), round(lr(1_000), 6), round(lr(9_999), 6)
    (0.01, 0.0055, 0.001)
    """
    return Schedule(number("first", first, above=0), number("last", last, least=0), epochs)


def cosine(first: float, last: float, epochs: int) -> Schedule:
    """A learning rate that follows half a cosine, then stays.

    Parameters
    ----------
    first, last : float
        Learning rate of epoch 0 and of epoch `epochs` and all later ones.
    epochs : int
        Length of the ramp.

    References
    ----------
    Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017.

    Examples
    --------
    >>> import tbrnn
    >>> lr = tbrnn.cosine(1e-2, 1e-3, 2_000)
    >>> round(lr(0), 6), round(lr(1_000), 6), round(lr(9_999), 6)
    (0.01, 0.0055, 0.001)
    """
    ends = number("first", first, above=0), number("last", last, least=0)
    return Schedule(*ends, epochs, "cosine")


def constant(lr: float) -> Schedule:
    """The same learning rate in every epoch.

    Examples
    --------
    >>> import tbrnn
    >>> tbrnn.constant(1e-3)(500)
    0.001
    """
    rate = number("lr", lr, above=0)
    return Schedule(rate, rate, 1)


def schedule(argument: str, value: object) -> Schedule:
    """`value` as a schedule: a number is a constant learning rate."""
    if isinstance(value, Schedule):
        return value
    try:
        return constant(number(argument, value, above=0))
    except TypeError:
        expected = "a learning rate, tbrnn.linear(first, last, epochs), tbrnn.cosine or constant"
        raise wrong_type(argument, expected, value) from None
