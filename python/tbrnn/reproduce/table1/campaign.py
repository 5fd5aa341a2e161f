"""Table 1 from nothing, or from where an earlier call was cut off."""

import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tbrnn._device import check_device
from tbrnn._threads import thread_count
from tbrnn.campaign import hold
from tbrnn.campaign.folder import begun
from tbrnn.reproduce.folder import (
    Shard,
    png,
    runs_of,
    shard_folder,
    sitting,
    take_over_sittings,
    write_files,
)
from tbrnn.reproduce.lines import NETWORKS, write_records
from tbrnn.reproduce.provenance import provenance
from tbrnn.reproduce.table1.data import TaskData
from tbrnn.reproduce.table1.figure import companion_figure
from tbrnn.reproduce.table1.printed import printed
from tbrnn.reproduce.table1.protocol import Protocol
from tbrnn.reproduce.table1.records import (
    CLASSES,
    Record,
    Records,
    StudentRecord,
    TeacherRecord,
)
from tbrnn.reproduce.table1.report import Report, make_report
from tbrnn.reproduce.table1.students import missing_students, train_students
from tbrnn.reproduce.table1.teachers import Teachers, teacher_places

METRICS = ("r2_per_trial", "r2_pooled", "accuracy", "squared_error")


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
    runs = runs_of(protocol.runs, shard, out)
    with ExitStack() as stack:
        folder = shard_folder(out, shard)
        if folder:
            if not begun(folder):
                check_device()
            stack.enter_context(hold(folder, protocol.model_dump(mode="json")))
        records = Records(folder)
        if out and not shard:
            _merge(out, protocol, records)
        before = len(records.teachers) + len(records.students)
        with sitting(folder, threads, lambda: _counts(records)):
            for task in protocol.tasks:
                _complete(TaskData(protocol, task), runs, records, folder, threads, tell)
        found: list[Record] = [*records.teachers.values(), *records.students.values()]
        made = provenance(
            seed=protocol.seed,
            config=protocol.hash,
            metrics=METRICS,
            devices=[record.device for record in found],
        )
        report = make_report(*_in_order(protocol, records), protocol, made)
        complete = before == len(found)
        if folder and not shard and not (complete and _written(folder)):
            _write_report(folder, report, records)
    return report


def _merge(out: Path, protocol: Protocol, records: Records) -> None:
    """Take over what shards have finished, and their sittings."""
    for part in sorted(out.glob("shard-*-of-*")):
        with hold(part, protocol.model_dump(mode="json")):
            found = Records(part)
            records.add([*found.teachers.values(), *found.students.values()])
            take_over_sittings(part, out)


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
    teachers.checkpoints.clear(data.task)


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


def _counts(records: Records) -> dict[str, int]:
    """What a sitting finishes."""
    return {
        "teachers": len(records.teachers),
        "students": len(records.students),
        "student_epochs": sum(student.epochs for student in records.students.values()),
    }


def _written(out: Path) -> bool:
    return all((out / name).exists() for name in ("report.json", "table1.txt", "table1.png"))


def _write_report(out: Path, report: Report, records: Records) -> None:
    teachers, students = _in_order(report.protocol, records)
    write_records(out / NETWORKS, [*teachers, *students])
    content = json.dumps(report.as_dict(), indent=1, allow_nan=False)
    files = {"report.json": content.encode(), "table1.txt": printed(report).encode()}
    picture = png(companion_figure(students, report.protocol), dpi=200)
    write_files(out, {**files, "table1.png": picture})
