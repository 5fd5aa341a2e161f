"""The table's rules against their plainest form, on made-up scores."""

import numpy as np
import pytest

from reproduce.campaigns import campaign, student_record
from tbrnn.reproduce.table1.aggregate import (
    first_passing,
    scores_by_rank,
    table_cells,
    teacher_acceptance,
)
from tbrnn.reproduce.table1.protocol import load_protocol

PROTOCOL = load_protocol("quick", runs=5)
RNG = np.random.default_rng(4)
SCORES = {
    (task, run, teacher, student, rank): RNG.normal(0.5, 0.5)
    for task in PROTOCOL.tasks
    for run in range(5)
    for teacher in ("rnn", "tbrnn")
    for student in ("rnn", "tbrnn")
    for rank in range(1, 7)
}


def score(*place):
    return SCORES[place]


def naive_cell(student, teacher, task, over):
    for rank in range(1, 7):
        summary = over([SCORES[task, run, teacher, student, rank] for run in range(5)])
        if summary > 0.9:
            return rank, summary
    return np.inf, max(
        over([SCORES[task, run, teacher, student, rank] for run in range(5)])
        for rank in range(1, 7)
    )


def test_cells_follow_the_rules_of_the_table():
    _, students = campaign(PROTOCOL, score)
    cells = {
        (c.student, c.teacher, c.task, c.line): c.ours
        for c in table_cells(students, PROTOCOL)
        if c.score == "r2"
    }
    assert len(cells) == 2 * 2 * 2 * 4
    for student, teacher, task, line in cells:
        over = max if line.endswith("any") else np.median
        rank, r2 = naive_cell(student, teacher, task, over)
        assert cells[student, teacher, task, line] == (rank if line.startswith("rank") else r2)


def test_first_rank_that_passes_counts_even_if_later_ones_fail():
    rank, r2 = first_passing(np.array([0.9, 0.901, 0.2, 0.99]), (1, 2, 3, 4), 0.9)
    assert (rank, r2) == (2, 0.901)


def test_intervals_cover_ours_and_are_repeatable():
    _, students = campaign(PROTOCOL, score)
    cells = table_cells(students, PROTOCOL)
    for cell in cells:
        low, high = cell.interval
        assert low <= cell.ours <= high
    assert cells == table_cells(students[::-1], PROTOCOL)


def test_interval_of_the_median_is_the_percentile_bootstrap():
    protocol = load_protocol("quick", runs=7, tasks=["flipflop-1"], ranks=[1])
    values = RNG.normal(0.0, 1.0, 7)
    _, students = campaign(protocol, lambda task, run, *place: values[run])
    cell = next(c for c in table_cells(students, protocol) if c.line == "r2")
    resampled = np.median(values[RNG.integers(7, size=(200_000, 7))], axis=1)
    assert cell.interval == tuple(np.quantile(resampled, (0.025, 0.975), method="inverted_cdf"))


def test_a_single_run_has_no_interval():
    protocol = load_protocol("quick")
    _, students = campaign(protocol, score)
    assert {cell.interval for cell in table_cells(students, protocol)} == {None}


def test_rejected_teachers_are_left_out_and_counted():
    rejected = {("flipflop-1", run, "tbrnn") for run in (1, 3)}
    rejected |= {("flipflop-2", run, "rnn") for run in range(5)}
    teachers, students = campaign(PROTOCOL, score, rejected)
    columns = {(c.task, c.teacher): c.runs for c in table_cells(students, PROTOCOL)}
    assert columns == {
        ("flipflop-1", "rnn"): 5,
        ("flipflop-1", "tbrnn"): 3,
        ("flipflop-2", "tbrnn"): 5,
    }
    acceptance = {(a.task, a.teacher): a for a in teacher_acceptance(teachers, PROTOCOL)}
    some = acceptance["flipflop-1", "tbrnn"]
    assert (some.runs, some.attempts, some.rejected_runs) == (5, 23, (1, 3))
    assert some.rate == pytest.approx(3 / 23)
    assert acceptance["flipflop-2", "rnn"].rate == 0


def test_a_score_that_is_not_a_number_is_the_worst():
    students = [
        student_record("sine", 0, "rnn", "rnn", rank, r2) for rank, r2 in ((1, np.nan), (2, 0.3))
    ]
    assert scores_by_rank(students, "rnn", "rnn", "sine", (1, 2)).tolist() == [[-np.inf], [0.3]]
