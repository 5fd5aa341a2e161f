"""Small campaigns: subsets repeat the numbers of the whole, retries are counted, files written."""

import json
import shutil

import numpy as np
import pytest

from tbrnn.reproduce.table1 import load_protocol, printed, read_records, reproduce_table1
from tbrnn.reproduce.table1.data import TaskData
from tbrnn.reproduce.table1.records import Records
from tbrnn.reproduce.table1.students import train_students
from tbrnn.reproduce.table1.teachers import Teachers, teacher_places


def small(*, epochs=12, units=9, acceptance_loss=10.0, **narrowed):
    protocol = load_protocol("paper", **narrowed)
    short = {"epochs": epochs, "stall_window": epochs}
    tasks = {
        name: task.model_copy(
            update={
                "teacher": task.teacher.model_copy(update=short),
                "student": task.student.model_copy(update=short),
            }
        )
        for name, task in protocol.tasks.items()
    }
    changes = {
        "tasks": tasks,
        "trials": 11,
        "test_trials": 7,
        "attempts": 3,
        "acceptance_loss": acceptance_loss,
        "network": protocol.network.model_copy(update={"units": units}),
    }
    return protocol.model_copy(update=changes)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    out = tmp_path_factory.mktemp("whole")
    protocol = small(tasks=["flipflop-2", "sine"], runs=3, ranks=[1, 2, 4], seed=6)
    reproduce_table1(protocol, out=out, threads=2)
    return out


def lines(folder):
    return set((folder / "networks.jsonl").read_text().splitlines())


@pytest.mark.parametrize(
    "narrowed",
    [
        {"tasks": ["sine"], "runs": 3, "ranks": [1, 2, 4]},
        {"tasks": ["flipflop-2", "sine"], "runs": 1, "ranks": [1, 2, 4]},
        {"tasks": ["flipflop-2", "sine"], "runs": 3, "ranks": [4]},
    ],
)
def test_a_part_repeats_the_numbers_of_the_whole(whole, narrowed, tmp_path):
    reproduce_table1(small(**narrowed, seed=6), out=tmp_path, threads=1)
    part = lines(tmp_path)
    assert part < lines(whole)


def test_every_network_has_a_record(whole):
    teachers, students = read_records(whole / "networks.jsonl")
    assert len(teachers) == 2 * 3 * 2
    assert len(students) == len(teachers) * 2 * 3
    assert len({(s.task, s.run, s.teacher, s.student, s.rank) for s in students}) == len(students)
    assert len({student.best_loss for student in students}) == len(students)
    assert all(student.epochs == 12 for student in students)


def test_files_are_complete(whole):
    report = json.loads((whole / "report.json").read_text())
    assert report["provenance"]["seed"] == 6
    assert report["provenance"]["metrics"][0] == "r2_per_trial/1"
    assert len(report["cells"]) == 2 * 2 * 2 * 4
    assert (whole / "table1.txt").read_text().startswith("Table 1, preset paper: 3 runs per task")
    assert (whole / "table1.png").read_bytes().startswith(b"\x89PNG")


def test_another_seed_gives_other_networks(whole, tmp_path):
    protocol = small(tasks=["sine"], runs=1, ranks=[1], seed=7)
    reproduce_table1(protocol, out=tmp_path)
    assert not lines(tmp_path) & lines(whole)


def test_teachers_are_retried_and_rejected():
    told = []
    protocol = small(tasks=["flipflop-1"], runs=2, ranks=[1], acceptance_loss=1e-9)
    report = reproduce_table1(protocol, tell=told.append)
    assert [(a.attempts, a.rejected_runs) for a in report.acceptance] == [(6, (0, 1))] * 2
    assert report.compared == []
    assert len(report.left_out) == 2
    assert told == ["flipflop-1: 4 teachers", "flipflop-1: 0 students"]
    assert "rejected after 3 attempts" in printed(report)


@pytest.mark.parametrize(
    ("acceptance_loss", "threshold", "starts"),
    [
        (10.0, 1.1, 3),  # rates are fitted, states are not
        (10.0, -1e9, 1),  # both
        (1e-9, 1.1, 1),  # neither
    ],
)
def test_a_student_that_fits_rates_but_not_states_starts_again(acceptance_loss, threshold, starts):
    narrowed = {"tasks": ["flipflop-2"], "runs": 1, "ranks": [1, 2, 4], "seed": 6}
    data = TaskData(small(**narrowed), "flipflop-2")
    teachers = Teachers(data, Records())
    places = teacher_places("flipflop-2", range(1))
    teachers.train(places)
    changes = {
        "acceptance_loss": acceptance_loss,
        "threshold": threshold,
        "student_attempts": 3,
    }
    teachers.protocol = data.protocol.model_copy(update=changes)
    train_students(teachers, places)
    found = teachers.records.students.values()
    assert {s.attempts for s in found if s.rank == 2} == {starts}
    assert {s.attempts for s in found if s.rank != 2} == {1}
    once = Teachers(data, Records())
    once.train(places)
    train_students(once, places)
    for student in found:
        same = student.best_loss == once.records.students[student.place].best_loss
        assert same == (student.attempts == 1)


def test_a_retry_starts_from_other_weights(tmp_path):
    protocol = small(tasks=["flipflop-1"], runs=4, ranks=[1])
    reproduce_table1(protocol, out=tmp_path / "first")
    teachers, _ = read_records(tmp_path / "first" / "networks.jsonl")
    first = {(t.run, t.teacher): t.last_loss for t in teachers}
    bound = float(np.median(list(first.values())))
    harder = small(tasks=["flipflop-1"], runs=4, ranks=[1], acceptance_loss=bound)
    reproduce_table1(harder, out=tmp_path / "harder")
    for teacher in read_records(tmp_path / "harder" / "networks.jsonl")[0]:
        at_once = first[teacher.run, teacher.teacher] <= bound
        assert (teacher.attempts == 1) == at_once
        assert (teacher.last_loss == first[teacher.run, teacher.teacher]) == at_once
        assert teacher.accepted == (teacher.last_loss <= bound)


@pytest.mark.parametrize("lost", [0, 1, 5, 20])
@pytest.mark.parametrize("weights", ["kept", "lost"])
def test_a_campaign_goes_on_where_it_was_cut_off(whole, tmp_path, lost, weights):
    """Some lines are missing, the last one in the middle, and perhaps the teachers' weights."""
    shutil.copytree(whole, tmp_path / "part")
    part = tmp_path / "part"
    lines = (whole / "networks.jsonl").read_text().splitlines(keepends=True)
    (part / "networks.jsonl").write_text("".join(lines[: len(lines) - lost]) + lines[-1][:40])
    for name in ("report.json", "table1.png"):
        (part / name).unlink()
    if weights == "lost":
        shutil.rmtree(part / "weights")
    protocol = small(tasks=["flipflop-2", "sine"], runs=3, ranks=[1, 2, 4], seed=6)
    reproduce_table1(protocol, out=part)
    for name in ("networks.jsonl", "table1.txt", "table1.png"):
        assert (part / name).read_bytes() == (whole / name).read_bytes()
    new = [json.loads(line) for line in (part / "sittings.jsonl").read_text().splitlines()][1:]
    assert sum(sitting["teachers"] + sitting["students"] for sitting in new) == lost


def test_after_failed_attempts_a_teacher_trains_on_new_data():
    protocol = small(tasks=["flipflop-1"], runs=2, ranks=[1], acceptance_loss=1e-9)
    records = Records()
    teachers = Teachers(TaskData(protocol, "flipflop-1"), records)
    teachers.train(teacher_places("flipflop-1", range(2)))
    assert [teacher.redrawn for teacher in records.teachers.values()] == [1] * 4
    place = ("flipflop-1", 1, "tbrnn")
    assert [teachers.drawing(place, attempt) for attempt in (1, 2, 3, 4, 5)] == [
        (1, 0),
        (1, 0),
        (1, 1),
        (1, 1),
        (1, 2),
    ]
    first, again, new = (
        teachers.data.training([drawing]).inputs for drawing in ((1, 0), (1, 0), (1, 1))
    )
    assert (first == again).all()
    assert (first != new).any()


def test_a_folder_that_cannot_be_written_is_an_error_before_any_work(tmp_path):
    (tmp_path / "file").write_text("")
    told = []
    with pytest.raises(OSError, match="file"):
        reproduce_table1(small(), out=tmp_path / "file" / "out", tell=told.append)
    assert told == []
