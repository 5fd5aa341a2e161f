"""Configurations: what they mean, and every mistake named in one line."""

from pathlib import Path

import numpy as np
import pytest

import tbrnn
from campaign.sweeps import SMALL
from tbrnn.campaign.configuration import checked_configuration, checked_sweep, with_value
from tbrnn.campaign.members import Expansion
from tbrnn.campaign.options import call_options, member_options
from tbrnn.campaign.plan import plan_sweep
from tbrnn.campaign.reading import read_configuration
from tbrnn.errors import WrongValue

ONE = {
    "task": {"class": "FlipFlop", "bits": 1, "steps": 15},
    "trials": {"train": 12, "test": 9},
    "model": {"class": "LowRankRNN", "units": 8, "rank": 1},
}
OWN = """
from dataclasses import dataclass
import numpy as np
import tbrnn

@dataclass(frozen=True)
class Echo(tbrnn.tasks.Task):
    delay: int = 2

    def draw(self, trials, rng):
        inputs = rng.normal(size=(trials, 12, 3))
        return tbrnn.Trials(inputs, np.roll(inputs, self.delay, axis=1)[:, :, :2])

class NoTask:
    pass
"""


def member(content, folder=Path()):
    checked = checked_configuration(content)
    return Expansion(folder).member(checked, checked.seed)


@pytest.fixture
def files(tmp_path):
    (tmp_path / "echo.py").write_text(OWN)
    (tmp_path / "broken.py").write_text("undefined")
    rng = np.random.default_rng(0)
    trials = {"inputs": rng.normal(size=(6, 10, 2)), "targets": rng.normal(size=(6, 10, 1))}
    np.savez(tmp_path / "trials.npz", **trials, initial_states=np.ones((6, 8)))
    np.savez(tmp_path / "bare.npz", inputs=trials["inputs"])
    np.savez(tmp_path / "wide.npz", inputs=np.ones((6, 10, 3)), targets=trials["targets"])
    np.savez(tmp_path / "odd.npz", **trials, weights=np.ones(3))
    (tmp_path / "text.npz").write_text("no archive")
    (tmp_path / "empty.npz").write_text("")
    return tmp_path


@pytest.mark.parametrize("name", ["flipflop_sweep", "flipflop_train"])
def test_installed_configurations_are_right(name):
    content, _ = read_configuration(name)
    if "grid" in content:
        assert len(plan_sweep(content, Path()).members) == 36
    else:
        assert member(content).model.rank == 2


def test_options_arrive_at_fit():
    training = {
        "epochs": 30,
        "loss": "logistic",
        "lr": {"schedule": "cosine", "first": 1e-2, "last": 1e-3},
        "optimizer": {"name": "adamw", "decay": 0.1},
        "clip": 1.0,
        "batch": 4,
        "sigma": 0.1,
        "evaluate_every": 3,
        "target_loss": None,
        "stall": [10.0, 1e-3],
        "patience": [7, 1e-5],
        "guard": {"loss": 5.0},
        "accept": 0.5,
        "attempts": 3,
        "dtype": "float64",
        "record_every": 2,
    }
    one = member({**ONE, "training": training})
    assert call_options(one.training) == {
        "loss": "logistic",
        "optimizer": tbrnn.adamw(0.1),
        "accept": 0.5,
        "attempts": 3,
        "dtype": "float64",
        "record_every": 2,
    }
    assert member_options([one, one]) == {
        "epochs": [30, 30],
        "lr": [tbrnn.cosine(1e-2, 1e-3, 30)] * 2,
        "sigma": [0.1] * 2,
        "clip": [1.0] * 2,
        "batch": [4] * 2,
        "evaluate_every": [3] * 2,
        "target_loss": [None] * 2,
        "stall": [(10, 1e-3)] * 2,
        "patience": [(7, 1e-5)] * 2,
        "guard": [tbrnn.Guard(loss=5.0)] * 2,
    }


def test_what_a_configuration_leaves_out_is_as_in_fit():
    given = {**call_options(member(ONE).training), **member_options([member(ONE)])}
    ours = {name: value[0] if isinstance(value, list) else value for name, value in given.items()}
    theirs = {**tbrnn.fit.__kwdefaults__, "optimizer": tbrnn.adam(), "dtype": "float32", "sigma": 0}
    assert ours.pop("lr")(500) == theirs["lr"]
    assert ours == {name: theirs[name] for name in ours}


def test_validation_trials_retries_and_guards(tmp_path):
    training = {"epochs": 12, "accept": 1e-9, "attempts": 2, "guard": {}, "batch": 5}
    trials = {"train": 12, "validation": 6, "test": 5}
    grid = {"trials.validation": [0, 6]}
    small = {**SMALL, "model": ONE["model"], "training": training, "trials": trials, "grid": grid}
    found = tbrnn.sweep(small, out=tmp_path)
    assert {(line["status"], line["attempts"], line["rollbacks"]) for line in found} == {
        ("rejected", 2, 0)
    }
    bare, held = found[:3], found[3:]
    assert [line["last_loss"] for line in bare] == [line["last_loss"] for line in held]
    assert [line["best_loss"] for line in bare] != [line["best_loss"] for line in held]


def test_ids_follow_from_what_a_network_is():
    explicit = {**ONE, "model": {**ONE["model"], "alpha": 0.2}, "training": {"epochs": 10_000}}
    assert member(explicit).id == member(ONE).id
    recorded = {**ONE, "training": {"record_every": 1}}
    assert member(recorded).id == member(ONE).id  # it changes no number
    changes = {"model.units": 9, "trials.seed": 1, "training.clip": 1.0, "seed": 1, "task.bits": 2}
    ids = [member(with_value(ONE, key, value)).id for key, value in changes.items()]
    assert len({*ids, member(ONE).id}) == 6


def test_whole_sections_vary_too():
    models = [{**ONE["model"], "class": name, "rank": rank} for name, rank in (
        ("LowRankRNN", 2), ("LowRankHORNN", [1, 2]))]  # fmt: skip
    bare = {name: section for name, section in ONE.items() if name != "model"}
    members = plan_sweep({**bare, "grid": {"model": models}}, Path()).members
    assert [(type(one.model).__name__, one.model.rank) for one in members] == [
        ("LowRankRNN", 2),
        ("LowRankHORNN", (1, 2)),
    ]


def test_numbers_with_exponents_are_numbers(tmp_path):
    (tmp_path / "a.yaml").write_text("a: 1e-3\nb: 1E+2\nc: -2.5e1\nd: .5e0\ne: 12\nf: e1\n")
    content, folder = read_configuration(tmp_path / "a.yaml")
    assert content == {"a": 1e-3, "b": 100.0, "c": -25.0, "d": 0.5, "e": 12, "f": "e1"}
    assert folder == tmp_path


def test_tasks_of_the_user(files, monkeypatch):
    own = {**ONE, "task": {"class": "echo.py:Echo", "delay": 3}}
    one = member(own, files)
    assert (one.model.inputs, one.model.outputs) == (3, 2)
    (files / "echo.py").write_text(OWN + "# another\n")
    assert member(own, files).id != one.id
    monkeypatch.syspath_prepend(files)
    assert member({**own, "task": {"class": "echo:Echo"}}).model.outputs == 2


def test_trials_of_the_user(files):
    own = {"task": {"file": "trials.npz"}, "model": ONE["model"]}
    one = member(own, files)
    assert one.source.test is None
    assert one.source.training.initial_states.shape == (6, 8)
    tested = member({**own, "task": {"file": "trials.npz", "test": "trials.npz"}}, files)
    assert tested.source.test.trials == 6
    assert tested.id != one.id


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("model.ranks", 3, "model.ranks is an unknown key; LowRankRNN has units, alpha, sigma"),
        ("model.inputs", 3, "model.inputs is an unknown key"),
        ("model.rank", 9, "model.rank must be a whole number from 1 to 8, got 9"),
        ("model.rank", [1, 2], "model.rank must be a whole number from 1 to 8, got [1, 2]"),
        ("model", {"units": 3}, "model.class is missing"),
        ("model", {"class": "LowRankRNN", "units": 3}, "model.rank is missing"),
        ("model.class", "RNN2", "model.class must be one of LowRankRNN, "),
        ("task.bitz", 1, "task.bitz is an unknown key; FlipFlop has bits, steps"),
        ("task.bits", 0, "task FlipFlop: bits must be a whole number from 1 to 63, got 0"),
        ("task.class", "Sine", "task.class must be one of FlipFlop, "),
        ("task.class", "Flop", "module:Class or file.py:Class, got 'Flop'"),
        ("task.class", "no_such:Task", "task.class: module 'no_such' does not load"),
        ("task", {"class": "nil.py:Task"}, "nil.py: no such file"),
        ("task", {"class": "echo.py:NoTask"}, "class must be a subclass of Task, got 'echo.py:N"),
        ("task", {"class": "echo.py:D"}, "in echo.py, which has no D, got 'echo.py:D'"),
        ("task", {"class": "broken.py:D"}, "broken.py does not load: NameError"),
        ("task", {}, "task.class is missing"),
        ("task.class", ["FlipFlop"], "task.class must be the name of a task, got ['FlipFlop']"),
        ("model.class", ["RNN"], "model.class must be one of "),
        ("task", {"file": "trials.npz"}, "trials must be left out for a task that is a file"),
        ("trials.trian", 3, "trials.trian is an unknown key; trials has train, valid"),
        ("trials.train", 0, "trials.train must be greater than 0, got 0"),
        ("training.epoch", 3, "training.epoch is an unknown key; training has epochs, loss"),
        ("training.epochs", [3, 4], "training.epochs must be a valid integer, got [3, 4]"),
        ("training.lr", -1, "training.lr must be a finite number above 0, got -1"),
        ("training.lr", {"first": 1.0}, "training.lr.last is missing"),
        ("training.lr", {"frist": 1.0}, "training.lr has schedule, first, last, epochs"),
        ("trainng", {}, "trainng is an unknown key; a configuration has task, tri"),
        ("training.lr", "fast", "training.lr must be a section of keys, got 'fast'"),
        ("training.lr", {"first": 1, "last": 1, "schedule": "step"}, "lr.schedule must be"),
        ("training.optimizer", "sgd", "optimizer.name must be 'adam' or 'adamw', got 'sgd'"),
        ("training.optimizer", {"decay": 0.1}, "optimizer.decay must be left out for adam"),
        ("training.guard", {"los": 1}, "training.guard.los is an unknown key; training.guard has"),
        ("seed", -1, "seed must be greater than or equal to 0, got -1"),
        ("sed", 1, "sed is an unknown key"),
    ],
)  # fmt: skip
def test_mistakes(files, key, value, message):
    with pytest.raises(WrongValue) as mistake:
        member(with_value(ONE, key, value), files)
    assert message in str(mistake.value)
    assert key.partition(".")[0] in str(mistake.value)
    assert "\n" not in str(mistake.value)


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ({"file": "nil.npz"}, "nil.npz: no such file"),
        ({"file": "text.npz"}, "text.npz: no npz file of plain arrays"),
        ({"file": "empty.npz"}, "empty.npz: no npz file of plain arrays"),
        ({"file": "bare.npz"}, "task: targets of the training trials are missing"),
        ({"file": "odd.npz"}, "odd.npz: weights is an unknown array; known are inputs, targets"),
        ({"file": "trials.npz", "tset": "x"}, "task.tset is an unknown key"),
        ({"file": "trials.npz", "test": "wide.npz"}, "must have as many inputs and targets"),
    ],
)
def test_mistakes_in_files(files, task, message):
    with pytest.raises((WrongValue, OSError)) as mistake:
        member({"task": task, "model": ONE["model"]}, files)
    assert message in str(mistake.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"grid": {"model.rank": []}}, "grid.model.rank must be at least one value, got []"),
        ({"grid": {"model.rank": 2}}, "grid.model.rank must be a list of values, got 2"),
        (
            {"training": {"optimizer": tbrnn.adamw(0.1)}},
            "training.optimizer must be written as in a YAML file, got Adam(decay=0.1)",
        ),
        ({"grid": {"model": [{}]}}, "model must be left out where grid.model has the whole"),
        (
            {"grid": {"training.lr.first": [1, 2], "training.lr": [3]}},
            "grid.training.lr.first must stand behind grid.training.lr, which replaces it",
        ),
        ({"grid": {"rank": [2]}}, "grid.rank is an unknown key; it must begin with one of task"),
        ({"grid": {"model.rank": [1, 1]}}, "every network once, got twice: {'model.rank': 1"),
        ({"grid": {"model.rank": [1, 9]}}, "model.rank must be a whole number from 1 to 8, got 9"),
        ({"grid": {"model.rank.x": [1]}}, "model.rank.x cannot be set: model.rank is 1"),
        ({"seeds": 0}, "seeds must be a count of at least 1, or a list, got 0"),
        ({"seeds": [0, -1]}, "seeds.1 must be greater than or equal to 0, got -1"),
        ({"seeds": [2, 2]}, "every network once, got twice: {'seed': 2}"),
        ({"seed": 2}, "seed must be left out for a sweep; tbrnn train takes it"),
        ({"a": 2, "b": 3}, "a is an unknown key; b is an unknown key; a sweep has task, trials, "),
    ],
)
def test_mistakes_in_sweeps(changes, message):
    with pytest.raises(WrongValue) as mistake:
        plan_sweep({**ONE, **changes}, Path())
    assert message in str(mistake.value)


def test_a_count_of_seeds_is_a_list():
    for seeds in (3, range(3), {2, 1, 0}, np.arange(3)):
        assert checked_sweep({**ONE, "seeds": seeds}).seeds == [0, 1, 2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1", "line 2: no YAML"),
        ("a: {b: 1,\n c: 2,\n b: 3}", "line 3: .*the key 'b' twice"),
        ("- 1", "must hold keys with values"),
        ("", "must hold keys"),
    ],
)
def test_files_that_hold_no_configuration(tmp_path, text, message):
    (tmp_path / "a.yaml").write_text(text + "\n")
    with pytest.raises(ValueError, match=message):
        read_configuration(tmp_path / "a.yaml")


def test_a_merged_key_may_be_replaced(tmp_path):
    (tmp_path / "a.yaml").write_text("a: &a {x: 1, y: 2}\nb: {<<: *a, x: 3}\n")
    content, _ = read_configuration(tmp_path / "a.yaml")
    assert content == {"a": {"x": 1, "y": 2}, "b": {"x": 3, "y": 2}}


def test_a_file_that_is_no_text(tmp_path):
    (tmp_path / "a.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(WrongValue, match="a.yaml: no YAML .*can't decode"):
        read_configuration(tmp_path / "a.yaml")


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="installed ones .*flipflop_sweep, flipflop_train"):
        read_configuration(tmp_path / "a.yaml")
