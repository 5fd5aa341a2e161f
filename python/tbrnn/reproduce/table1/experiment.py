"""Table 1 as an experiment: what is trained, measured, drawn and written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tbrnn._words import counted
from tbrnn.reproduce.campaign import Campaign, Experiment, Files
from tbrnn.reproduce.page import png
from tbrnn.reproduce.store import Store
from tbrnn.reproduce.table1.figure import companion_figure
from tbrnn.reproduce.table1.protocol import Protocol
from tbrnn.reproduce.table1.records import CLASSES, Record, by_role, from_line
from tbrnn.reproduce.table1.report import Report, make_report
from tbrnn.reproduce.table1.students import missing_students, train_students
from tbrnn.reproduce.table1.teachers import Teachers, teacher_places


def train(campaign: Campaign[Protocol, Record]) -> None:
    """Train the networks that are missing, task after task: teachers, then their students."""
    records = campaign.store.records
    for task in campaign.protocol.tasks:
        teachers, places = Teachers(campaign, task), teacher_places(task, campaign.runs)
        pending = [place for place in places if place not in records]
        campaign.tell(f"{task}: {counted(len(pending), 'teacher')}")
        teachers.train(pending)
        accepted = [place for place in places if records[place].accepted]
        missing = [
            missing_students(teachers, place, kind) for place in accepted for kind in CLASSES
        ]
        campaign.tell(f"{task}: {counted(sum(map(len, missing)), 'student')}")
        train_students(teachers, accepted)
        campaign.checkpoints.clear(task)


def measure_campaign(
    campaign: Campaign[Protocol, Record], made: Mapping[str, Any]
) -> tuple[Report, Files]:
    """The report of a finished campaign, and its files."""
    protocol = campaign.protocol
    teachers, students = by_role(campaign.store.in_order())
    report = make_report(teachers, students, protocol, made)

    def files() -> dict[str, bytes]:
        return {
            "table1.txt": report.printed().encode(),
            "table1.png": png(companion_figure(students, protocol), dpi=200),
        }

    return report, files


def counts(store: Store[Record]) -> dict[str, int]:
    """What a sitting finishes."""
    teachers, students = by_role(store.records.values())
    return {
        "teachers": len(teachers),
        "students": len(students),
        "student_epochs": sum(student.epochs for student in students),
    }


EXPERIMENT = Experiment(
    metrics=("r2_per_trial", "r2_pooled", "accuracy", "squared_error"),
    train=train,
    measure=measure_campaign,
    read=from_line,
    counts=counts,
)
