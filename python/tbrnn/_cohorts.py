"""Cohorts: members of one model with stacked parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from tbrnn._arguments import precision
from tbrnn._network import LowRankNetwork
from tbrnn._seeds import Entropy
from tbrnn.errors import mistake
from tbrnn.trials import Floats


@dataclass(frozen=True, eq=False)
class Cohort:
    """Members of one model: parameters (member, size) in the order of `model.spec.fields`."""

    model: LowRankNetwork
    parameters: Floats
    numbers: tuple[int, ...]
    seeds: tuple[Entropy, ...]

    def __len__(self) -> int:
        return len(self.parameters)


Place: TypeAlias = tuple[Cohort, int]  # where a member is: its cohort and its row there


def by_name(model: LowRankNetwork, block: Floats) -> dict[str, Floats]:
    """The columns of a block (member, size) as read-only views, each (member, *shape)."""
    views, start = {}, 0
    for name, shape in model.spec.fields:
        stop = start + int(np.prod(shape, dtype=int))
        view = block[:, start:stop].reshape(len(block), *shape)
        view.flags.writeable = False
        views[name], start = view, stop
    return views


def stacked(
    model: LowRankNetwork,
    arrays: Mapping[str, ArrayLike],
    numbers: Sequence[int] | None,
    seeds: Sequence[Entropy] | None,
    dtype: DTypeLike | None,
) -> Cohort:
    """A cohort from arrays (member, *shape); `Ensemble.from_arrays` documents the arguments."""
    fields = dict(model.spec.fields)
    if set(arrays) != set(fields):
        raise mistake("arrays", f"the parameters {', '.join(fields)}", ", ".join(arrays))
    given = {name: np.asarray(arrays[name]) for name in fields}
    members = len(next(iter(given.values())))
    for name, shape in fields.items():
        if given[name].shape != (members, *shape):
            expected = f"(member, ...) = {(members, *shape)}"
            raise mistake(f"arrays[{name!r}]", expected, given[name].shape)
    single = all(array.dtype == np.float32 for array in given.values())
    kind = precision(("float32" if single else "float64") if dtype is None else dtype)
    block = np.concatenate([array.reshape(members, -1) for array in given.values()], axis=1)
    labels = tuple(range(members)) if numbers is None else tuple(numbers)
    entropies = tuple((label,) for label in labels) if seeds is None else tuple(seeds)
    return Cohort(model, block.astype(kind), labels, entropies)


def gather(places: Sequence[Place]) -> tuple[list[Cohort], list[tuple[int, int]]]:
    """One cohort per model for the members at `places`, and each member's cohort and row."""
    members: dict[LowRankNetwork, list[Place]] = {}
    order = []
    for place in places:
        group = members.setdefault(place[0].model, [])
        order.append((list(members).index(place[0].model), len(group)))
        group.append(place)
    return [_cohort(model, group) for model, group in members.items()], order


def _cohort(model: LowRankNetwork, group: Sequence[Place]) -> Cohort:
    return Cohort(
        model,
        np.stack([cohort.parameters[row] for cohort, row in group]),
        tuple(cohort.numbers[row] for cohort, row in group),
        tuple(cohort.seeds[row] for cohort, row in group),
    )
