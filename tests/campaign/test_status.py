"""The status of folders, read while others may be writing there."""

import json
import os
import re
import subprocess
import sys
import time

import pytest

import tbrnn
from campaign.sweeps import SMALL
from tbrnn.campaign import Lines, hold
from tbrnn.campaign.folder import holder
from tbrnn.campaign.status import read_status
from tbrnn.campaign.status_table import status_text
from tbrnn.reproduce.table1 import load_protocol

STUDENT = {"status": "stalled", "epochs": 800, "best_loss": 0.01, "accuracy": 0.9, "test_loss": 0.1}
TEACHER = {"status": "converged", "attempts": 2, "epochs": 2000, "best_loss": 1e-4}
CLASSES = ("rnn", "tbrnn")


def text(folder):
    return status_text(read_status(folder))


def row(folder, *words):
    """What follows these words in the one line that begins with them."""
    rows = [line.split() for line in text(folder).splitlines()]
    (found,) = [line for line in rows if line[: len(words)] == list(words)]
    return found[len(words) :]


@pytest.fixture(scope="module")
def table_1(tmp_path_factory):
    """A made-up Table 1: 4 tasks, 30 runs, 240 teachers, of which two failed, and all students."""
    folder = tmp_path_factory.mktemp("table1")
    protocol = load_protocol("paper")
    with hold(folder, protocol.model_dump(mode="json")):
        lines = []
        for task in protocol.tasks:
            for run in range(30):
                for kind in CLASSES:
                    place = {"task": task, "run": run, "teacher": kind}
                    failed = task == "flipflop-3" and kind == "tbrnn" and run > 27
                    status = {"status": "rejected"} if failed else {}
                    lines.append({**place, "rank": 2, **TEACHER, **status})
                    ranks = () if failed else range(1, 7)
                    lines += [
                        {**place, "student": student, "rank": rank, **STUDENT}
                        for student in CLASSES
                        for rank in ranks
                    ]
        Lines(folder / "networks.jsonl").append(lines)
    return folder


def test_table_1(table_1):
    # 240 teachers, 238 of them with students of two classes and six ranks
    assert "3,096 of 3,096 networks finished (100 %); not running" in text(table_1)
    assert row(table_1, "flipflop-3", "tbrnn", "teachers")[:3] == ["30/30", "28", "2"]
    assert row(table_1, "flipflop-3", "tbrnn", "rnn", "students")[:2] == ["168/168", "168"]
    assert row(table_1, "sine", "rnn", "tbrnn", "students")[:2] == ["180/180", "180"]


def test_a_table_of_thousands_of_lines_takes_a_fraction_of_a_second(table_1):
    began = time.process_time()
    text(table_1)
    assert time.process_time() - began < 0.5  # 0.03 measured


def test_a_sweep(tmp_path):
    tbrnn.sweep(SMALL, out=tmp_path)
    assert "sweep, tbrnn" in text(tmp_path)
    assert "12 of 12 networks finished (100 %)" in text(tmp_path)
    assert "in training" not in text(tmp_path)
    assert re.search("not running, last line [0-9]+ s ago", text(tmp_path))
    found = row(tmp_path, "2", "float64")
    lines = [json.loads(line) for line in (tmp_path / "networks.jsonl").read_text().splitlines()]
    losses = sorted(line["best_loss"] for line in lines[9:])
    assert found[:3] == ["3/3", "3", f"{losses[1]:.3g}"]


def test_shards_and_who_works_there(tmp_path):
    small = {**SMALL, "seeds": 1}
    tbrnn.sweep(small, out=tmp_path, shard=(1, 3))
    assert "2 of 4 networks finished (50 %)" in text(tmp_path)  # before they are merged
    assert row(tmp_path, "shard-1-of-3")[0] == "2/2"
    assert "2 of 2 networks finished (100 %)" in text(tmp_path / "shard-1-of-3")
    part = (tmp_path / "shard-1-of-3" / "networks.jsonl").read_text().splitlines(keepends=True)
    tbrnn.sweep(small, out=tmp_path)
    (tmp_path / "networks.jsonl").write_text(part[0])  # of the two, one is merged
    configuration = json.loads((tmp_path / "campaign.json").read_text())["configuration"]
    with hold(tmp_path / "shard-1-of-3", configuration):
        work = ["running", "(process", f"{os.getpid()}),", "last", "line"]
        assert row(tmp_path, "shard-1-of-3")[:6] == ["2/2", *work]
        assert f"2 of 4 networks finished (50 %); {' '.join(work)}" in text(tmp_path)
    assert row(tmp_path, "shard-1-of-3")[:3] == ["2/2", "not", "running,"]
    assert "2 of 4 networks finished (50 %); not running" in text(tmp_path)


@pytest.mark.parametrize("ten", [("shard-1-of-2",), (".", "shard-1-of-2")])
def test_shards_that_take_more_runs_than_others_say_how_many_there_are(tmp_path, ten):
    for place, runs in (*((place, 10) for place in ten), ("shard-2-of-2", 30)):
        protocol = load_protocol("paper", runs=runs).model_dump(mode="json")
        with hold(tmp_path / place, protocol, growing=["runs"]):
            pass
    found = read_status(tmp_path)
    assert found.networks == 30 * 4 * 2 * (1 + 2 * 6)
    assert [part.networks for part in found.parts[1:]] == [found.networks / 2] * 2


def test_before_the_first_line(tmp_path):
    with hold(tmp_path, {**SMALL, "seeds": [0, 1]}):
        assert "0 of 8 networks finished (0 %)" in text(tmp_path)
        assert f"running (process {os.getpid()}), no line yet" in text(tmp_path)


def test_what_is_in_training(tmp_path, monkeypatch):
    def press(self, *words):
        raise KeyboardInterrupt

    grid = {"training.epochs": [5, 10**8], "model.rank": [1, 2]}
    changes = {"training": {"stall": None, "target_loss": None}, "grid": grid, "seeds": 1}
    monkeypatch.setattr("tbrnn._training.Bar.update", press)  # after a slice of time
    with pytest.warns(RuntimeWarning), pytest.raises(KeyboardInterrupt):
        tbrnn.sweep({**SMALL, **changes}, out=tmp_path)
    found = re.search(
        "no line yet; in training: 2 of 4 ended, ([0-9,]+) epochs, saved", text(tmp_path)
    )
    assert 10 < int(found[1].replace(",", "")) < 10**8


def test_a_line_that_is_being_written_does_not_count_and_stays(tmp_path):
    tbrnn.sweep({**SMALL, "seeds": 1}, out=tmp_path)
    path = tmp_path / "networks.jsonl"
    path.write_bytes(path.read_bytes()[:-7])
    before = path.read_bytes()
    assert "3 of 4 networks finished" in text(tmp_path)
    assert path.read_bytes() == before


def test_long_grids_are_summarised(tmp_path):
    grid = {"model.rank": [1, 2, 3], "training.lr": list(range(1, 14)), "model.units": [8, 9]}
    with hold(tmp_path, {**SMALL, "grid": grid, "seeds": [0, 1]}):
        status = read_status(tmp_path)
    assert len(status.groups) == 39
    assert set(status.groups.values()) == {4}
    assert status.networks == 156


LOW, THREE = ({"class": name, "units": 8, "rank": 1} for name in ("LowRankRNN", "LowRankTBRNN"))
RELU = {"name": "leaky_relu", "leak": 0.1}


@pytest.mark.parametrize(
    ("key", "sections", "words"),
    [
        ("model", [LOW, THREE, {**LOW, "rank": 2}], ["LowRankRNN, rank 1", "LowRankTBRNN, rank 1"]),
        ("model", [LOW, {"class": "RNN", "units": 8}], ["LowRankRNN, rank 1", "RNN"]),
        ("model", [LOW, {**LOW, "phi": RELU}], ["no phi", "leaky_relu, phi.leak 0.1"]),
        ("model", [LOW], ["LowRankRNN"]),
        ("training.lr", [1e-2, {"first": 1e-2, "last": 1e-3}], ["0.01", "first 0.01, last 0.001"]),
        ("training.guard", [None, {}, {"back": 3}], ["None", "{}", "back 3"]),
        ("training.stall", [[9, 0.1], [9, 0.2]], ["[9, 0.1]", "[9, 0.2]"]),
    ],
)
def test_sections_are_told_apart_by_what_differs(tmp_path, key, sections, words):
    grid = {key: sections, "model.alpha": [0.5, 1.0]}
    with hold(tmp_path, {**SMALL, "grid": grid, "seeds": [0, 1]}):
        line = {"id": "a", "status": "capped", key: sections[0], "model.alpha": 1.0}
        Lines(tmp_path / "networks.jsonl").append([line])
    status = read_status(tmp_path)
    found = list(dict.fromkeys(group[0] for group in status.groups))
    assert found[: len(words)] == [(key, word) for word in words]
    assert len(status.groups) == 2 * len(sections)
    assert status.kind.group(status.lines[0]) == (found[0], ("model.alpha", "1"))


def test_looking_does_not_keep_a_campaign_from_starting(tmp_path):
    with hold(tmp_path, {}):
        pass
    code = (
        "import sys, pathlib, time; from tbrnn.campaign.folder import holder\n"
        "print(flush=True)\n"
        "while True: holder(pathlib.Path(sys.argv[1])), time.sleep(0.001)"
    )
    looking = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
    looking.stdout.readline()
    for _ in range(100):
        with hold(tmp_path, {}):
            assert holder(tmp_path) == str(os.getpid())
    looking.kill()
    looking.communicate()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("campaign.json", "{", "campaign.json: damaged"),
        ("campaign.json", '{"configuration": 3}', "campaign.json: damaged"),
        ("networks.jsonl", '{"id": "a"}\n', "a line of networks.jsonl lacks 'status'"),
        ("networks.jsonl", '{"status": "a"}\n', "a line of networks.jsonl lacks 'id'"),
        ("networks.jsonl", "no\n", "networks.jsonl, line 1: no JSON"),
    ],
)
def test_damaged_folders(tmp_path, name, content, message):
    with hold(tmp_path, {**SMALL, "seeds": [0]}):
        pass
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=message):
        read_status(tmp_path)


def test_campaigns_below_a_folder_are_named(tmp_path):
    """As `tbrnn reproduce three-body` leaves them."""
    (tmp_path / "empty").mkdir()
    for name in ("table1", "fig3/shard-2-of-3"):
        with hold(tmp_path / name, SMALL):
            pass
    with pytest.raises(ValueError, match=r"no campaign was begun here .*, but in fig3, table1$"):
        read_status(tmp_path)


def test_the_checkpoint_of_a_call_is_no_campaign(tmp_path):
    trials = tbrnn.tasks.FlipFlop(bits=1).sample(4)
    model = tbrnn.LowRankRNN(units=4, rank=1, inputs=1, outputs=1)
    tbrnn.fit(model, trials, epochs=2, checkpoint=tmp_path)
    with pytest.raises(ValueError, match="no campaign, but the checkpoint of a call of fit"):
        read_status(tmp_path)
