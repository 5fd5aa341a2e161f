"""Files of records: half a line is none, a line that is no record is named."""

import pytest

from tbrnn.reproduce import fig3, table1
from tbrnn.reproduce.campaign import Campaign
from tbrnn.reproduce.fig3.truncations import truncations
from tbrnn.reproduce.provenance import made_by, provenance
from tbrnn.reproduce.record import Record
from tbrnn.reproduce.store import Store, read_records

READERS = (read_records, table1.read_records, fig3.read_truncations)


def record(run, **changes):
    values = {"status": "capped", "attempts": 1, "epochs": 9, "best_loss": 0.1, "last_loss": 0.1}
    return Record("rnn", run, None, **{**values, "scores": {"accuracy": 1.0}, **changes})


def test_a_line_that_was_cut_off_is_left_out(tmp_path):
    store = Store(tmp_path)
    store.add([record(run) for run in range(3)])
    path = tmp_path / "networks.jsonl"
    path.write_text(path.read_text()[:-20])
    assert read_records(path) == [record(0), record(1)]
    assert list(Store(tmp_path).records.values()) == [record(0), record(1)]


@pytest.mark.parametrize("read", READERS)
def test_what_is_no_record_is_named(read, tmp_path):
    path = tmp_path / "networks.jsonl"
    with pytest.raises(FileNotFoundError, match=f"{path} does not exist"):
        read(path)
    path.write_text("{\n{}\n")
    with pytest.raises(ValueError, match=f"{path}, line 1: no JSON"):
        read(path)


@pytest.mark.parametrize("read", [read_records, table1.read_records])
def test_a_line_of_other_fields_is_named(read, tmp_path):
    path = tmp_path / "networks.jsonl"
    path.write_text('{"run": 0}\n')
    with pytest.raises(ValueError, match=f"{path}, line 1: no record: "):
        read(path)
    with pytest.raises(ValueError, match=f"{path}, line 1: no record: "):
        Store(tmp_path)


def test_a_truncation_of_other_fields_is_named(tmp_path):
    path = tmp_path / "truncations.jsonl"
    path.write_text('{"run": 0}\n')
    with pytest.raises(ValueError, match=f"{path}, line 1: no record: "):
        fig3.read_truncations(path)
    campaign = Campaign(fig3.load_protocol("quick"), range(2), Store(tmp_path), None, 1, str)
    with pytest.raises(ValueError, match=f"{path}, line 1: no record: "):
        truncations(campaign)


def test_another_ending_of_the_same_network_is_refused(tmp_path):
    store = Store(tmp_path)
    store.add([record(0, best_loss=float("nan"), instruction_set="avx2", version="1.0")])
    store.add([record(0, best_loss=float("nan"), instruction_set="avx512")])
    assert store.in_order()[0].instruction_set == "avx2"
    with pytest.raises(ValueError, match=r"rnn 0 was trained again .*avx2, cpu, .*avx512, cpu;"):
        store.add([record(0, best_loss=0.2, instruction_set="avx512", version="1.0")])
    with pytest.raises(ValueError, match="rnn 0 was trained again"):
        store.add_failed([record(0)])
    assert not (tmp_path / "attempts.jsonl").exists()


def test_what_trained_the_networks_is_joined():
    """A record of an earlier version names neither; nothing is said in its place."""
    some = [
        record(run, instruction_set=instructions, version="1.0", device=device)
        for run, instructions, device in ((0, "avx512", "cpu"), (1, "avx2", "cuda: card"))
    ]
    made = provenance([*some, record(2)], seed=0, config="abc", metrics=())
    assert made_by(made) == "tbrnn 1.0, avx2 and avx512, cpu and cuda: card"
    assert made_by(provenance([record(2)], seed=0, config="abc", metrics=())) == "tbrnn"


def test_failed_attempts_are_kept_once(tmp_path):
    store = Store(tmp_path)
    store.add_failed([])
    assert not (tmp_path / "attempts.jsonl").exists()
    store.add_failed([record(0), record(1)])
    store.add_failed([record(1), record(1, attempts=2)])
    kept = [(0, 1), (1, 1), (1, 2)]
    assert list(Store(tmp_path).failed) == [(("rnn", run, None), one) for run, one in kept]
