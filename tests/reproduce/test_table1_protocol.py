"""The configuration says what is published, refuses what it does not know, narrows exactly."""

from importlib.resources import files

import pytest
import yaml
from pydantic import ValidationError

from tbrnn.reproduce.table1 import published, seeds
from tbrnn.reproduce.table1.protocol import Protocol, load_protocol


def test_paper_preset_is_the_published_protocol():
    protocol = load_protocol("paper")
    assert tuple(protocol.tasks) == published.TASKS
    assert protocol.ranks == published.RANKS
    assert (protocol.runs, protocol.trials, protocol.test_trials) == (30, 128, 500)
    assert (protocol.acceptance_loss, protocol.attempts, protocol.threshold) == (0.005, 10, 0.9)
    assert [task.teacher_rank for task in protocol.tasks.values()] == [1, 2, 3, 2]
    assert [task.output_bias for task in protocol.tasks.values()] == [False, False, False, True]
    for name, task in protocol.tasks.items():
        assert task.teacher.epochs == task.teacher.lr.epochs == task.student.lr.epochs == 20000
        assert task.student.epochs == (40000 if name == "sine" else 80000)
        assert task.student.stall_window == task.student.epochs // 10
        assert task.teacher.stall_window == 2000


def test_quick_preset_differs_in_size_and_in_starts_of_students():
    quick, paper = load_protocol("quick"), load_protocol("paper")
    assert (tuple(quick.tasks), quick.runs) == (("flipflop-1", "flipflop-2"), 1)
    short = {"epochs": 80000}
    for name, task in quick.tasks.items():
        assert task.student.epochs == 15000
        longer = task.model_copy(update={"student": task.student.model_copy(update=short)})
        assert longer == paper.tasks[name]
    assert (quick.student_attempts, paper.student_attempts) == (4, 1)
    size = ("preset", "runs", "tasks", "student_attempts")
    same = quick.model_copy(update={name: getattr(paper, name) for name in size})
    assert same == paper


def test_narrowing_keeps_the_order_of_the_preset():
    protocol = load_protocol("paper", tasks=["sine", "flipflop-2"], runs=3, ranks=[4, 2], seed=5)
    assert list(protocol.tasks) == ["flipflop-2", "sine"]
    assert (protocol.runs, protocol.ranks, protocol.seed) == (3, (2, 4), 5)


def test_hash_names_the_whole_protocol():
    hashes = {load_protocol("paper", **changes).hash for changes in ({}, {"seed": 1}, {"runs": 2})}
    assert len(hashes) == 3
    assert load_protocol("quick").hash == load_protocol("quick").hash


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"preset": "slow"}, "preset must be one of 'quick', 'paper', got 'slow'"),
        ({"tasks": ["flipflop-3"]}, "tasks must be some of flipflop-1, flipflop-2, got flipflop-3"),
        ({"tasks": []}, "tasks must be some of flipflop-1, flipflop-2, got none"),
        ({"runs": 0}, "runs must be a whole number of at least 1, got 0"),
        ({"seed": -1}, "seed must be a whole number of at least 0, got -1"),
        ({"ranks": [0]}, "ranks must be a whole number from 1 to 30, got 0"),
        ({"ranks": [2, 31]}, "ranks must be a whole number from 1 to 30, got 31"),
        ({"ranks": []}, "ranks must be at least one rank, got none"),
    ],
)
def test_errors(changes, message):
    with pytest.raises(ValueError, match=message):
        load_protocol(**{"preset": "quick", **changes})


@pytest.mark.parametrize("path", [(), ("network",), ("tasks", "flipflop-1", "student", "lr")])
def test_unknown_keys_are_errors(path):
    content = yaml.safe_load((files("tbrnn") / "configs" / "table1_quick.yaml").read_text())
    section = content
    for key in path:
        section = section[key]
    section["momentum"] = 0.9
    with pytest.raises(ValidationError, match=r"momentum\n.*not permitted"):
        Protocol.model_validate(content)


def test_every_network_and_data_set_has_a_seed_of_its_own():
    words = [
        seeds.training_data(0, "sine", 1),
        seeds.test_data(0, "sine"),
        seeds.teacher(0, "sine", 1, "rnn", 2, 1),
        seeds.students(0, "sine", 1, "rnn", 2),
    ]
    assert len({word[1] for word in words}) == len(words)
    base = seeds.teacher(0, "sine", 1, "rnn", 2, 1)
    others = [
        seeds.teacher(1, "sine", 1, "rnn", 2, 1),
        seeds.teacher(0, "flipflop-1", 1, "rnn", 2, 1),
        seeds.teacher(0, "sine", 2, "rnn", 2, 1),
        seeds.teacher(0, "sine", 1, "tbrnn", 2, 1),
        seeds.teacher(0, "sine", 1, "rnn", 3, 1),
        seeds.teacher(0, "sine", 1, "rnn", 2, 2),
    ]
    assert len({base, *others}) == 7
