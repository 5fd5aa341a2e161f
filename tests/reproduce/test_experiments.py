"""Figures and tables as campaigns: parts repeat the whole, cut-off ones go on, shards merge."""

import json
import shutil
from dataclasses import replace

import pytest

import tbrnn
from reproduce.small import EXPERIMENTS, ending_with, small, threads_asked
from tbrnn.campaign import ChangedConfiguration
from tbrnn.campaign.lines import read_lines, write_lines
from tbrnn.campaign.status import read_status
from tbrnn.errors import Mistake
from tbrnn.reproduce.campaign import reproduce
from tbrnn.reproduce.presets import differences
from tbrnn.reproduce.store import read_records

RUNS = 3
PER_RUN = {"fig3": 1 + 6 + 1 + 1, "fig4": 4, "table2": 3}
FILES = {name: (f"{name}.txt", f"{name}.npz", f"{name}.png") for name in EXPERIMENTS}
NAMES = list(EXPERIMENTS)
INSTRUCTIONS = tbrnn.engine_info()["instruction_set"]
UNKNOWN_BEFORE = ("version", "instruction_set")  # in the lines of earlier versions


def made(name, out, **options):
    threads = options.pop("threads", 2)
    shard = options.pop("shard", None)
    protocol = small(name, **{"runs": RUNS, **options})
    return reproduce(EXPERIMENTS[name].EXPERIMENT, protocol, out=out, shard=shard, threads=threads)


def lines(folder):
    return set((folder / "networks.jsonl").read_text().splitlines())


def same_files(name, one, other):
    for file in ("networks.jsonl", *FILES[name]):
        assert (one / file).read_bytes() == (other / file).read_bytes(), file


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The finished folder of each experiment, made once."""
    folders = {}

    def folder(name):
        if name not in folders:
            folders[name] = tmp_path_factory.mktemp(name)
            made(name, folders[name])
        return folders[name]

    return folder


@pytest.mark.parametrize("name", NAMES)
def test_every_network_has_a_record_and_weights(name, whole):
    records = read_records(whole(name) / "networks.jsonl")
    assert len(records) == RUNS * PER_RUN[name] == len({record.place for record in records})
    assert len(list((whole(name) / "weights").iterdir())) == len(records)
    assert len({record.best_loss for record in records}) == len(records)


@pytest.mark.parametrize("name", NAMES)
def test_files_are_complete(name, whole):
    report = json.loads((whole(name) / "report.json").read_text())
    assert report["experiment"] == name
    assert report["provenance"]["seed"] == 6
    assert {"name", "ours", "published", "agrees"} <= report["values"][0].keys()
    text = (whole(name) / f"{name}.txt").read_text()
    assert all(sentence in text for sentence in report["deviations"])
    assert f"runs: {RUNS}, published 30" in report["protocol_deviations"]
    assert (whole(name) / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert not (whole(name) / "checkpoints").exists()
    assert max(map(len, text.splitlines())) <= 130


@pytest.mark.parametrize("name", NAMES)
def test_fewer_runs_on_one_thread_repeat_the_numbers_of_the_whole(name, whole, tmp_path):
    made(name, tmp_path, runs=1, threads=1)
    assert lines(tmp_path) < lines(whole(name))
    made(name, tmp_path)
    same_files(name, tmp_path, whole(name))


@pytest.mark.parametrize("name", NAMES)
def test_another_seed_gives_other_networks(name, whole, tmp_path):
    made(name, tmp_path, runs=1, seed=7)
    assert not lines(tmp_path) & lines(whole(name))


@pytest.mark.parametrize("lost", [0, 1, 4])
@pytest.mark.parametrize("weights", ["kept", "lost"])
@pytest.mark.parametrize("name", NAMES)
def test_an_experiment_goes_on_where_it_was_cut_off(name, whole, tmp_path, lost, weights):
    """Some lines are missing, the last one in the middle, and perhaps the weights."""
    part = tmp_path / "part"
    shutil.copytree(whole(name), part)
    kept = (part / "networks.jsonl").read_text().splitlines(keepends=True)
    (part / "networks.jsonl").write_text("".join(kept[: len(kept) - lost]) + kept[-1][:40])
    for file in ("report.json", *FILES[name]):
        (part / file).unlink()
    if weights == "lost":
        shutil.rmtree(part / "weights")
    made(name, part)
    same_files(name, part, whole(name))
    new = [json.loads(line) for line in (part / "sittings.jsonl").read_text().splitlines()][1:]
    assert sum(sitting["networks"] for sitting in new) == lost


@pytest.mark.parametrize("name", NAMES)
def test_shards_merge_to_the_whole(name, whole, tmp_path):
    for shard in ((2, 2), (1, 2)):
        assert made(name, tmp_path, shard=shard) is None
    told = []
    protocol = small(name, runs=RUNS)
    reproduce(EXPERIMENTS[name].EXPERIMENT, protocol, out=tmp_path, tell=told.append)
    assert not [stage for stage in told if "network" in stage and "distances" not in stage]
    same_files(name, tmp_path, whole(name))
    sittings = [(tmp_path / f"shard-{i}-of-2/sittings.jsonl").read_text() for i in (1, 2)]
    assert (tmp_path / "sittings.jsonl").read_text() == "".join(sittings)
    reproduce(EXPERIMENTS[name].EXPERIMENT, protocol, out=tmp_path)
    assert (tmp_path / "sittings.jsonl").read_text() == "".join(sittings)


@pytest.mark.parametrize("name", NAMES)
def test_other_networks_than_recorded_are_refused(name, whole, tmp_path, monkeypatch):
    """As another instruction set or device would train them."""
    part = tmp_path / "part"
    shutil.copytree(whole(name), part)
    shutil.rmtree(part / "weights")
    ending_with(monkeypatch, "fit", lambda runs: replace(runs, last_loss=runs.last_loss + 99))
    told = f"{part}: .* was trained again and .*last_loss .*, {INSTRUCTIONS}, cpu; go on where"
    with pytest.raises(Mistake, match=told):
        made(name, part)
    assert lines(part) == lines(whole(name))
    assert not (part / "weights").exists()
    monkeypatch.undo()
    made(name, part)
    same_files(name, part, whole(name))


@pytest.mark.parametrize("name", NAMES)
def test_records_say_what_trained_them_and_reports_repeat_it(name, whole, tmp_path):
    part = tmp_path / "part"
    shutil.copytree(whole(name), part)
    found = [json.loads(line) for line in (part / "networks.jsonl").read_text().splitlines()]
    assert {(line["version"], line["instruction_set"]) for line in found} == {
        (tbrnn.__version__, INSTRUCTIONS)
    }
    write_lines(part / "networks.jsonl", [{**line, "instruction_set": "mmx"} for line in found])
    made(name, part)
    assert "mmx" in (part / f"{name}.txt").read_text().splitlines()[0]
    bare = [{k: v for k, v in line.items() if k not in UNKNOWN_BEFORE} for line in found]
    write_lines(part / "networks.jsonl", bare)
    made(name, part)
    report = json.loads((part / "report.json").read_text())
    assert report["provenance"]["instruction_set"] == report["provenance"]["version"] == ""
    assert "(tbrnn, configuration" in (part / f"{name}.txt").read_text().splitlines()[0]
    assert read_lines(part / "networks.jsonl") == bare


@pytest.mark.parametrize("name", NAMES)
def test_all_work_is_done_by_as_many_threads_as_asked_for(name, monkeypatch):
    asked = threads_asked(monkeypatch)
    made(name, None, runs=1, threads=1)
    assert asked == {1}


@pytest.mark.parametrize("name", ["fig4", "table2"])
def test_without_failed_attempts_there_is_no_file_of_them(name, whole):
    assert not (whole(name) / "attempts.jsonl").exists()


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_of_another_protocol_is_refused(name, whole):
    with pytest.raises(ChangedConfiguration, match="seed: 6 there, 8 now"):
        made(name, whole(name), seed=8)


@pytest.mark.parametrize("name", NAMES)
def test_status_counts_the_networks(name, whole):
    status = read_status(whole(name))
    records = read_records(whole(name) / "networks.jsonl")
    assert len(status.lines) == len(records)
    assert status.kind.title == f"{name}, preset paper"
    for (_, network), *_ in status.groups:
        found = [record for record in records if record.network == network]
        assert status.groups[(("network", network),)] >= len(found)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_written_without_a_folder(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    report = made(name, None, runs=2)
    assert report.printed().startswith(report.title)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_a_single_run_is_a_report_too(name):
    report = made(name, None, runs=1)
    assert report.values
    assert report.title.endswith(": 1 run")


@pytest.mark.parametrize("name", NAMES)
def test_presets(name):
    load = EXPERIMENTS[name].load_protocol
    quick, paper = load("quick"), load("paper")
    assert differences(paper, paper) == []
    assert paper.runs == 30
    assert {entry.split(":")[0].split(".")[-1] for entry in differences(quick, paper)} <= {
        "runs",
        "epochs",
    }
    assert len({load("paper", seed=s).hash for s in (0, 1)} | {quick.hash}) == 3


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"preset": "slow"}, "preset must be one of 'quick', 'paper', got 'slow'"),
        ({"runs": 0}, "runs must be a whole number of at least 1, got 0"),
        ({"seed": -1}, "seed must be a whole number of at least 0, got -1"),
    ],
)
def test_mistakes(name, changes, message):
    with pytest.raises(ValueError, match=message):
        EXPERIMENTS[name].load_protocol(**{"preset": "quick", **changes})


@pytest.mark.parametrize("name", NAMES)
def test_unknown_keys_are_errors(name):
    module = EXPERIMENTS[name]
    content = module.load_protocol("quick").model_dump(mode="json")
    with pytest.raises(ValueError, match=r"momentum\n.*not permitted"):
        module.Protocol.model_validate(content | {"momentum": 0.9})
