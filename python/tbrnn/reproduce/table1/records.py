"""What is kept of every network of a Table 1: one record, one line of JSON."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from tbrnn.reproduce.lines import known, records_of, stored, values
from tbrnn.reproduce.table1.data import Drawing

NetworkClass = Literal["rnn", "tbrnn"]
CLASSES: tuple[NetworkClass, ...] = ("rnn", "tbrnn")
TeacherPlace = tuple[str, int, NetworkClass]  # task, run, class
StudentPlace = tuple[str, int, NetworkClass, NetworkClass, int]  # ..., student's class and rank
NAMES: dict[NetworkClass, str] = {"rnn": "two-body", "tbrnn": "three-body"}


@dataclass(frozen=True)
class TeacherRecord:
    """A teacher after its last attempt, on data that had been redrawn so often.

    ``status`` is that of the attempt, or "rejected" when all attempts failed: they diverged, or
    ended above the acceptance loss. Losses are mean squared errors on the training trials; accuracy
    and ``test_loss`` are measured on the test trials; ``device`` is what trained it, as in
    `tbrnn.runs.Runs`.
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
    instruction_set: str | None = None
    version: str | None = None

    @property
    def place(self) -> TeacherPlace:
        """Which network of the campaign it is."""
        return self.task, self.run, self.teacher

    @property
    def order(self) -> tuple[Any, ...]:
        """Teachers come first."""
        return 0, self.place

    @property
    def weights(self) -> str | None:
        """The name of its weights, which its students need."""
        return f"{self.task}-run-{self.run}-{self.teacher}" if self.accepted else None

    @property
    def drawing(self) -> Drawing:
        """The data set that it was trained on."""
        return self.run, self.redrawn

    @property
    def accepted(self) -> bool:
        """Whether the teacher has students."""
        return self.status != "rejected"

    def line(self) -> dict[str, Any]:
        """One line of JSON."""
        return known(vars(self))


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
    instruction_set: str | None = None
    version: str | None = None

    @property
    def place(self) -> StudentPlace:
        """Which network of the campaign it is."""
        return self.task, self.run, self.teacher, self.student, self.rank

    @property
    def order(self) -> tuple[Any, ...]:
        """After the teachers."""
        return 1, self.place

    @property
    def weights(self) -> None:
        """They are not kept."""

    @property
    def accepted(self) -> bool:
        """All count."""
        return True

    def line(self) -> dict[str, Any]:
        """One line of JSON."""
        return known(vars(self))


Record: TypeAlias = TeacherRecord | StudentRecord


def from_line(line: Mapping[str, Any]) -> Record:
    """The record of a line."""
    read = values(line)
    return StudentRecord(**read) if "student" in read else TeacherRecord(**read)


def read_records(path: Path) -> tuple[list[TeacherRecord], list[StudentRecord]]:
    """Read the teachers and students of a file of records, null as not a number."""
    return by_role(records_of(path, stored(path), from_line))


def by_role(records: Iterable[Record]) -> tuple[list[TeacherRecord], list[StudentRecord]]:
    """Teachers, and students."""
    found = list(records)
    teachers = [record for record in found if isinstance(record, TeacherRecord)]
    return teachers, [record for record in found if isinstance(record, StudentRecord)]
