"""The report: which cells agree, what is named, what is written."""

import json
from dataclasses import replace

import numpy as np
import pytest

from reproduce.campaigns import campaign, student_record, teacher_record
from reproduce.small import MADE
from tbrnn.campaign.lines import write_lines
from tbrnn.reproduce.table1 import (
    companion_figure,
    load_protocol,
    make_report,
    printed,
    published,
    read_records,
)
from tbrnn.reproduce.table1.aggregate import Cell
from tbrnn.reproduce.table1.compare import compare

PAPER = load_protocol("paper")


def best_published(task, run, teacher, student, rank):
    return published.FIGURE[student, teacher][task][rank - 1]


def cell(line, ours, interval=None, student="rnn", teacher="rnn", task="flipflop-1", score="r2"):
    return Cell(student, teacher, task, score, line, ours, interval, 1 if interval is None else 30)


@pytest.mark.parametrize(
    ("ours", "agrees"),
    [
        (cell("rank", 1), True),
        (cell("rank", 2), False),
        (cell("rank", 2, (1, 3)), True),
        (cell("r2", 0.92), True),
        (cell("r2", 0.89), False),
        (cell("r2", 0.9), False),
        (cell("r2", 0.99, (0.98, 0.9966)), True),
        (cell("r2", 0.99, (0.98, 0.9964)), False),
        (cell("rank", np.inf, student="rnn", teacher="tbrnn"), True),
        (cell("r2", -3.0, student="rnn", teacher="tbrnn"), True),
        (cell("r2", 0.1, student="rnn", teacher="tbrnn"), False),
        (cell("r2", 0.1, (-0.1, 0.2), student="rnn", teacher="tbrnn"), True),
        (cell("r2", 0.1, (0.0, 0.2), student="rnn", teacher="tbrnn"), False),
        (cell("r2_any", 0.2, student="rnn", teacher="tbrnn", task="flipflop-2"), True),
        (cell("rank_any", 6, student="rnn", teacher="tbrnn", task="sine"), True),
        (cell("rank", 1, task="another"), None),
    ],
)
def test_agreement(ours, agrees):
    (entry,) = compare([ours], PAPER)
    assert entry.agrees is agrees


def test_further_scores_have_nothing_published():
    assert compare([cell("r2", 0.9, score="rate_r2")], PAPER) == []


@pytest.mark.parametrize(
    ("ranks", "line", "value"),
    [
        ((1, 2, 3), "rank", np.inf),  # published 4 is above 3
        ((1, 2, 3, 4), "rank", 4),
        ((1, 2, 3, 4), "r2", 0.909),
        ((1, 2, 3), "r2", None),  # the published R2 is of rank 4
        ((2, 4), "rank", None),
        ((1, 2, 3, 4, 5, 6, 7), "rank", None),
    ],
)
def test_published_value_for_some_ranks(ranks, line, value):
    protocol = PAPER.model_copy(update={"ranks": ranks})
    ours = cell(line, 0.5, student="tbrnn", teacher="rnn", task="flipflop-3")
    assert compare([ours], protocol)[0].published == value


def test_published_figure_and_table_are_the_same_results():
    for (student, teacher), tasks in published.TABLE.items():
        for task, (_, _, rank, r2) in tasks.items():
            curve = published.FIGURE[student, teacher][task]
            if np.isfinite(rank):
                assert abs(curve[int(rank) - 1] - r2) < 0.02
            else:
                assert max(curve) <= 0.9
                assert abs(max(curve) - r2) < 0.02 if r2 >= 0 else max(curve) < 0


def test_report_of_the_published_figure_names_its_deviations():
    protocol = load_protocol("paper", runs=2)
    teachers, students = campaign(protocol, best_published)
    report = make_report(teachers, students, protocol, MADE)
    content = json.loads(json.dumps(report.as_dict(), allow_nan=False))
    assert len(content["cells"]) == 2 * 2 * 4 * 4
    by_verdict = [entry for entry in content["cells"] if entry["agrees"] is False]
    assert len(by_verdict) == len(content["deviations"]) > 0
    rank_any = [entry for entry in content["cells"] if entry["line"] == "rank_any"]
    assert all(entry["ours"] == entry["published"] for entry in rank_any)
    assert {entry["ours"] for entry in rank_any} == {1, 2, 3, 4, 6, ">6"}
    assert content["provenance"] == MADE
    assert {entry["score"] for entry in content["further_scores"]} == {"rate_r2", "pooled_r2"}
    assert all(entry["acceptance_rate"] == 1 for entry in content["teachers"])
    assert len(content["curves"]) == 2 * 2 * 4
    text = printed(report)
    assert all(sentence in text for sentence in report.deviations)
    intervals = text.partition("Bootstrap intervals")[2].partition("\n\n")[0]
    assert intervals.count("[") == len(report.compared) == 64
    assert all(report.interval(entry.cell) in intervals for entry in report.compared)
    assert max(map(len, text.splitlines()[:20])) <= 120


def test_rejected_teachers_are_named():
    protocol = load_protocol("paper", runs=3)
    lost = {("sine", 0, "rnn"), ("sine", 2, "rnn")}
    report = make_report(*campaign(protocol, best_published, lost), protocol, MADE)
    sentence = "two-body teacher, sine: left out runs 0, 2, rejected after 10 attempts"
    assert report.left_out == [sentence]
    assert sentence in printed(report)


def test_students_that_started_again_are_named():
    protocol = load_protocol("quick")
    teachers, students = campaign(protocol, best_published)
    students[0] = replace(students[0], attempts=3)
    report = make_report(teachers, students, protocol, MADE)
    assert len(report.restarted) == 1
    assert "3 starts of at most 4" in report.restarted[0]
    assert report.restarted[0] in printed(report)
    assert report.as_dict()["protocol_deviations"][-1:] == report.restarted


def test_what_a_preset_changes_is_named():
    quick = load_protocol("quick")
    report = make_report(*campaign(quick, best_published), quick, MADE)
    changes = [
        "tasks: flipflop-1, flipflop-2, published also flipflop-3, sine",
        "runs: 1, published 30",
        "student_attempts: 4, published 1",
        "tasks.flipflop-1.student.epochs: 15000, published 80000",
        "tasks.flipflop-2.student.epochs: 15000, published 80000",
    ]
    assert report.as_dict()["protocol_deviations"] == changes
    assert all(sentence in report.printed() for sentence in changes)
    assert make_report(*campaign(PAPER, best_published), PAPER, MADE).protocol_deviations == []


def test_nothing_accepted_is_a_report_too():
    protocol = load_protocol("quick")
    lost = {(task, 0, teacher) for task in protocol.tasks for teacher in ("rnn", "tbrnn")}
    teachers, students = campaign(protocol, best_published, lost)
    report = make_report(teachers, students, protocol, MADE)
    assert report.compared == []
    assert printed(report).count("rejected after 10 attempts") == 4
    assert companion_figure(students, protocol).axes


def test_records_survive_their_file(tmp_path):
    teacher = teacher_record(best_loss=1 / 3)
    student = student_record("sine", 4, "rnn", "tbrnn", 3, -1e5)
    write_lines(tmp_path / "networks.jsonl", [teacher.line(), student.line()])
    assert read_records(tmp_path / "networks.jsonl") == ([teacher], [student])
    write_lines(tmp_path / "networks.jsonl", [replace(student, r2=np.nan).line()])
    lines = (tmp_path / "networks.jsonl").read_text().splitlines()
    assert json.loads(lines[0])["r2"] is None
    assert np.isnan(read_records(tmp_path / "networks.jsonl")[1][0].r2)


def test_figure_has_a_panel_per_teacher_and_task():
    protocol = load_protocol("paper", runs=1)
    figure = companion_figure(campaign(protocol, best_published)[1], protocol)
    assert len(figure.axes) == 8
    assert [ax.get_title() for ax in figure.axes[:4]] == list(protocol.tasks)
    assert {line.get_label() for line in figure.axes[0].lines} >= {
        "two-body students",
        "three-body students, published",
    }
