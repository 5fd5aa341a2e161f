"""Table 1 from nothing, or from where an earlier call was cut off."""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timezone
from io import BytesIO
from pathlib import Path
from typing import Any

from tbrnn._threads import thread_count
from tbrnn.campaign import Lines, hold
from tbrnn.io import write_atomically
from tbrnn.reproduce.provenance import provenance
from tbrnn.reproduce.table1.data import TaskData
from tbrnn.reproduce.table1.figure import companion_figure
from tbrnn.reproduce.table1.printed import printed
from tbrnn.reproduce.table1.protocol import Protocol
from tbrnn.reproduce.table1.records import (
    CLASSES,
    NETWORKS,
    Records,
    StudentRecord,
    TeacherRecord,
    write_records,
)
from tbrnn.reproduce.table1.report import Report, make_report
from tbrnn.reproduce.table1.students import missing_students, train_students
from tbrnn.reproduce.table1.teachers import Teachers, teacher_places

METRICS = ("r2_per_trial", "r2_pooled", "accuracy", "squared_error")
Shard = tuple[int, int]  # the i-th of n, from 1


def reproduce_table1(
    protocol: Protocol,
    *,
    out: Path | None = None,
    shard: Shard | None = None,
    threads: int | None = None,
    tell: Callable[[str], None] = lambda stage: None,
) -> Report:
    """Train all teachers and students of a protocol and report on them.

    Parameters
    ----------
    protocol : Protocol
        From ``load_protocol``.
    out : path, optional
        A folder for ``networks.jsonl`` (one line per network, as they finish), ``sittings.jsonl``
        (one line per call: wall time, epochs, machine), ``campaign.json`` (the protocol),
        ``report.json``, ``table1.txt``, ``table1.png``, ``weights`` and, meanwhile,
        ``checkpoints``. What is there already is not trained again. Nothing is written without it.
    shard : (int, int), optional
        (i, n): only every n-th run, from the i-th on (counted from 1), into the folder
        ``out/shard-i-of-n``; without report. A later call without it finds the shards and puts them
        together. Needs ``out``.
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
        If ``threads`` is below one, or ``shard`` is not (i, n) with 1 <= i <= n.
    ChangedConfiguration, FolderInUse, OSError
        If ``out`` was begun with another protocol, is in use, or cannot be written.
    """
    threads = thread_count(threads)
    runs = _runs_of(protocol, shard, out)
    with ExitStack() as stack:
        folder = _folder(out, shard)
        if folder:
            stack.enter_context(hold(folder, protocol.model_dump(mode="json")))
        records = Records(folder)
        if out and not shard:
            _merge(out, protocol, records)
        before = len(records.teachers) + len(records.students)
        with _sitting(folder, records, threads):
            for task in protocol.tasks:
                _complete(TaskData(protocol, task), runs, records, folder, threads, tell)
        made = provenance(seed=protocol.seed, config=protocol.hash, metrics=METRICS)
        report = make_report(*_in_order(protocol, records), protocol, made)
        complete = before == len(records.teachers) + len(records.students)
        if folder and not shard and not (complete and _written(folder)):
            _write_report(folder, report, records)
    return report


def _runs_of(protocol: Protocol, shard: Shard | None, out: Path | None) -> range:
    if shard is None:
        return range(protocol.runs)
    i, n = shard
    if not 1 <= i <= n or out is None:
        raise ValueError(f"shard must be (i, n) with 1 <= i <= n, and out given, got {shard}")
    return range(i - 1, protocol.runs, n)


def _folder(out: Path | None, shard: Shard | None) -> Path | None:
    return out / f"shard-{shard[0]}-of-{shard[1]}" if out and shard else out


def _merge(out: Path, protocol: Protocol, records: Records) -> None:
    """Take over what shards have finished."""
    for part in sorted(out.glob("shard-*-of-*")):
        with hold(part, protocol.model_dump(mode="json")):
            found = Records(part)
        records.add([*found.teachers.values(), *found.students.values()])


def _complete(
    data: TaskData,
    runs: range,
    records: Records,
    folder: Path | None,
    threads: int,
    tell: Callable[[str], None],
) -> None:
    """Train what is missing of a task."""
    places = teacher_places(data.task, runs)
    teachers = Teachers(data, records, folder)
    pending = [place for place in places if place not in records.teachers]
    tell(f"{data.task}: {len(pending)} teachers")
    teachers.train(pending, threads)
    accepted = [place for place in places if records.teachers[place].accepted]
    missing = sum(
        len(missing_students(teachers, place, kind)) for place in accepted for kind in CLASSES
    )
    tell(f"{data.task}: {missing} students")
    train_students(teachers, accepted, threads)
    if folder:
        shutil.rmtree(folder / "checkpoints", ignore_errors=True)  # of calls cut off in between


def _in_order(
    protocol: Protocol, records: Records
) -> tuple[list[TeacherRecord], list[StudentRecord]]:
    """By task, teacher class and run, then student class and rank: however they were finished."""
    tasks = list(protocol.tasks)

    def rank(place: tuple[Any, ...]) -> tuple[Any, ...]:
        return (tasks.index(place[0]), place[1:])

    return (
        [records.teachers[place] for place in sorted(records.teachers, key=rank)],
        [records.students[place] for place in sorted(records.students, key=rank)],
    )


@contextmanager
def _sitting(folder: Path | None, records: Records, threads: int) -> Iterator[None]:
    """Leaves one line about the work done meanwhile."""
    begun, started = datetime.now(timezone.utc), time.perf_counter()
    before = len(records.teachers), len(records.students)
    try:
        yield
    finally:
        teachers = list(records.teachers.values())[before[0] :]
        students = list(records.students.values())[before[1] :]
        if folder and (teachers or students):
            made = provenance(seed=0, config="", metrics=())
            sitting = {
                "begun": begun.isoformat(timespec="seconds"),
                "seconds": round(time.perf_counter() - started, 1),
                "threads": threads,
                "teachers": len(teachers),
                "students": len(students),
                "student_epochs": sum(student.epochs for student in students),
                **{name: made[name] for name in ("version", "processor", "instruction_set")},
            }
            Lines(folder / "sittings.jsonl").append([sitting])


def _written(out: Path) -> bool:
    return all((out / name).exists() for name in ("report.json", "table1.txt", "table1.png"))


def _write_report(out: Path, report: Report, records: Records) -> None:
    teachers, students = _in_order(report.protocol, records)
    write_records(out / NETWORKS, [*teachers, *students])
    content = json.dumps(report.as_dict(), indent=1, allow_nan=False)
    write_atomically(out / "report.json", content.encode())
    write_atomically(out / "table1.txt", printed(report).encode())
    picture = BytesIO()
    companion_figure(students, report.protocol).savefig(picture, dpi=200)
    write_atomically(out / "table1.png", picture.getvalue())
