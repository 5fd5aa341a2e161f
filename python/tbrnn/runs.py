"""What became of a training: one entry per member."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tbrnn._seeds import Entropy
from tbrnn.ensemble import Ensemble


@dataclass(frozen=True, eq=False)
class Runs:
    """The result of `tbrnn.fit` and `tbrnn.lint`.

    Attributes
    ----------
    status : array (member,) of str
        ``converged`` (the loss fell below target_loss), ``stalled`` (too little improvement within
        the stall window), ``capped`` (all epochs used), ``diverged`` (the loss was no longer
        finite; `best` and `last` hold the last good weights) or ``interrupted`` (Ctrl-C).
    best_loss, last_loss : array (member,) of float64
        Losses after an update, the smallest and the last one.
    best_epoch, epochs : array (member,) of int64
        The epoch of `best_loss`, counted from 0 (-1: before training), and the number of epochs
        done.
    best, last : Ensemble
        The weights of the smallest loss and those after the last update.
    history : list of array (record, 2)
        Per member the recorded epochs and the losses after their updates; the first record is epoch
        -1, the loss before training. Empty with ``record_every=0``.
    teacher : array (member,) of int, or None
        Of `tbrnn.lint`: the position of each student's teacher.
    """

    status: NDArray[np.str_]
    best_loss: NDArray[np.float64]
    last_loss: NDArray[np.float64]
    best_epoch: NDArray[np.int64]
    epochs: NDArray[np.int64]
    best: Ensemble
    last: Ensemble
    history: list[NDArray[np.float64]]
    teacher: NDArray[np.int64] | None = None

    @property
    def rank(self) -> NDArray[Any]:
        """The rank of each member."""
        return self.best.rank

    @property
    def seed(self) -> list[Entropy]:
        """The entropy of each member."""
        return self.best.seeds

    def __len__(self) -> int:
        return len(self.status)

    def __repr__(self) -> str:
        words, counts = np.unique(self.status, return_counts=True)
        fates = ", ".join(f"{count} {word}" for word, count in zip(words, counts, strict=True))
        finite = self.best_loss[np.isfinite(self.best_loss)]
        losses = f"; best losses {finite.min():.3g} to {finite.max():.3g}" if finite.size else ""
        return f"Runs({len(self)} members: {fates}{losses})"
