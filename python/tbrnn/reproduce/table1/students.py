"""Students: low-rank networks fitted to the rates of a teacher, scored on new trials."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

import tbrnn
from tbrnn.analysis import accuracy, r2_per_trial, r2_pooled, squared_error
from tbrnn.reproduce.table1 import seeds
from tbrnn.reproduce.table1.networks import MODELS
from tbrnn.reproduce.table1.records import (
    CLASSES,
    NetworkClass,
    StudentPlace,
    StudentRecord,
    TeacherPlace,
)
from tbrnn.reproduce.table1.teachers import Teachers
from tbrnn.reproduce.training import at_once, check_finished, ending, training_options

Ranks: TypeAlias = tuple[int, ...]

TEACHERS = 10  # whose students are trained in one call, and their records come together


def train_students(teachers: Teachers, places: Sequence[TeacherPlace]) -> None:
    """Fit the students of both classes that accepted teachers lack, and score them."""
    step, checkpoints = at_once(TEACHERS), teachers.campaign.checkpoints
    for kind in CLASSES:
        for ranks, lacking in _by_missing_ranks(teachers, places, kind).items():
            for first in range(0, len(lacking), step):
                some = lacking[first : first + step]
                teachers.train(some)
                teachers.store.add(_students(teachers, some, kind, ranks))
                checkpoints.forget(teachers.data.task, "students", kind, ranks, *some)


def missing_students(
    teachers: Teachers, place: TeacherPlace, kind: NetworkClass
) -> list[StudentPlace]:
    """Students of a class that a teacher lacks."""
    every: list[StudentPlace] = [(*place, kind, rank) for rank in teachers.protocol.ranks]
    return [student for student in every if student not in teachers.store.records]


def _by_missing_ranks(
    teachers: Teachers, places: Sequence[TeacherPlace], kind: NetworkClass
) -> dict[Ranks, list[TeacherPlace]]:
    """The teachers that lack students of a class, by the ranks of these."""
    groups: dict[Ranks, list[TeacherPlace]] = {}
    for place in places:
        if ranks := tuple(rank for *_, rank in missing_students(teachers, place, kind)):
            groups.setdefault(ranks, []).append(place)
    return groups


def _students(
    teachers: Teachers, places: Sequence[TeacherPlace], kind: NetworkClass, ranks: Ranks
) -> list[StudentRecord]:
    runs = _fit(teachers, places, kind, ranks)
    of = np.asarray(runs.teacher)

    def scored(at: int) -> list[StudentRecord]:
        return _scored(teachers, places[at], kind, runs, np.flatnonzero(of == at))

    with ThreadPoolExecutor(teachers.campaign.threads) as pool:
        return [record for some in pool.map(scored, range(len(places))) for record in some]


def _fit(
    teachers: Teachers, places: Sequence[TeacherPlace], kind: NetworkClass, ranks: Ranks
) -> tbrnn.Runs:
    data, protocol = teachers.data, teachers.protocol
    found = [teachers.record(place) for place in places]
    drawings = [record.drawing for record in found]
    distinct = sorted(set(drawings))
    runs = tbrnn.lint(
        teachers.store.networks(places),
        MODELS[kind],
        ranks=ranks,
        trials=data.training(distinct),
        match="rates",
        seed=[seeds.students(protocol.seed, t.task, t.run, t.teacher, t.rank) for t in found],
        dataset=[distinct.index(drawing) for drawing in drawings],
        threads=teachers.campaign.threads,
        checkpoint=teachers.campaign.checkpoints.of(data.task, "students", kind, ranks, *places),
        **_starts(teachers, places),
        **training_options(protocol, protocol.tasks[data.task].student),
    )
    check_finished(runs)
    return runs


def _starts(teachers: Teachers, places: Sequence[TeacherPlace]) -> dict[str, Any]:
    """How often students start, and until when, as ``tbrnn.lint`` takes it."""
    attempts = teachers.protocol.student_attempts
    if attempts == 1:
        return {}
    return {"accept": _states_too(teachers, places), "attempts": attempts}


def _states_too(
    teachers: Teachers, places: Sequence[TeacherPlace]
) -> Callable[[tbrnn.Runs], NDArray[np.bool_]]:
    """Whether students that fit the rates of a teacher of their rank also fit its states."""
    data, protocol, threads = teachers.data, teachers.protocol, teachers.campaign.threads
    teacher_rank = protocol.tasks[data.task].teacher_rank

    def accept(runs: tbrnn.Runs) -> NDArray[np.bool_]:
        of = np.asarray(runs.teacher)
        asked = (runs.rank == teacher_rank) & (runs.best_loss <= protocol.acceptance_loss)
        good = np.ones(len(runs), bool)
        for member in np.flatnonzero(asked):
            place = places[of[member]]
            inputs = data.training([teachers.record(place).drawing]).inputs
            states, target = (
                net.simulate(inputs, rates=False, outputs=False, threads=threads).states
                for net in (runs.best[member], teachers.store.network(place))
            )
            good[member] = r2_per_trial(states, target).mean() >= protocol.threshold
        return good

    return accept


def _scored(
    teachers: Teachers,
    place: TeacherPlace,
    kind: NetworkClass,
    runs: tbrnn.Runs,
    members: NDArray[np.int64],
) -> list[StudentRecord]:
    data, teacher = teachers.data, teachers.store.network(place)
    target = teacher.simulate(data.test_inputs, outputs=False, threads=1)
    ours = runs.best[members].simulate(data.test_inputs, threads=1)
    scores: dict[str, Any] = {
        "r2": r2_per_trial(ours.states, target.states).mean(axis=1),
        "rate_r2": r2_per_trial(ours.rates, target.rates).mean(axis=1),
        "pooled_r2": r2_pooled(ours.states, target.states),
        "accuracy": accuracy(ours.outputs, data.test_targets),
        "test_loss": squared_error(ours.outputs, data.test_targets),
        "state_error": squared_error(ours.states, target.states),
    }
    task, run, teacher_kind = place
    return [
        StudentRecord(
            task=task,
            run=run,
            teacher=teacher_kind,
            student=kind,
            rank=int(runs.rank[member]),
            **ending(runs, int(member)),
            **{name: values[i].item() for name, values in scores.items()},
        )
        for i, member in enumerate(members)
    ]
