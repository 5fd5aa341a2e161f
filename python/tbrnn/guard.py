"""A guard for trainings whose forward pass explodes."""

from __future__ import annotations

from dataclasses import dataclass

from tbrnn._arguments import count, number


@dataclass(frozen=True, kw_only=True)
class Guard:
    """Undo steps that lead to a large loss, and go on with a smaller learning rate.

    When a loss or the norm of a gradient is not finite, or a loss exceeds both `loss` and twice
    the first loss of the training, weights, moments and step counts go back by `back` optimiser
    steps (or as far as they are kept: to the last roll-back or the start of the training), and the
    learning rate is multiplied by `factor`. Every later step that is not undone multiplies it by
    `growth` until it is the schedule's again. A member that needs more than `most` roll-backs, or
    has nothing to go back to, ends as "diverged". Epochs that were undone count. With mini-batches
    the losses are those of the batches.

    Parameters
    ----------
    loss : float, default 2.0
        Above what a healthy training shows.
    back : int, default 4
    factor : float, default 0.5
        Above 0, below 1 to slow down.
    growth : float, default 1.02
        At least 1.
    most : int, default 50

    Notes
    -----
    Units without saturation make it necessary: early Adam steps can push the spectral radius above
    1, one enormous loss poisons Adam's second moments, and neither a clipped gradient nor a skipped
    batch brings the network back.

    Examples
    --------
    >>> import tbrnn
    >>> tbrnn.Guard(loss=5.0)
    Guard(loss=5.0, back=4, factor=0.5, growth=1.02, most=50)
    """

    loss: float = 2.0
    back: int = 4
    factor: float = 0.5
    growth: float = 1.02
    most: int = 50

    def __post_init__(self) -> None:
        number("loss", self.loss, above=0)
        count("back", self.back, least=1)
        number("factor", self.factor, above=0, most=1)
        number("growth", self.growth, least=1)
        count("most", self.most, least=1)
