"""From the scores of single students to the cells of the table.

For every teacher, student and task the scores form an array (rank, run). A line of the table
summarises the runs (median, or maximum for "any run") and then the ranks: the smallest rank whose
summary exceeds the threshold, and that summary; if none does, rank infinity and the largest
summary.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tbrnn.reproduce.table1.protocol import Bootstrap, Protocol
from tbrnn.reproduce.table1.records import CLASSES, NetworkClass, StudentRecord, TeacherRecord

Array = NDArray[np.float64]
Score = Literal["r2", "rate_r2", "pooled_r2"]
LineName = Literal["rank", "r2", "rank_any", "r2_any"]
SCORES: tuple[Score, ...] = ("r2", "rate_r2", "pooled_r2")
LINES: tuple[LineName, ...] = ("rank", "r2", "rank_any", "r2_any")
LINE_NAMES: dict[LineName, str] = {
    "rank": "rank",
    "r2": "R2",
    "rank_any": "rank (any run)",
    "r2_any": "R2 (any run)",
}
SUMMARIES: tuple[Callable[..., Array], ...] = (np.median, np.max)


@dataclass(frozen=True)
class Cell:
    """One entry of the table; an infinite rank means that no rank passed the threshold.

    ``interval`` is the bootstrap interval over runs, None for a single run.
    """

    student: NetworkClass
    teacher: NetworkClass
    task: str
    score: Score
    line: LineName
    ours: float
    interval: tuple[float, float] | None
    runs: int


@dataclass(frozen=True)
class Acceptance:
    """How many attempts the teachers of a task and class took."""

    task: str
    teacher: NetworkClass
    runs: int
    attempts: int
    rejected_runs: tuple[int, ...]
    redrawn_runs: tuple[int, ...]  # on new data, after failed attempts

    @property
    def rate(self) -> float:
        """Accepted teachers per attempt."""
        return (self.runs - len(self.rejected_runs)) / self.attempts


def table_cells(students: Sequence[StudentRecord], protocol: Protocol) -> list[Cell]:
    """All cells for which there are students, the three scores one after the other."""
    return [
        cell
        for score in SCORES
        for teacher in CLASSES
        for task in protocol.tasks
        for student in CLASSES
        for cell in _column(students, protocol, student, teacher, task, score)
    ]


def scores_by_rank(
    students: Iterable[StudentRecord],
    student: NetworkClass,
    teacher: NetworkClass,
    task: str,
    ranks: Sequence[int],
    score: Score = "r2",
) -> Array:
    """Scores (rank, run) of one student class on the accepted teachers of one class and task.

    A score that is not a number, of a student that left all finite states, counts as -infinity.
    """
    found = {
        (record.rank, record.run): getattr(record, score)
        for record in students
        if (record.student, record.teacher, record.task) == (student, teacher, task)
    }
    runs = sorted({run for _, run in found})
    values = np.array([[found[rank, run] for run in runs] for rank in ranks], dtype=np.float64)
    return np.where(np.isnan(values), -np.inf, values)


def teacher_acceptance(teachers: Sequence[TeacherRecord], protocol: Protocol) -> list[Acceptance]:
    """Attempts and rejections per task and class."""
    summary = []
    for task in protocol.tasks:
        for teacher in CLASSES:
            group = [t for t in teachers if (t.task, t.teacher) == (task, teacher)]
            rejected = tuple(sorted(t.run for t in group if not t.accepted))
            attempts = sum(t.attempts for t in group)
            redrawn = tuple(sorted(t.run for t in group if t.redrawn))
            summary.append(Acceptance(task, teacher, len(group), attempts, rejected, redrawn))
    return summary


def _column(
    students: Sequence[StudentRecord],
    protocol: Protocol,
    student: NetworkClass,
    teacher: NetworkClass,
    task: str,
    score: Score,
) -> list[Cell]:
    scores = scores_by_rank(students, student, teacher, task, protocol.ranks, score)
    runs = scores.shape[1]
    if runs == 0:
        return []
    resampled = _resampled(scores, _drawn(runs, protocol.bootstrap)) if runs > 1 else None
    values: list[float] = []
    intervals: list[tuple[float, float] | None] = []
    for i, over in enumerate(SUMMARIES):
        ours = first_passing(over(scores, axis=-1), protocol.ranks, protocol.threshold)
        values += [float(value) for value in ours]
        if resampled is None:
            intervals += [None, None]
        else:
            spread = first_passing(resampled[i], protocol.ranks, protocol.threshold)
            intervals += [_interval(column, protocol.bootstrap.level) for column in spread]
    return [
        Cell(student, teacher, task, score, line, value, interval, runs)
        for line, value, interval in zip(LINES, values, intervals, strict=True)
    ]


def first_passing(summary: Array, ranks: Sequence[int], threshold: float) -> tuple[Array, Array]:
    """Smallest rank whose summary (..., rank) exceeds the threshold, and that summary.

    Examples
    --------
    >>> rank, r2 = first_passing(np.array([[0.2, 0.95, 0.8], [-2.0, 0.3, 0.1]]), (1, 2, 3), 0.9)
    >>> rank.tolist(), r2.tolist()
    ([2.0, inf], [0.95, 0.3])
    """
    passes = summary > threshold
    first = passes.argmax(axis=-1)
    at_first = np.take_along_axis(summary, first[..., None], axis=-1)[..., 0]
    some = passes.any(axis=-1)
    rank = np.where(some, np.asarray(ranks, dtype=np.float64)[first], np.inf)
    return rank, np.where(some, at_first, summary.max(axis=-1))


@cache
def _drawn(runs: int, bootstrap: Bootstrap) -> NDArray[np.int16]:
    """How often each run is drawn when as many are drawn with replacement, (run, resample)."""
    rng = np.random.Generator(np.random.Philox(np.random.SeedSequence(bootstrap.seed)))
    drawn = rng.integers(runs, size=(bootstrap.resamples, runs))
    places = drawn + runs * np.arange(bootstrap.resamples)[:, None]
    counts = np.bincount(places.ravel(), minlength=drawn.size).reshape(drawn.shape)
    return np.ascontiguousarray(counts.T, dtype=np.int16)


def _resampled(scores: Array, drawn: NDArray[np.int16]) -> tuple[Array, Array]:
    """Median and maximum of every resample, (resample, rank), by counting up the sorted runs."""
    runs = len(drawn)
    medians, maxima = [], []
    for of_rank in scores:
        order = of_rank.argsort()
        passed = drawn[order].cumsum(axis=0, dtype=np.int16)
        low, high, last = (
            of_rank[order][(passed <= k).sum(axis=0)]
            for k in ((runs - 1) // 2, runs // 2, runs - 1)
        )
        medians.append((low + high) / 2)
        maxima.append(last)
    return np.stack(medians, axis=-1), np.stack(maxima, axis=-1)


def _interval(values: Array, level: float) -> tuple[float, float]:
    tail = (1 - level) / 2
    low, high = np.quantile(values, [tail, 1 - tail], method="inverted_cdf")
    return float(low), float(high)
