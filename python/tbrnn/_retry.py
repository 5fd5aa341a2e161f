"""Attempts: fresh networks are trained until they meet a criterion."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tbrnn._arguments import NUMBERS, count, number
from tbrnn._options import Options
from tbrnn._starting import networks
from tbrnn._training import Data, Manner, train
from tbrnn.ensemble import Ensemble
from tbrnn.errors import mistake, wrong_type
from tbrnn.runs import Runs

Accept: TypeAlias = float | Callable[[Runs], ArrayLike]


def check_accept(accept: Accept | None, attempts: int, *, fresh: bool) -> None:
    """A number or a function, of networks that can be drawn anew."""
    count("attempts", attempts, least=1)
    if accept is None:
        return
    if not fresh:
        raise mistake("accept", "left out for an Ensemble, which cannot be drawn anew", accept)
    if isinstance(accept, NUMBERS):
        number("accept", accept, least=0)
    elif not callable(accept):
        raise wrong_type("accept", "a number, or a function of Runs", accept)


def train_until_accepted(
    start: Ensemble,
    data: Data,
    options: Options,
    manner: Manner,
    accept: Accept | None,
    attempts: int,
) -> Runs:
    """Train fresh networks; those that are not accepted are drawn anew, at most so many times."""
    if accept is None:
        return train(start, data, options, manner)
    pending, nets = np.arange(len(start)), start
    places: list[NDArray[np.int64]] = []
    ended: list[Runs] = []
    for attempt in range(1, attempts + 1):
        of_attempt = _of_attempt(manner, pending, attempt)
        runs = train(nets, data.of(pending), options.of(pending), of_attempt)
        runs = replace(runs, attempts=np.full(len(runs), attempt))
        good = accepted(accept, runs)
        decided = good if attempt < attempts and not runs.interrupted else np.ones_like(good)
        status = runs.status.copy()
        final = (status != "interrupted") & (attempt == attempts)
        status[decided & ~good] = "interrupted"
        status[~good & final] = "rejected"
        ended.append(replace(runs, status=status)[decided])
        places.append(pending[decided])
        if manner.on_member_end is not None:
            for i in np.flatnonzero(ended[-1].status != "interrupted"):
                manner.on_member_end(ended[-1][i])
        pending = pending[~decided]
        if not pending.size:
            break
        nets = drawn_anew(start[pending], attempt + 1)
    return Runs.concatenate(ended)[np.argsort(np.concatenate(places))]


def drawn_anew(nets: Ensemble, attempt: int) -> Ensemble:
    """Fresh networks of the same models, of the entropies (*entropy, attempt)."""
    seeds = [(*seed, attempt) for seed in nets.seeds]
    return networks(nets.models, seeds, nets.numbers.tolist(), nets.dtype)


def accepted(accept: Accept, runs: Runs) -> NDArray[np.bool_]:
    """Which members meet the criterion; by a number, never those that diverged."""
    if not callable(accept):
        good: NDArray[np.bool_] = (runs.last_loss <= accept) & (runs.status != "diverged")
        return good
    answer = np.asarray(accept(runs))
    if len(runs) == 1:
        answer = answer.reshape(-1)  # of one member True will do
    if answer.shape != (len(runs),) or answer.dtype != bool:
        given = f"shape {answer.shape} of {answer.dtype}"
        expected = f"a function that returns a bool for each of the {len(runs)} members"
        raise mistake("accept", expected, given)
    return answer


def _of_attempt(manner: Manner, pending: NDArray[np.int64], attempt: int) -> Manner:
    """The same for the members that are still pending; their ends are told once decided."""
    dress, checkpoint = manner.dress, manner.checkpoint
    return replace(
        manner,
        on_member_end=None,
        checkpoint=checkpoint and checkpoint.of_attempt(attempt, pending),
        dress=lambda runs, members: dress(runs, pending[members]),
    )
