"""Teachers: trained on the task, retrained until their last training loss is low enough."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

import tbrnn
from tbrnn.analysis import accuracy, squared_error
from tbrnn.reproduce.folder import Checkpoints
from tbrnn.reproduce.table1 import seeds
from tbrnn.reproduce.table1.data import Drawing, TaskData
from tbrnn.reproduce.table1.networks import teacher_model
from tbrnn.reproduce.table1.records import CLASSES, Records, TeacherPlace, TeacherRecord
from tbrnn.reproduce.training import check_finished, training_options


class Teachers:
    """The teachers of one task.

    Parameters
    ----------
    data : TaskData
    records : Records
        What is finished already; extended.
    folder : path, optional
        Its ``weights`` keep the accepted networks; one that is missing there although it has a
        record is trained again, to the same bits. Its ``checkpoints`` keep unfinished trainings.
    """

    def __init__(self, data: TaskData, records: Records, folder: Path | None = None) -> None:
        self.data, self.protocol, self.records = data, data.protocol, records
        self.folder, self.checkpoints = folder, Checkpoints(folder)
        self.networks: dict[TeacherPlace, tbrnn.Ensemble] = {}

    def train(self, places: Sequence[TeacherPlace], threads: int | None = None) -> None:
        """Train the teachers at these places together, and retry the rejected ones.

        Every attempt starts from fresh weights. A teacher whose attempts are used up gets the
        status "rejected".
        """
        for place in places:
            self._load(place)
        for attempt in range(1, self.protocol.attempts + 1):
            pending = [place for place in places if self._wants(place, attempt)]
            if pending:
                self._attempt(pending, attempt, threads)

    def drawing(self, place: TeacherPlace, attempt: int) -> Drawing:
        """The data set of an attempt."""
        return place[1], (attempt - 1) // self.protocol.attempts_per_data_set

    def _wants(self, place: TeacherPlace, attempt: int) -> bool:
        if place in self.networks:
            return False
        record = self.records.teachers.get(place)
        if record is None:
            return attempt > self.records.failed[place]
        return record.accepted and record.attempts == attempt

    def _attempt(self, places: Sequence[TeacherPlace], attempt: int, threads: int | None) -> None:
        runs = self._fit(places, attempt, threads)
        judged = [self._judged(runs, member, place, attempt) for member, place in enumerate(places)]
        for member, record in enumerate(judged):
            if record.accepted:
                self._keep(record.place, runs.best[member])
        last = attempt == self.protocol.attempts
        self.records.add_failed([record for record in judged if not (record.accepted or last)])
        self.records.add(record for record in judged if record.accepted or last)
        self.checkpoints.forget(self.data.task, "teachers", *places, attempt)

    def _fit(self, places: Sequence[TeacherPlace], attempt: int, threads: int | None) -> tbrnn.Runs:
        protocol, task = self.protocol, self.data.task
        rank = protocol.tasks[task].teacher_rank
        drawings = [self.drawing(place, attempt) for place in places]
        distinct = sorted(set(drawings))
        runs = tbrnn.fit(
            [teacher_model(protocol, task, kind) for _, _, kind in places],
            self.data.training(distinct),
            seed=[
                seeds.teacher(protocol.seed, task, run, kind, rank, attempt)
                for _, run, kind in places
            ],
            dataset=[distinct.index(drawing) for drawing in drawings],
            threads=threads,
            checkpoint=self.checkpoints.of(task, "teachers", *places, attempt),
            **training_options(protocol, protocol.tasks[task].teacher),
        )
        check_finished(runs)
        return runs

    def _judged(
        self, runs: tbrnn.Runs, member: int, place: TeacherPlace, attempt: int
    ) -> TeacherRecord:
        network = runs.best[member]
        activity = network.simulate(self.data.test_inputs, states=False, rates=False)
        outputs = np.asarray(activity.outputs)
        accepted = runs.last_loss[member] <= self.protocol.acceptance_loss
        task, run, kind = place
        return TeacherRecord(
            task=task,
            run=run,
            teacher=kind,
            rank=self.protocol.tasks[task].teacher_rank,
            status=str(runs.status[member]) if accepted else "rejected",
            attempts=attempt,
            redrawn=self.drawing(place, attempt)[1],
            epochs=int(runs.epochs[member]),
            best_loss=float(runs.best_loss[member]),
            last_loss=float(runs.last_loss[member]),
            accuracy=float(accuracy(outputs, self.data.test_targets)),
            test_loss=float(squared_error(outputs, self.data.test_targets)),
            device=str(runs.device[member]),
        )

    def _file(self, place: TeacherPlace) -> Path | None:
        task, run, kind = place
        name = f"{task}-run-{run}-{kind}.safetensors"
        return self.folder and self.folder / "weights" / name

    def _load(self, place: TeacherPlace) -> None:
        file = self._file(place)
        if file and file.exists() and place in self.records.teachers:
            self.networks[place] = tbrnn.load(file)[0]

    def _keep(self, place: TeacherPlace, network: tbrnn.Ensemble) -> None:
        self.networks[place] = network
        file = self._file(place)
        if file:
            file.parent.mkdir(parents=True, exist_ok=True)
            network.save(file)


def teacher_places(task: str, runs: Sequence[int]) -> list[TeacherPlace]:
    """Both classes of every run."""
    return [(task, run, kind) for run in runs for kind in CLASSES]
