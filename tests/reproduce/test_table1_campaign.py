"""Small campaigns: subsets repeat the numbers of the whole, retries are counted, files written."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

import tbrnn
from reproduce.small import ending_with, threads_asked, watched
from tbrnn.campaign.lines import read_lines, write_lines
from tbrnn.errors import Mistake
from tbrnn.reproduce.campaign import Campaign, reproduce
from tbrnn.reproduce.folder import Checkpoints
from tbrnn.reproduce.store import Store
from tbrnn.reproduce.table1 import EXPERIMENT, load_protocol, read_records
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


def teachers_of(protocol, task, store=None):
    """Of a campaign in memory."""
    store = store or Store(None)
    return Teachers(Campaign(protocol, range(2), store, Checkpoints(None), 2, str), task)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    out = tmp_path_factory.mktemp("whole")
    protocol = small(tasks=["flipflop-2", "sine"], runs=3, ranks=[1, 2, 4], seed=6)
    reproduce(EXPERIMENT, protocol, out=out, threads=2)
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
    reproduce(EXPERIMENT, small(**narrowed, seed=6), out=tmp_path, threads=1)
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
    reproduce(EXPERIMENT, protocol, out=tmp_path)
    assert not lines(tmp_path) & lines(whole)


def test_teachers_are_retried_and_rejected():
    told = []
    protocol = small(tasks=["flipflop-1"], runs=2, ranks=[1], acceptance_loss=1e-9)
    report = reproduce(EXPERIMENT, protocol, tell=told.append)
    assert [(a.attempts, a.rejected_runs) for a in report.acceptance] == [(6, (0, 1))] * 2
    assert report.compared == []
    assert len(report.left_out) == 2
    assert told == ["flipflop-1: 4 teachers", "flipflop-1: 0 students"]
    assert "rejected after 3 attempts" in report.printed()


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
    protocol, places = small(**narrowed), teacher_places("flipflop-2", range(1))
    once = teachers_of(protocol, "flipflop-2")
    once.train(places)
    changes = {
        "acceptance_loss": acceptance_loss,
        "threshold": threshold,
        "student_attempts": 3,
    }
    store = Store(None)
    store.add([once.record(place) for place in places], once.store.networks(places))
    train_students(teachers_of(protocol.model_copy(update=changes), "flipflop-2", store), places)
    found = [record for record in store.records.values() if record.place not in places]
    assert len(found) == 2 * 2 * 3
    assert {s.attempts for s in found if s.rank == 2} == {starts}
    assert {s.attempts for s in found if s.rank != 2} == {1}
    train_students(once, places)
    for student in found:
        same = student.best_loss == once.store.records[student.place].best_loss
        assert same == (student.attempts == 1)


def test_a_retry_starts_from_other_weights(tmp_path):
    protocol = small(tasks=["flipflop-1"], runs=4, ranks=[1])
    reproduce(EXPERIMENT, protocol, out=tmp_path / "first")
    teachers, _ = read_records(tmp_path / "first" / "networks.jsonl")
    first = {(t.run, t.teacher): t.last_loss for t in teachers}
    bound = float(np.median(list(first.values())))
    harder = small(tasks=["flipflop-1"], runs=4, ranks=[1], acceptance_loss=bound)
    reproduce(EXPERIMENT, harder, out=tmp_path / "harder")
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
    reproduce(EXPERIMENT, protocol, out=part)
    for name in ("networks.jsonl", "table1.txt", "table1.png"):
        assert (part / name).read_bytes() == (whole / name).read_bytes()
    new = [json.loads(line) for line in (part / "sittings.jsonl").read_text().splitlines()][1:]
    assert sum(sitting["teachers"] + sitting["students"] for sitting in new) == lost


def test_finished_students_are_not_trained_again(whole, tmp_path, monkeypatch):
    """Three teachers lack students; two of them the same ranks."""
    part = tmp_path / "part"
    shutil.copytree(whole, part)
    lost = [("sine", 2, "tbrnn", rank) for rank in (1, 4)]
    lost += [("sine", run, "rnn", 4) for run in (0, 2)]
    kept = [
        line
        for line in read_lines(part / "networks.jsonl")
        if line.get("student") != "tbrnn"
        or tuple(line[key] for key in ("task", "run", "teacher", "rank")) not in lost
    ]
    write_lines(part / "networks.jsonl", kept)
    calls = watched(monkeypatch, "lint")
    protocol = small(tasks=["flipflop-2", "sine"], runs=3, ranks=[1, 2, 4], seed=6)
    reproduce(EXPERIMENT, protocol, out=part)
    assert {(tuple(options["ranks"]), len(teachers)) for teachers, *_, options in calls} == {
        ((4,), 2),
        ((1, 4), 1),
    }
    assert (part / "networks.jsonl").read_bytes() == (whole / "networks.jsonl").read_bytes()


def test_shards_leave_their_weights_and_failed_attempts(tmp_path, monkeypatch):
    protocol = small(tasks=["flipflop-1"], runs=4, ranks=[1], acceptance_loss=0.9, seed=6)
    for i in (2, 1):
        assert reproduce(EXPERIMENT, protocol, out=tmp_path, shard=(i, 2)) is None
    parts = [tmp_path / f"shard-{i}-of-2" for i in (1, 2)]
    fitted, inferred = watched(monkeypatch, "fit"), watched(monkeypatch, "lint")
    reproduce(EXPERIMENT, protocol, out=tmp_path)
    reproduce(EXPERIMENT, protocol, out=tmp_path)
    assert not fitted
    assert not inferred
    weights = {path.name: path.read_bytes() for part in parts for path in part.glob("weights/*")}
    assert {path.name: path.read_bytes() for path in tmp_path.glob("weights/*")} == weights != {}
    attempts = [(part / "attempts.jsonl").read_text() for part in parts]
    assert (tmp_path / "attempts.jsonl").read_text() == "".join(attempts)


def test_an_empty_shard_has_no_report(tmp_path):
    protocol = small(tasks=["flipflop-1"], runs=1, ranks=[1])
    assert reproduce(EXPERIMENT, protocol, out=tmp_path, shard=(2, 2)) is None
    assert not list(tmp_path.glob("*/report.json"))


def test_all_work_is_done_by_as_many_threads_as_asked_for(monkeypatch):
    asked = threads_asked(monkeypatch)
    protocol = small(tasks=["flipflop-1"], runs=1, ranks=[1]).model_copy(
        update={"student_attempts": 2}
    )
    reproduce(EXPERIMENT, protocol, threads=1)
    assert asked == {1}


def test_lines_of_earlier_versions_are_read(whole, tmp_path):
    part = tmp_path / "part"
    shutil.copytree(whole, part)
    before = [json.loads(line) for line in (whole / "networks.jsonl").read_text().splitlines()]
    for line in before:
        assert line.pop("version") == tbrnn.__version__
        assert line.pop("instruction_set") == tbrnn.engine_info()["instruction_set"]
    write_lines(part / "networks.jsonl", before)
    protocol = small(tasks=["flipflop-2", "sine"], runs=3, ranks=[1, 2, 4], seed=6)
    report = reproduce(EXPERIMENT, protocol, out=part)
    assert report.provenance["instruction_set"] == ""
    assert read_lines(part / "networks.jsonl") == before


def test_every_failed_attempt_is_kept(tmp_path):
    protocol = small(tasks=["flipflop-1"], runs=2, ranks=[1], acceptance_loss=1e-9)
    reproduce(EXPERIMENT, protocol, out=tmp_path)
    attempts = [json.loads(line) for line in (tmp_path / "attempts.jsonl").read_text().splitlines()]
    assert {line["status"] for line in attempts} == {"capped"}
    assert [line["attempts"] for line in attempts] == [1] * 4 + [2] * 4 + [3] * 4
    teachers, _ = read_records(tmp_path / "networks.jsonl")
    assert {teacher.status for teacher in teachers} == {"rejected"}
    last = {(line["run"], line["teacher"]): line["last_loss"] for line in attempts[-4:]}
    assert {(t.run, t.teacher): t.last_loss for t in teachers} == last


def test_attempts_without_the_last_one_are_gone_on_with(tmp_path, monkeypatch):
    """Earlier versions called them rejected, and left out the last one of a rejected teacher."""
    protocol = small(tasks=["flipflop-1"], runs=2, ranks=[1], acceptance_loss=1e-9)
    reproduce(EXPERIMENT, protocol, out=tmp_path)
    lines = (tmp_path / "attempts.jsonl").read_text().replace("capped", "rejected").splitlines()
    (tmp_path / "attempts.jsonl").write_text("\n".join(lines[:8]) + "\n")
    kept = (tmp_path / "networks.jsonl").read_text()
    calls = watched(monkeypatch, "fit")
    reproduce(EXPERIMENT, protocol, out=tmp_path)
    assert not calls
    (tmp_path / "networks.jsonl").write_text("")
    reproduce(EXPERIMENT, protocol, out=tmp_path)
    assert [len(models) for models, *_ in calls] == [4]
    assert (tmp_path / "networks.jsonl").read_text() == kept


def test_a_teacher_that_diverged_is_not_accepted(monkeypatch):
    def diverged(runs):
        return replace(runs, status=np.full(len(runs), "diverged"))

    ending_with(monkeypatch, "fit", diverged)
    teachers = teachers_of(small(tasks=["flipflop-1"], runs=1), "flipflop-1")
    teachers.train(teacher_places("flipflop-1", range(1)))
    found = teachers.store.records.values()
    assert {(t.status, t.attempts) for t in found} == {("rejected", 3)}
    assert {t.status for t in teachers.store.failed.values()} == {"diverged"}


def test_other_teachers_than_recorded_are_refused(whole, tmp_path, monkeypatch):
    part = tmp_path / "part"
    shutil.copytree(whole, part)
    shutil.rmtree(part / "weights")
    lines = (whole / "networks.jsonl").read_text().splitlines(keepends=True)
    (part / "networks.jsonl").write_text("".join(lines[:-1]))
    ending_with(monkeypatch, "fit", lambda runs: replace(runs, last_loss=runs.last_loss + 99))
    protocol = small(tasks=["flipflop-2", "sine"], runs=3, ranks=[1, 2, 4], seed=6)
    with pytest.raises(Mistake, match=f"{part}: sine 2 tbrnn was trained again"):
        reproduce(EXPERIMENT, protocol, out=part)
    assert (part / "networks.jsonl").read_text() == "".join(lines[:-1])
    assert not (part / "attempts.jsonl").exists()
    assert not (part / "weights").exists()
    monkeypatch.undo()
    reproduce(EXPERIMENT, protocol, out=part)
    assert (part / "networks.jsonl").read_bytes() == (whole / "networks.jsonl").read_bytes()


def test_after_failed_attempts_a_teacher_trains_on_new_data():
    protocol = small(tasks=["flipflop-1"], runs=2, ranks=[1], acceptance_loss=1e-9)
    teachers = teachers_of(protocol, "flipflop-1")
    teachers.train(teacher_places("flipflop-1", range(2)))
    assert [teacher.redrawn for teacher in teachers.store.records.values()] == [1] * 4
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
        reproduce(EXPERIMENT, small(), out=tmp_path / "file" / "out", tell=told.append)
    assert told == []
