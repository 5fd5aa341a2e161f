"""Table 1 from nothing: data, teachers, students, scores, report, files."""

import json
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from tbrnn._threads import thread_count
from tbrnn.io import write_atomically
from tbrnn.reproduce.provenance import provenance
from tbrnn.reproduce.table1.data import draw_data
from tbrnn.reproduce.table1.figure import companion_figure
from tbrnn.reproduce.table1.printed import printed
from tbrnn.reproduce.table1.protocol import Protocol
from tbrnn.reproduce.table1.records import StudentRecord, TeacherRecord, write_records
from tbrnn.reproduce.table1.report import Report, make_report
from tbrnn.reproduce.table1.students import train_students
from tbrnn.reproduce.table1.teachers import train_teachers

METRICS = ("r2_per_trial", "r2_pooled", "accuracy", "squared_error")


def reproduce_table1(
    protocol: Protocol,
    *,
    out: Path | None = None,
    threads: int | None = None,
    tell: Callable[[str], None] = lambda stage: None,
) -> Report:
    """Train all teachers and students of a protocol and report on them.

    Parameters
    ----------
    protocol : Protocol
        From ``load_protocol``.
    out : path, optional
        A folder for ``networks.jsonl`` (one line per network, rewritten after every task),
        ``report.json``, ``table1.txt`` and ``table1.png``. Nothing is written without it.
    threads : int, optional
        All processors by default.
    tell : callable, optional
        Is told in a few words what comes next.

    Returns
    -------
    Report
        The cells beside the published ones.

    Raises
    ------
    ValueError
        If ``threads`` is below one.
    OSError
        If ``out`` cannot be written, before any work.
    """
    threads = thread_count(threads)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        write_records(out / "networks.jsonl", [])
    started = time.perf_counter()
    teachers: list[TeacherRecord] = []
    students: list[StudentRecord] = []
    for task in protocol.tasks:
        data = draw_data(protocol, task)
        tell(f"{task}: {2 * protocol.runs} teachers")
        trained = train_teachers(protocol, task, data, threads)
        teachers += [teacher.record for teacher in trained]
        accepted = sum(teacher.record.accepted for teacher in trained)
        tell(f"{task}: {2 * len(protocol.ranks) * accepted} students")
        students += train_students(protocol, task, data, trained, threads)
        if out is not None:
            write_records(out / "networks.jsonl", [*teachers, *students])
    made = provenance(seed=protocol.seed, config=protocol.hash, metrics=METRICS)
    made["seconds"] = round(time.perf_counter() - started, 1)
    report = make_report(teachers, students, protocol, made)
    if out is not None:
        _write_report(out, report, students)
    return report


def _write_report(out: Path, report: Report, students: list[StudentRecord]) -> None:
    content = json.dumps(report.as_dict(), indent=1, allow_nan=False)
    write_atomically(out / "report.json", content.encode())
    write_atomically(out / "table1.txt", printed(report).encode())
    picture = BytesIO()
    companion_figure(students, report.protocol).savefig(picture, dpi=200)
    write_atomically(out / "table1.png", picture.getvalue())
