"""Teachers: trained on the task, retrained until their last training loss is low enough."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

import tbrnn
from tbrnn.analysis import accuracy, squared_error
from tbrnn.reproduce.campaign import Campaign
from tbrnn.reproduce.table1 import seeds
from tbrnn.reproduce.table1.data import Drawing, TaskData
from tbrnn.reproduce.table1.networks import teacher_model
from tbrnn.reproduce.table1.protocol import Protocol
from tbrnn.reproduce.table1.records import CLASSES, Record, TeacherPlace, TeacherRecord
from tbrnn.reproduce.training import check_finished, ending, training_options


class Teachers:
    """The teachers of one task.

    Parameters
    ----------
    campaign : Campaign
        Its store knows what is finished already, and keeps accepted networks; one whose weights are
        missing is trained again, to the same bits.
    task : str
    """

    def __init__(self, campaign: Campaign[Protocol, Record], task: str) -> None:
        self.campaign, self.data = campaign, TaskData(campaign.protocol, task)
        self.protocol, self.store = campaign.protocol, campaign.store

    def record(self, place: TeacherPlace) -> TeacherRecord:
        """Of a teacher that is finished."""
        record = self.store.records[place]
        assert isinstance(record, TeacherRecord)
        return record

    def train(self, places: Sequence[TeacherPlace]) -> None:
        """Train the teachers at these places together, and retry the rejected ones.

        Every attempt starts from fresh weights. A teacher whose attempts are used up gets the
        status "rejected".
        """
        for attempt in range(1, self.protocol.attempts + 1):
            missing = self.store.missing(places)
            if pending := [place for place in missing if self._wants(place, attempt)]:
                self._attempt(pending, attempt)

    def drawing(self, place: TeacherPlace, attempt: int) -> Drawing:
        """The data set of an attempt."""
        return place[1], (attempt - 1) // self.protocol.attempts_per_data_set

    def _wants(self, place: TeacherPlace, attempt: int) -> bool:
        if place in self.store.records:
            return self.record(place).attempts == attempt
        return attempt == self.protocol.attempts or (place, attempt) not in self.store.failed

    def _attempt(self, places: Sequence[TeacherPlace], attempt: int) -> None:
        """Train once; keep accepted teachers, failed attempts, and at last rejected teachers."""
        runs = self._fit(places, attempt)
        records = [
            self._record(runs, member, place, attempt) for member, place in enumerate(places)
        ]
        good = (runs.last_loss <= self.protocol.acceptance_loss) & (runs.status != "diverged")
        if good.any():
            self.store.add([records[member] for member in np.flatnonzero(good)], runs.best[good])
        failed = [records[member] for member in np.flatnonzero(~good)]
        self.store.add_failed(failed)
        if attempt == self.protocol.attempts:
            self.store.add([replace(record, status="rejected") for record in failed])
        self.campaign.checkpoints.forget(self.data.task, "teachers", *places, attempt)

    def _fit(self, places: Sequence[TeacherPlace], attempt: int) -> tbrnn.Runs:
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
            threads=self.campaign.threads,
            checkpoint=self.campaign.checkpoints.of(task, "teachers", *places, attempt),
            **training_options(protocol, protocol.tasks[task].teacher),
        )
        check_finished(runs)
        return runs

    def _record(
        self, runs: tbrnn.Runs, member: int, place: TeacherPlace, attempt: int
    ) -> TeacherRecord:
        inputs, threads = self.data.test_inputs, self.campaign.threads
        shown = runs.best[member].simulate(inputs, states=False, rates=False, threads=threads)
        outputs = shown.outputs
        return TeacherRecord(
            *place,
            rank=self.protocol.tasks[self.data.task].teacher_rank,
            redrawn=self.drawing(place, attempt)[1],
            accuracy=float(accuracy(outputs, self.data.test_targets)),
            test_loss=float(squared_error(outputs, self.data.test_targets)),
            **{**ending(runs, member), "attempts": attempt},
        )


def teacher_places(task: str, runs: Sequence[int]) -> list[TeacherPlace]:
    """Both classes of every run."""
    return [(task, run, kind) for run in runs for kind in CLASSES]
