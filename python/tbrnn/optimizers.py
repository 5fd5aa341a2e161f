"""Optimisers: how a gradient becomes a step, and what they remember from step to step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tbrnn._arguments import instances, number
from tbrnn._selection import position, positions
from tbrnn.errors import mistake, wrong_type

if TYPE_CHECKING:
    from tbrnn.ensemble import Ensemble
    from tbrnn.trials import Floats


@dataclass(frozen=True)
class Adam:
    """Adam with decoupled weight decay; made by `adam` and `adamw`."""

    decay: float = 0.0


def adam() -> Adam:
    """Adam without weight decay.

    With the gradient g, the learning rate lr and the step count t of the parameter's array::

        m <- 0.9 m + 0.1 g          v <- 0.999 v + 0.001 g^2
        p <- p - lr (m / (1 - 0.9^t)) / (sqrt(v / (1 - 0.999^t)) + 1e-8)

    References
    ----------
    Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015.

    Examples
    --------
    >>> import tbrnn
    >>> tbrnn.adam()
    Adam(decay=0.0)
    """
    return Adam()


def adamw(decay: float = 1e-2) -> Adam:
    """Adam with decoupled weight decay: ``p <- (1 - lr decay) p`` before each step of `adam`.

    Parameters
    ----------
    decay : float, default 0.01
        At least 0.

    References
    ----------
    Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019.

    Examples
    --------
    >>> import tbrnn
    >>> tbrnn.adamw(decay=0.1)
    Adam(decay=0.1)
    """
    return Adam(number("decay", decay, least=0))


class OptimizerState:
    """What Adam remembers of each member, as ``runs.optimizer``; `tbrnn.fit` goes on from it.

    ``len(state)`` is the number of members. ``state[17]`` is that of one network, whose arrays have
    no member axis; slices, lists of positions and boolean masks select members, as in an Ensemble.

    Attributes
    ----------
    m, v : dict
        Running means of the gradients and of their squares, by name of the parameter array,
        each (member, *shape).
    steps : dict
        How many steps each parameter array has taken, (member,).
    decay : array (member,)
        Weight decay.

    Examples
    --------
    >>> import numpy as np, tbrnn
    >>> trials = tbrnn.Trials(np.ones((4, 20, 1)), targets=np.zeros((4, 20, 1)))
    >>> model = tbrnn.LowRankRNN(units=30, rank=1, inputs=1, outputs=1)
    >>> first = tbrnn.fit(model, trials, members=3, epochs=5, stall=None, train=("m", "n"))
    >>> second = tbrnn.fit(first.best, trials, epochs=5, stall=None, optimizer=first.optimizer)
    >>> second.optimizer.steps["m"].tolist(), second.optimizer.steps["w_in"].tolist()
    ([10, 10, 10], [5, 5, 5])
    >>> second.optimizer[[0, 2]].m["m"].shape
    (2, 30, 1)
    """

    def __init__(
        self,
        decay: NDArray[np.float64],
        first: Ensemble,
        second: Ensemble,
        counts: Sequence[tuple[int, ...]],
    ) -> None:
        """Moments are laid out like the networks that they belong to, counts like their arrays."""
        self.decay = decay
        self.first, self.second = first, second
        self.counts = tuple(counts)

    @staticmethod
    def concatenate(several: Iterable[OptimizerState]) -> OptimizerState:
        """All members of several states, in order.

        Examples
        --------
        >>> import numpy as np, tbrnn
        >>> trials = tbrnn.Trials(np.ones((4, 20, 1)), targets=np.zeros((4, 20, 1)))
        >>> model = tbrnn.LowRankRNN(units=30, rank=1, inputs=1, outputs=1)
        >>> states = [tbrnn.fit(model, trials, members=[i], epochs=5).optimizer for i in (4, 7)]
        >>> tbrnn.OptimizerState.concatenate(states)
        OptimizerState of Ensemble(2 networks: 2 LowRankRNN rank 1)
        """
        from tbrnn.ensemble import Ensemble

        parts = instances("several", several, OptimizerState, "an OptimizerState")
        return OptimizerState(
            np.concatenate([part.decay for part in parts]),
            Ensemble.concatenate(part.first for part in parts),
            Ensemble.concatenate(part.second for part in parts),
            [counts for part in parts for counts in part.counts],
        )

    def __len__(self) -> int:
        return len(self.counts)

    def __getitem__(self, index: Any) -> OptimizerState:
        single = isinstance(index, (int, np.integer)) and not isinstance(index, bool)
        members = [position(index, len(self))] if single else positions(index, len(self)).tolist()
        counts = [self.counts[i] for i in members]
        return OptimizerState(self.decay[members], self.first[index], self.second[index], counts)

    def __repr__(self) -> str:
        return f"OptimizerState of {self.first!r}"

    @property
    def m(self) -> dict[str, Floats]:
        """Running means of the gradients."""
        return self.first.arrays

    @property
    def v(self) -> dict[str, Floats]:
        """Running means of the squared gradients."""
        return self.second.arrays

    @property
    def steps(self) -> dict[str, NDArray[np.int64]]:
        """Steps taken by each array."""
        names = [name for name, _ in self.first.model.spec.fields]
        columns = np.array(self.counts, dtype=np.int64).reshape(len(self), len(names)).T
        return {
            name: col[0] if self.first.single else col
            for name, col in zip(names, columns, strict=True)
        }

    def blocks(self, members: Sequence[int], dtype: np.dtype[Any]) -> dict[str, NDArray[Any]]:
        """For the engine, of members of one model: m, v (member, size), steps (member, array)."""
        rows = {
            name: np.stack([places[i][0].parameters[places[i][1]] for i in members])
            for name, places in (("m", self.first.places()), ("v", self.second.places()))
        }
        steps = np.array([self.counts[i] for i in members], dtype=np.int64)
        return {name: block.astype(dtype) for name, block in rows.items()} | {"steps": steps}


def check_optimizer(value: object, *, fresh: bool) -> None:
    """What is remembered of earlier trainings belongs to their weights, not to fresh ones."""
    if fresh and isinstance(value, OptimizerState):
        expected = "tbrnn.adam() or tbrnn.adamw(decay), as the weights are fresh"
        raise mistake("optimizer", expected, f"an {value!r}")


def optimizer_of(
    value: object, nets: Ensemble
) -> tuple[NDArray[np.float64], OptimizerState | None]:
    """The weight decay of each member, and what is remembered of earlier trainings."""
    if value is None:
        value = Adam()
    if isinstance(value, Adam):
        return np.full(len(nets), value.decay), None
    if not isinstance(value, OptimizerState):
        expected = "tbrnn.adam(), tbrnn.adamw(decay) or the optimizer of earlier Runs"
        raise wrong_type("optimizer", expected, value)
    if len(value) != len(nets):
        expected = f"the state of the {len(nets)} members"
        raise mistake("optimizer", expected, f"that of {len(value)}")
    pairs = zip(value.first.models, nets.models, strict=True)
    for i, (theirs, ours) in enumerate(pairs):
        if theirs.spec.fields != ours.spec.fields:
            names = [", ".join(f"{n} {s}" for n, s in m.spec.fields) for m in (ours, theirs)]
            raise mistake(f"optimizer[{i}]", f"of the arrays {names[0]}", f"one of {names[1]}")
    return value.decay, value
