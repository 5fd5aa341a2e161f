"""The report as text: our table beside the published one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from tbrnn._words import counted
from tbrnn.reproduce.provenance import made_by
from tbrnn.reproduce.table1.aggregate import LINE_NAMES, LINES
from tbrnn.reproduce.table1.compare import Comparison
from tbrnn.reproduce.table1.records import NAMES, NetworkClass
from tbrnn.reproduce.text import aligned, listed, sections

if TYPE_CHECKING:
    from tbrnn.reproduce.table1.report import Report

Key: TypeAlias = tuple[NetworkClass, str, NetworkClass]


def printed(report: Report) -> str:
    """The table, its deviations, further scores and the teachers, as plain text."""
    parts = [
        _title(report),
        aligned([*_header(report), *_rows(report)]),
        _intervals(report),
        listed("Deviations from the published table (marked *)", report.deviations),
        listed("Deviations from the published protocol", report.protocol_deviations),
        listed("Left out", report.left_out),
        "Further scores: smallest rank above the threshold, and the score\n"
        + aligned(_further_rows(report)),
        "Teachers\n" + aligned(_teacher_rows(report)),
    ]
    return sections(parts)


def _title(report: Report) -> str:
    made = report.provenance
    runs = counted(report.protocol.runs, "run")
    return (
        f"Table 1, preset {report.protocol.preset}: {runs} per task, seed {report.protocol.seed} "
        f"({made_by(made)}, configuration {made['config']})"
    )


def _header(report: Report) -> list[list[str]]:
    level = f"[{100 * report.protocol.bootstrap.level:g} %]"
    spread = [level] if report.protocol.runs > 1 else []
    gap = [""] * len(spread)
    pair = ["ours", "publ."]
    return [
        ["", "", "", "", "", "", *gap, "", "any run", "", "any run", ""],
        ["", "", "", "rank", "", "R2", *gap, "", "rank", "", "R2", ""],
        ["teacher", "task", "student", *pair, "ours", *spread, "publ.", *pair, *pair],
    ]


def _rows(report: Report) -> list[list[str]]:
    rows = []
    for (teacher, task, student), lines in _by_column(report.compared).items():
        row = [NAMES[teacher], task, NAMES[student]]
        for line in LINES:
            entry = lines[line]
            cell = entry.cell
            row.append(report.shown(cell, cell.ours) + ("*" if entry.agrees is False else ""))
            if line == "r2" and report.protocol.runs > 1:
                row.append(report.interval(cell))
            row.append("" if entry.published is None else report.shown(cell, entry.published))
        rows.append(row)
    return rows


def _intervals(report: Report) -> str:
    """Of every cell; nothing for a single run."""
    if report.protocol.runs == 1:
        return ""
    rows = [["teacher", "task", "student", *(LINE_NAMES[line] for line in LINES)]]
    for (teacher, task, student), lines in _by_column(report.compared).items():
        spread = [report.interval(lines[line].cell) for line in LINES]
        rows.append([NAMES[teacher], task, NAMES[student], *spread])
    level = f"{100 * report.protocol.bootstrap.level:g} %"
    return f"Bootstrap intervals over runs, {level}\n" + aligned(rows)


def _by_column(compared: Sequence[Comparison]) -> dict[Key, dict[str, Comparison]]:
    columns: dict[Key, dict[str, Comparison]] = {}
    for entry in compared:
        cell = entry.cell
        columns.setdefault((cell.teacher, cell.task, cell.student), {})[cell.line] = entry
    return columns


def _further_rows(report: Report) -> list[list[str]]:
    rows = [["teacher", "task", "student", "rate R2", "", "pooled R2", ""]]
    columns: dict[Key, list[str]] = {}
    for cell in report.further:
        if cell.line in ("rank", "r2"):
            values = columns.setdefault((cell.teacher, cell.task, cell.student), [])
            values.append(report.shown(cell, cell.ours))
    for (teacher, task, student), values in columns.items():
        rows.append([NAMES[teacher], task, NAMES[student], *values])
    return rows


def _teacher_rows(report: Report) -> list[list[str]]:
    rows = [["teacher", "task", "accepted", "attempts", "accepted per attempt"]]
    for a in report.acceptance:
        accepted = f"{a.runs - len(a.rejected_runs)} of {a.runs}"
        rows.append([NAMES[a.teacher], a.task, accepted, str(a.attempts), f"{a.rate:.2f}"])
    return rows
