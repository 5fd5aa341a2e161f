"""Teachers: trained on the task, retrained until their last training loss is low enough."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

import tbrnn
from tbrnn.analysis import accuracy, squared_error
from tbrnn.reproduce.table1 import seeds
from tbrnn.reproduce.table1.data import TaskData
from tbrnn.reproduce.table1.networks import check_finished, teacher_model, training_options
from tbrnn.reproduce.table1.protocol import Protocol
from tbrnn.reproduce.table1.records import CLASSES, NetworkClass, TeacherRecord

Place = tuple[int, NetworkClass]  # run and class


@dataclass(frozen=True)
class Teacher:
    """A single network with its best weights, and the record of its last attempt."""

    network: tbrnn.Ensemble
    record: TeacherRecord


def train_teachers(
    protocol: Protocol, task: str, data: TaskData, threads: int | None = None
) -> list[Teacher]:
    """Train the teachers of all runs and both classes together, and retry the rejected ones.

    Every attempt starts from fresh weights on the same data. A teacher whose attempts are used up
    keeps the status "rejected".
    """
    places: list[Place] = [(run, kind) for run in range(protocol.runs) for kind in CLASSES]
    found: dict[Place, Teacher] = {}
    for attempt in range(1, protocol.attempts + 1):
        pending = [place for place in places if place not in found or not _accepted(found[place])]
        if pending:
            runs = _fit(protocol, task, data, pending, attempt, threads)
            for member, place in enumerate(pending):
                found[place] = _judged(protocol, task, data, runs, member, place, attempt)
    return [found[place] for place in places]


def _fit(
    protocol: Protocol,
    task: str,
    data: TaskData,
    places: Sequence[Place],
    attempt: int,
    threads: int | None,
) -> tbrnn.Runs:
    rank = protocol.tasks[task].teacher_rank
    runs = tbrnn.fit(
        [teacher_model(protocol, task, kind) for _, kind in places],
        data.training,
        seed=[seeds.teacher(protocol.seed, task, run, kind, rank, attempt) for run, kind in places],
        dataset=[run for run, _ in places],
        threads=threads,
        **training_options(protocol, protocol.tasks[task].teacher),
    )
    check_finished(runs)
    return runs


def _judged(
    protocol: Protocol,
    task: str,
    data: TaskData,
    runs: tbrnn.Runs,
    member: int,
    place: Place,
    attempt: int,
) -> Teacher:
    network = runs.best[member]
    outputs = np.asarray(network.simulate(data.test_inputs, states=False, rates=False).outputs)
    accepted = runs.last_loss[member] <= protocol.acceptance_loss
    run, kind = place
    record = TeacherRecord(
        task=task,
        run=run,
        teacher=kind,
        rank=protocol.tasks[task].teacher_rank,
        status=str(runs.status[member]) if accepted else "rejected",
        attempts=attempt,
        epochs=int(runs.epochs[member]),
        best_loss=float(runs.best_loss[member]),
        last_loss=float(runs.last_loss[member]),
        accuracy=float(accuracy(outputs, data.test_targets)),
        test_loss=float(squared_error(outputs, data.test_targets)),
    )
    return Teacher(network, record)


def _accepted(teacher: Teacher) -> bool:
    return teacher.record.accepted
