"""What became of a training: one entry per member."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tbrnn._arguments import instances
from tbrnn._seeds import Entropy
from tbrnn._selection import position, positions
from tbrnn.ensemble import Ensemble
from tbrnn.errors import mistake
from tbrnn.optimizers import OptimizerState

HISTORY = np.dtype(
    [
        ("epoch", np.int64),
        *((name, np.float64) for name in ("loss", "validation", "gradient_norm", "lr")),
    ]
)
STATISTICS = np.dtype(
    [
        ("epoch", np.int64),
        *(
            (name, np.float64)
            for name in ("participation_ratio", "mean_rate", "spectral_radius", "overlap")
        ),
    ]
)


@dataclass(frozen=True, eq=False)
class Runs:
    """The result of `tbrnn.fit` and `tbrnn.lint`.

    ``len(runs)`` is the number of members; ``runs[17]``, slices, lists of positions and boolean
    masks select the runs of some members.

    Attributes
    ----------
    status : array (member,) of str
        ``converged`` (the loss fell below target_loss), ``stalled`` (too little improvement within
        the stall window or the patience), ``capped`` (all epochs used), ``diverged`` (a loss was no
        longer finite; `best` and `last` hold the last good weights), ``rejected`` (no attempt met
        `accept`; the last one is kept) or ``interrupted`` (Ctrl-C).
    best_loss, last_loss : array (member,) of float64
        The smallest loss after an update, of the validation set if there is one, and the last
        training loss.
    best_epoch, epochs : array (member,) of int64
        The epoch of `best_loss`, counted from 0 (-1: before training), and the number of epochs
        done.
    best, last : Ensemble
        The weights of the smallest loss and those after the last update.
    history : list of structured array (record,)
        Per member what was recorded, with the fields ``epoch``, ``loss`` (after the update of that
        epoch; nan where it was not computed, see `evaluate_every`), ``validation`` (likewise, and
        without a validation set), ``gradient_norm`` (of the epoch's last step, before it was
        clipped) and ``lr`` (the rate of that step). The first record is epoch -1, before training.
        Empty with ``record_every=0``.
    statistics : list of structured array (record,)
        Per member the statistics of its activity, see `tbrnn.fit`: ``epoch``,
        ``participation_ratio``, ``mean_rate``, ``spectral_radius``, ``overlap``.
    optimizer : OptimizerState
        What the optimiser remembers at the end, for trainings that go on.
    rollbacks, attempts : array (member,) of int64
        How often the guard went back, and how many attempts were made.
    device : array (member,) of str
        What trained it: ``cpu``, or ``cuda`` and the name of the card, with ``precision="tf32x3"``
        followed by ``in tf32x3``.
    teacher : array (member,) of int, or None
        Of `tbrnn.lint`: the position of each student's teacher.
    interrupted : bool
        Whether Ctrl-C ended the call, even if all members had just finished.
    """

    status: NDArray[np.str_]
    best_loss: NDArray[np.float64]
    last_loss: NDArray[np.float64]
    best_epoch: NDArray[np.int64]
    epochs: NDArray[np.int64]
    best: Ensemble
    last: Ensemble
    history: list[NDArray[Any]]
    statistics: list[NDArray[Any]]
    optimizer: OptimizerState
    rollbacks: NDArray[np.int64]
    attempts: NDArray[np.int64]
    device: NDArray[np.str_]
    teacher: NDArray[np.int64] | None = None
    interrupted: bool = False

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

    def __iter__(self) -> Iterator[Runs]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: Any) -> Runs:
        if isinstance(index, (int, np.integer)) and not isinstance(index, bool):
            index = [position(int(index), len(self))]
        members = positions(index, len(self))
        return Runs(
            **{field.name: _some(getattr(self, field.name), members) for field in fields(self)}
        )

    @staticmethod
    def concatenate(several: Iterable[Runs]) -> Runs:
        """All members of several results, in order.

        Examples
        --------
        >>> import numpy as np, tbrnn
        >>> trials = tbrnn.Trials(np.ones((4, 20, 1)), targets=np.zeros((4, 20, 1)))
        >>> model = tbrnn.LowRankRNN(units=30, rank=1, inputs=1, outputs=1)
        >>> runs = [tbrnn.fit(model, trials, members=[i], epochs=5) for i in (4, 7)]
        >>> tbrnn.Runs.concatenate(runs).best.numbers.tolist()
        [4, 7]
        """
        parts = instances("several", several, Runs, "Runs")
        return Runs(
            **{
                field.name: _joined([getattr(part, field.name) for part in parts])
                for field in fields(Runs)
            }
        )

    def __repr__(self) -> str:
        words, counts = np.unique(self.status, return_counts=True)
        waited = int(((self.status == "interrupted") & (self.epochs == 0)).sum())
        notes = {"interrupted": f" ({waited} before the first epoch)"} if waited else {}
        fates = ", ".join(
            f"{count} {word}{notes.get(word, '')}"
            for word, count in zip(words.tolist(), counts, strict=True)
        )
        finite = self.best_loss[np.isfinite(self.best_loss)]
        losses = f"; best losses {finite.min():.3g} to {finite.max():.3g}" if finite.size else ""
        return f"Runs({len(self)} members: {fates}{losses})"


def _some(column: Any, members: NDArray[np.int64]) -> Any:
    if isinstance(column, list):
        return [column[i] for i in members]
    return column if column is None or isinstance(column, bool) else column[members]


def _joined(columns: list[Any]) -> Any:
    first = columns[0]
    if any((column is None) != (first is None) for column in columns):
        raise mistake("several", "all of lint or all of fit", "some with teachers")
    if isinstance(first, bool):
        return any(columns)
    if isinstance(first, list):
        return [entry for column in columns for entry in column]
    if isinstance(first, (Ensemble, OptimizerState)):
        return type(first).concatenate(columns)
    return None if first is None else np.concatenate(columns)


def table(rows: NDArray[np.float64], dtype: np.dtype[Any]) -> NDArray[Any]:
    """The columns of an array (record, field) under their names."""
    named = np.empty(len(rows), dtype)
    for column, name in zip(rows.T, dtype.names or (), strict=True):
        named[name] = column
    return named
