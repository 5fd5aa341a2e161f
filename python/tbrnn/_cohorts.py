"""Cohorts: members of one model with stacked parameters."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from tbrnn._arguments import check_finite, instance, precision, real_array, whole
from tbrnn._network import Network
from tbrnn._seeds import Entropy, Seed, entropies
from tbrnn.errors import mistake, wrong_type
from tbrnn.trials import Floats


@dataclass(frozen=True, eq=False)
class Cohort:
    """Members of one model: parameters (member, size) in the order of `model.spec.fields`."""

    model: Network
    parameters: Floats
    numbers: tuple[int, ...]
    seeds: tuple[Entropy, ...]

    def __post_init__(self) -> None:
        for argument, entries in (("numbers", self.numbers), ("seeds", self.seeds)):
            if len(entries) != len(self):
                expected = f"one for each of the {len(self)} members"
                raise mistake(argument, expected, f"{len(entries)} entries")

    def __len__(self) -> int:
        return len(self.parameters)


Place: TypeAlias = tuple[Cohort, int]  # where a member is: its cohort and its row there


def by_name(model: Network, block: Floats) -> dict[str, Floats]:
    """The columns of a block (member, size) as read-only views, each (member, *shape)."""
    views, start = {}, 0
    for name, shape in model.spec.fields:
        stop = start + math.prod(shape)
        view = block[:, start:stop].reshape(len(block), *shape)
        view.flags.writeable = False
        views[name], start = view, stop
    return views


def stacked(
    model: Network,
    arrays: Mapping[str, ArrayLike],
    numbers: Sequence[int] | None,
    seeds: Sequence[Seed] | None,
    dtype: DTypeLike | None,
) -> Cohort:
    """A cohort from arrays (member, *shape); `Ensemble.from_arrays` documents the arguments."""
    instance("model", model, Network, "a model such as tbrnn.LowRankRNN(...)")
    if not isinstance(arrays, Mapping):
        raise wrong_type("arrays", "a mapping from parameter name to array", arrays)
    fields = dict(model.spec.fields)
    if set(arrays) != set(fields):
        raise mistake("arrays", f"the parameters {', '.join(fields)}", ", ".join(arrays))
    given = {name: real_array(f"arrays[{name!r}]", arrays[name]) for name in fields}
    members = max(array.shape[0] if array.ndim else 0 for array in given.values())
    for name, shape in fields.items():
        if given[name].shape != (members, *shape):
            expected = f"(member, ...) = {(members, *shape)}"
            raise mistake(f"arrays[{name!r}]", expected, given[name].shape)
        check_finite(f"arrays[{name!r}]", given[name])
    single = all(array.dtype == np.float32 for array in given.values())
    kind = precision(("float32" if single else "float64") if dtype is None else dtype)
    block = np.concatenate([array.reshape(members, -1) for array in given.values()], axis=1)
    labels = member_numbers(numbers, members)
    with np.errstate(over="ignore"):
        cast = block.astype(kind)
    check_finite("arrays", cast, f"finite in {kind}")
    model.check_masked(by_name(model, cast))
    return Cohort(model, cast, labels, tuple(entropies(labels if seeds is None else seeds)))


def member_numbers(numbers: Sequence[int] | None, members: int) -> tuple[int, ...]:
    """The checked numbers of so many members; 0, 1, 2, ... unless given."""
    if numbers is None:
        return tuple(range(members))
    if isinstance(numbers, str) or not isinstance(numbers, Iterable):
        raise wrong_type("numbers", "a whole number for each member", numbers)
    return tuple(whole(f"numbers[{i}]", number, least=0) for i, number in enumerate(numbers))


def gather(places: Sequence[Place]) -> tuple[list[Cohort], list[tuple[int, int]]]:
    """One cohort per model for the members at `places`, and each member's cohort and row."""
    models: dict[Network, int] = {}
    groups: list[list[Place]] = []
    order = []
    for place in places:
        cohort = models.setdefault(place[0].model, len(models))
        if cohort == len(groups):
            groups.append([])
        order.append((cohort, len(groups[cohort])))
        groups[cohort].append(place)
    return [_cohort(model, groups[cohort]) for model, cohort in models.items()], order


def _cohort(model: Network, group: Sequence[Place]) -> Cohort:
    return Cohort(
        model,
        np.stack([cohort.parameters[row] for cohort, row in group]),
        tuple(cohort.numbers[row] for cohort, row in group),
        tuple(cohort.seeds[row] for cohort, row in group),
    )
