"""What is kept of every network: one record, one line of JSON."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tbrnn.campaign import Lines
from tbrnn.reproduce.lines import ATTEMPTS, NETWORKS, entry, values
from tbrnn.reproduce.table1.data import Drawing

NetworkClass = Literal["rnn", "tbrnn"]
CLASSES: tuple[NetworkClass, ...] = ("rnn", "tbrnn")
TeacherPlace = tuple[str, int, NetworkClass]  # task, run, class
StudentPlace = tuple[str, int, NetworkClass, NetworkClass, int]  # ..., student's class and rank
NAMES: dict[NetworkClass, str] = {"rnn": "two-body", "tbrnn": "three-body"}


@dataclass(frozen=True)
class TeacherRecord:
    """A teacher after its last attempt, on data that had been redrawn so often.

    ``status`` is that of the attempt, or "rejected" when all attempts ended above the acceptance
    loss. Losses are mean squared errors on the training trials; accuracy and ``test_loss`` are
    measured on the test trials; ``device`` is what trained it, as in `tbrnn.runs.Runs`.
    """

    task: str
    run: int
    teacher: NetworkClass
    rank: int
    status: str
    attempts: int
    redrawn: int
    epochs: int
    best_loss: float
    last_loss: float
    accuracy: float
    test_loss: float
    device: str = "cpu"

    @property
    def place(self) -> TeacherPlace:
        """Which network of the campaign it is."""
        return self.task, self.run, self.teacher

    @property
    def drawing(self) -> Drawing:
        """The data set that it was trained on."""
        return self.run, self.redrawn

    @property
    def accepted(self) -> bool:
        """Whether the teacher has students."""
        return self.status != "rejected"


@dataclass(frozen=True)
class StudentRecord:
    """A student and its scores on the test trials.

    ``r2`` is the mean over trials of ``r2_per_trial`` on states, ``rate_r2`` the same on rates,
    ``pooled_r2`` is ``r2_pooled`` on states; ``state_error`` is the states' mean squared error;
    ``attempts`` counts its starts.
    """

    task: str
    run: int
    teacher: NetworkClass
    student: NetworkClass
    rank: int
    status: str
    epochs: int
    best_loss: float
    last_loss: float
    r2: float
    rate_r2: float
    pooled_r2: float
    accuracy: float
    test_loss: float
    state_error: float
    device: str = "cpu"
    attempts: int = 1

    @property
    def place(self) -> StudentPlace:
        """Which network of the campaign it is."""
        return self.task, self.run, self.teacher, self.student, self.rank


Record = TeacherRecord | StudentRecord


class Records:
    """The finished networks of a campaign, in memory and line by line in a folder.

    Parameters
    ----------
    folder : path, optional
        Its ``networks.jsonl`` and ``attempts.jsonl`` (of teachers, failed) are read if they exist
        and grow as networks finish; all is in memory only without it.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._networks = None if folder is None else Lines(folder / NETWORKS)
        self._attempts = None if folder is None else Lines(folder / ATTEMPTS)
        self.teachers: dict[TeacherPlace, TeacherRecord] = {}
        self.students: dict[StudentPlace, StudentRecord] = {}
        self.failed: Counter[TeacherPlace] = Counter()  # attempts
        for line in self._networks.entries if self._networks else []:
            self._keep(_record(line))
        for line in self._attempts.entries if self._attempts else []:
            self.failed[line["task"], line["run"], line["teacher"]] += 1

    def add(self, records: Iterable[Record]) -> None:
        """Keep networks that are not there yet, all at once."""
        new = [r for r in records if r.place not in self.teachers and r.place not in self.students]
        if self._networks:
            self._networks.append(entry(record) for record in new)
        for record in new:
            self._keep(record)

    def add_failed(self, attempts: Sequence[TeacherRecord]) -> None:
        """Keep attempts at teachers that ended above the acceptance loss, all at once."""
        if self._attempts:
            self._attempts.append(entry(record) for record in attempts)
        self.failed.update(record.place for record in attempts)

    def _keep(self, record: Record) -> None:
        if isinstance(record, TeacherRecord):
            self.teachers[record.place] = record
        else:
            self.students[record.place] = record


def read_records(path: Path) -> tuple[list[TeacherRecord], list[StudentRecord]]:
    """Read the teachers and students of a file of records, null as not a number."""
    records = [_record(json.loads(line)) for line in path.read_text().splitlines()]
    teachers = [record for record in records if isinstance(record, TeacherRecord)]
    return teachers, [record for record in records if isinstance(record, StudentRecord)]


def _record(line: Mapping[str, Any]) -> Record:
    read = values(line)
    return StudentRecord(**read) if "student" in read else TeacherRecord(**read)
