"""What is kept of every network: one record, one line of JSON."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from math import isfinite, nan
from pathlib import Path
from typing import Any, Literal

from tbrnn.io import write_atomically

NetworkClass = Literal["rnn", "tbrnn"]
CLASSES: tuple[NetworkClass, ...] = ("rnn", "tbrnn")
NAMES: dict[NetworkClass, str] = {"rnn": "two-body", "tbrnn": "three-body"}


@dataclass(frozen=True)
class TeacherRecord:
    """A teacher after its last attempt.

    ``status`` is that of the attempt, or "rejected" when all attempts ended above the acceptance
    loss. Losses are mean squared errors on the training trials; accuracy and ``test_loss`` are
    measured on the test trials.
    """

    task: str
    run: int
    teacher: NetworkClass
    rank: int
    status: str
    attempts: int
    epochs: int
    best_loss: float
    last_loss: float
    accuracy: float
    test_loss: float

    @property
    def accepted(self) -> bool:
        """Whether the teacher has students."""
        return self.status != "rejected"


@dataclass(frozen=True)
class StudentRecord:
    """A student and its scores on the test trials.

    ``r2`` is the mean over trials of ``r2_per_trial`` on states, ``rate_r2`` the same on rates,
    ``pooled_r2`` is ``r2_pooled`` on states; ``state_error`` is the states' mean squared error.
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


Record = TeacherRecord | StudentRecord


def write_records(path: Path, records: Iterable[Record]) -> None:
    """Write one line of JSON per network, numbers that are not finite as null.

    A file at ``path`` is replaced as a whole.
    """
    lines = [json.dumps(_finite_or_none(asdict(record))) + "\n" for record in records]
    write_atomically(path, "".join(lines).encode())


def read_records(path: Path) -> tuple[list[TeacherRecord], list[StudentRecord]]:
    """Read the teachers and students that ``write_records`` wrote, null as not a number."""
    lines = [_none_to_nan(json.loads(line)) for line in path.read_text().splitlines()]
    teachers = [TeacherRecord(**line) for line in lines if "student" not in line]
    students = [StudentRecord(**line) for line in lines if "student" in line]
    return teachers, students


def _finite_or_none(values: dict[str, Any]) -> dict[str, Any]:
    lost = {k for k, value in values.items() if isinstance(value, float) and not isfinite(value)}
    return {name: None if name in lost else value for name, value in values.items()}


def _none_to_nan(values: dict[str, Any]) -> dict[str, Any]:
    return {name: nan if value is None else value for name, value in values.items()}
