"""Students: low-rank networks fitted to the rates of a teacher, scored on new trials."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

import tbrnn
from tbrnn.analysis import accuracy, r2_per_trial, r2_pooled, squared_error
from tbrnn.reproduce.table1 import seeds
from tbrnn.reproduce.table1.data import TaskData
from tbrnn.reproduce.table1.networks import MODELS, check_finished, training_options
from tbrnn.reproduce.table1.protocol import Protocol
from tbrnn.reproduce.table1.records import CLASSES, NetworkClass, StudentRecord
from tbrnn.reproduce.table1.teachers import Teacher


def train_students(
    protocol: Protocol,
    task: str,
    data: TaskData,
    teachers: Sequence[Teacher],
    threads: int | None = None,
) -> list[StudentRecord]:
    """Fit students of all ranks and both classes to every accepted teacher, and score them.

    All students of a class train in one call. They are scored teacher by teacher, so that the
    activity of one teacher's students is in memory at a time.
    """
    accepted = [teacher for teacher in teachers if teacher.record.accepted]
    records: list[StudentRecord] = []
    if accepted:
        for kind in CLASSES:
            runs = _fit(protocol, task, data, accepted, kind, threads)
            for place, teacher in enumerate(accepted):
                members = np.flatnonzero(np.asarray(runs.teacher) == place)
                records += _scored(data, teacher, kind, runs, members, threads)
    return records


def _fit(
    protocol: Protocol,
    task: str,
    data: TaskData,
    teachers: Sequence[Teacher],
    kind: NetworkClass,
    threads: int | None,
) -> tbrnn.Runs:
    records = [teacher.record for teacher in teachers]
    runs = tbrnn.lint(
        tbrnn.Ensemble.concatenate(teacher.network for teacher in teachers),
        MODELS[kind],
        ranks=protocol.ranks,
        trials=data.training,
        match="rates",
        seed=[seeds.students(protocol.seed, task, t.run, t.teacher, t.rank) for t in records],
        dataset=[t.run for t in records],
        threads=threads,
        **training_options(protocol, protocol.tasks[task].student),
    )
    check_finished(runs)
    return runs


def _scored(
    data: TaskData,
    teacher: Teacher,
    kind: NetworkClass,
    runs: tbrnn.Runs,
    members: NDArray[np.int64],
    threads: int | None,
) -> list[StudentRecord]:
    target = teacher.network.simulate(data.test_inputs, outputs=False, threads=threads)
    ours = runs.best[members].simulate(data.test_inputs, threads=threads)
    states, rates, outputs = (np.asarray(a) for a in (ours.states, ours.rates, ours.outputs))
    target_states, target_rates = np.asarray(target.states), np.asarray(target.rates)
    scores = {
        "r2": r2_per_trial(states, target_states).mean(axis=1),
        "rate_r2": r2_per_trial(rates, target_rates).mean(axis=1),
        "pooled_r2": r2_pooled(states, target_states),
        "accuracy": accuracy(outputs, data.test_targets),
        "test_loss": squared_error(outputs, data.test_targets),
        "state_error": squared_error(states, target_states),
    }
    return [
        StudentRecord(
            task=teacher.record.task,
            run=teacher.record.run,
            teacher=teacher.record.teacher,
            student=kind,
            rank=int(runs.rank[member]),
            status=str(runs.status[member]),
            epochs=int(runs.epochs[member]),
            best_loss=float(runs.best_loss[member]),
            last_loss=float(runs.last_loss[member]),
            **{name: float(values[i]) for name, values in scores.items()},
        )
        for i, member in enumerate(members)
    ]
