"""The students of LINT: their models, what they have to show, and their teachers' readout."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tbrnn._bounds import checked_bounds
from tbrnn._cohorts import Cohort, Place, gather
from tbrnn._engine import Dataset
from tbrnn._network import Network
from tbrnn._packing import pack
from tbrnn._seeds import Seed, member_entropies
from tbrnn._starting import networks
from tbrnn.ensemble import Ensemble
from tbrnn.models.low_rank import LowRankNetwork
from tbrnn.trials import Trials

Rank: TypeAlias = int | tuple[int, int]

READOUT = ("w_out", "b_out")


def fresh_students(
    nets: Ensemble,
    student_class: type[LowRankNetwork],
    ranks: Sequence[Rank],
    match: str,
    seed: int | Sequence[Seed],
) -> Ensemble:
    """Fresh students, those of one teacher after the other."""
    teacher_seeds = member_entropies(seed, [(int(number),) for number in nets.numbers])
    models, seeds, numbers = [], [], []
    for teacher, number, words in zip(nets.models, nets.numbers, teacher_seeds, strict=True):
        for rank in ranks:
            model = _student_model(teacher, student_class, rank, match)
            models.append(model)
            seeds.append((*words, model.code, *model.ranks))
            numbers.append(int(number))
    return networks(models, seeds, numbers, nets.dtype)


def _student_model(
    teacher: Network, student_class: type[LowRankNetwork], rank: Rank, match: str
) -> LowRankNetwork:
    own = [field.name for field in fields(student_class) if hasattr(teacher, field.name)]
    shared = {name: getattr(teacher, name) for name in own if name != "bulk"}
    bare = settings_of(student_class, _bare(teacher, match))
    if not teacher.ranks and teacher.alpha == 1:
        shared["scale"] = 1.0
    inputs = student_class.published_inputs.values()
    bounds = tuple(b for b in checked_bounds(teacher.bounds) if b[0] in inputs)
    return student_class(**{**shared, **bare, "bounds": bounds, "rank": rank})


def settings_of(model: type[Network], given: Mapping[str, Any]) -> dict[str, Any]:
    """Those of some settings that a class of networks has."""
    known = {field.name for field in fields(model)}
    return {name: value for name, value in given.items() if name in known}


def _bare(teacher: Network, match: str) -> dict[str, Any]:
    """Hyperparameters of an identity readout that shows what is matched."""
    shown = teacher.phi_out if match == "rates" else "identity"
    inner = tuple(bound for bound in teacher.bounds if bound[0] not in READOUT)
    return {
        "readout": "identity",
        "outputs": teacher.units,
        "phi_out": shown,
        "bounds": inner,
    }


def activity_to_match(
    nets: Ensemble, trials: Trials, dataset: NDArray[np.int32], match: str, threads: int
) -> Iterator[Dataset]:
    """One engine data set per teacher: its inputs and what its students have to show."""
    for teacher, index in zip(nets, dataset, strict=True):
        given = trials.dataset(int(index))
        settings = settings_of(type(teacher.model), _bare(teacher.model, match))
        model = replace(teacher.model, **settings)
        arrays = {name: teacher.arrays[name][np.newaxis] for name, _ in model.spec.fields}
        bare = Ensemble.from_arrays(model, arrays, dtype=nets.dtype)[0]
        shown = bare.simulate(given, states=False, rates=False, threads=threads).outputs
        yield from pack(
            Trials(given.inputs, shown, initial_states=given.initial_states),
            nets.dtype,
            with_targets=True,
        )


def with_readout(students: Ensemble, nets: Ensemble, teacher: NDArray[np.int64]) -> Ensemble:
    """The students with their teachers' phi_out and readout."""
    places: list[Place] = []
    for (cohort, row), place in zip(students.places(), teacher, strict=True):
        giver = nets[int(place)]
        given = {n: a.ravel() for n, a in giver.arrays.items() if n in READOUT}
        readout = ("readout", "outputs", "phi_out", "output_bias")
        settings = {name: getattr(giver.model, name) for name in readout}
        own = checked_bounds(cohort.model.bounds)
        bounds = [bound for bound in checked_bounds(giver.model.bounds) if bound[0] in READOUT]
        settings = settings_of(type(cohort.model), settings)
        model = replace(cohort.model, **settings, bounds=(*own, *bounds))
        block = np.concatenate([cohort.parameters[row], *given.values()])[np.newaxis]
        places.append((Cohort(model, block, (cohort.numbers[row],), (cohort.seeds[row],)), 0))
    return Ensemble(*gather(places))
