"""``report.json``: every cell ours, interval, published, agrees or not; and what made it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tbrnn.reproduce.presets import differences
from tbrnn.reproduce.table1 import published
from tbrnn.reproduce.table1.aggregate import (
    LINE_NAMES,
    Acceptance,
    Cell,
    scores_by_rank,
    table_cells,
    teacher_acceptance,
)
from tbrnn.reproduce.table1.compare import Comparison, compare
from tbrnn.reproduce.table1.printed import printed
from tbrnn.reproduce.table1.protocol import Protocol, load_protocol
from tbrnn.reproduce.table1.records import CLASSES, NAMES, StudentRecord, TeacherRecord


@dataclass(frozen=True)
class Report:
    """A Table 1: the cells beside the published ones, further scores, and the teachers."""

    protocol: Protocol
    compared: list[Comparison]
    further: list[Cell]
    acceptance: list[Acceptance]
    curves: list[dict[str, Any]]
    restarted: list[str]  # one sentence for every student that took more than one start
    provenance: Mapping[str, Any]

    @property
    def deviations(self) -> list[str]:
        """One sentence for every cell that does not agree with the published table."""
        return [
            self._deviation(entry.cell, entry.published)
            for entry in self.compared
            if entry.published is not None and not entry.agrees
        ]

    @property
    def left_out(self) -> list[str]:
        """One sentence for every class of teachers with rejected runs."""
        return [
            f"{NAMES[a.teacher]} teacher, {a.task}: left out runs {', '.join(map(str, runs))}, "
            f"rejected after {self.protocol.attempts} attempts"
            for a in self.acceptance
            if (runs := a.rejected_runs)
        ]

    @property
    def redrawn(self) -> list[str]:
        """One sentence for every class of teachers of which some train on redrawn data."""
        return [
            f"{NAMES[a.teacher]} teacher, {a.task}: runs {', '.join(map(str, a.redrawn_runs))}, "
            f"new data after every {self.protocol.attempts_per_data_set} failed attempts"
            for a in self.acceptance
            if a.redrawn_runs
        ]

    @property
    def protocol_deviations(self) -> list[str]:
        """How the protocol differs from the published one, and where its retries were needed."""
        tasks = list(self.protocol.tasks)
        left = [task for task in published.TASKS if task not in tasks]
        absent = [f"tasks: {', '.join(tasks)}, published also {', '.join(left)}"] if left else []
        paper = load_protocol("paper", tasks=tasks)
        return [*absent, *differences(self.protocol, paper), *self.redrawn, *self.restarted]

    def as_dict(self) -> dict[str, Any]:
        """The content of ``report.json``: numbers, and ranks and "<0" as the table prints them."""
        return {
            "experiment": "table1",
            "provenance": dict(self.provenance),
            "cells": [self._entry(entry) for entry in self.compared],
            "further_scores": [self._cell(cell) for cell in self.further],
            "curves": self.curves,
            "teachers": [{**asdict(a), "acceptance_rate": a.rate} for a in self.acceptance],
            "protocol_deviations": self.protocol_deviations,
            "left_out": self.left_out,
            "deviations": self.deviations,
        }

    def printed(self) -> str:
        """The table and what stands below it, as plain text."""
        return printed(self)

    def shown(self, cell: Cell, value: float) -> str:
        """A value as the published table prints it."""
        if not cell.line.startswith("rank"):
            return "<0" if value < 0 else f"{value:.3f}"
        return f"{value:.0f}" if isfinite(value) else f">{max(self.protocol.ranks)}"

    def exact(self, cell: Cell, value: float) -> str:
        """The same with the size of a negative R2."""
        if cell.line.startswith("rank") or not isfinite(value):
            return self.shown(cell, value)
        return f"{value:.3f}" if abs(value) < 10 else f"{value:.0f}"

    def interval(self, cell: Cell) -> str:
        """The bootstrap interval of a cell, empty for a single run."""
        if cell.interval is None:
            return ""
        low, high = (self.exact(cell, end) for end in cell.interval)
        return f"[{low}, {high}]"

    def _deviation(self, cell: Cell, theirs: float) -> str:
        ours = f"{self.exact(cell, cell.ours)} {self.interval(cell)}".strip()
        return (
            f"{NAMES[cell.student]} student of {NAMES[cell.teacher]} teacher, {cell.task}, "
            f"{LINE_NAMES[cell.line]}: ours {ours}, published {self.shown(cell, theirs)}"
        )

    def _entry(self, entry: Comparison) -> dict[str, Any]:
        value = entry.published
        known = None if value is None else self._plain(entry.cell, value)
        return {**self._cell(entry.cell), "published": known, "agrees": entry.agrees}

    def _cell(self, cell: Cell) -> dict[str, Any]:
        interval = cell.interval and [self._plain(cell, end) for end in cell.interval]
        return {**asdict(cell), "ours": self._plain(cell, cell.ours), "interval": interval}

    def _plain(self, cell: Cell, value: float) -> float | int | str:
        if not isfinite(value):
            return self.shown(cell, value)
        return int(value) if cell.line.startswith("rank") else value


def make_report(
    teachers: Sequence[TeacherRecord],
    students: Sequence[StudentRecord],
    protocol: Protocol,
    provenance: Mapping[str, Any],
) -> Report:
    """Aggregate the networks of a campaign and set them beside the published table."""
    cells = table_cells(students, protocol)
    return Report(
        protocol,
        compare(cells, protocol),
        [cell for cell in cells if cell.score != "r2"],
        teacher_acceptance(teachers, protocol),
        _curves(students, protocol),
        [_restarted(student, protocol) for student in students if student.attempts > 1],
        provenance,
    )


def _restarted(student: StudentRecord, protocol: Protocol) -> str:
    return (
        f"{NAMES[student.student]} student of {NAMES[student.teacher]} teacher, {student.task}, "
        f"run {student.run}, rank {student.rank}: {student.attempts} starts of at most "
        f"{protocol.student_attempts}, since it fitted the rates and not the states"
    )


def _curves(students: Sequence[StudentRecord], protocol: Protocol) -> list[dict[str, Any]]:
    """Median and maximum over runs by student rank, with the published maximum."""
    curves = []
    for teacher in CLASSES:
        for task in protocol.tasks:
            for student in CLASSES:
                scores = scores_by_rank(students, student, teacher, task, protocol.ranks)
                if scores.shape[1] == 0:
                    continue
                curves.append(
                    {
                        "student": student,
                        "teacher": teacher,
                        "task": task,
                        "ranks": list(protocol.ranks),
                        "median": _finite(np.median(scores, axis=1)),
                        "maximum": _finite(np.max(scores, axis=1)),
                        "published_maximum": published.FIGURE[student, teacher].get(task),
                    }
                )
    return curves


def _finite(values: NDArray[np.float64]) -> list[float | None]:
    return [float(value) if isfinite(value) else None for value in values]
