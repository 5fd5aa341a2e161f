"""Lines are there as a whole or not at all, whatever cuts the writing off."""

import errno
import os

import pytest

from tbrnn.campaign import Lines

ENTRIES = [{"run": run, "loss": 0.1 + run / 3} for run in range(4)]


@pytest.fixture
def path(tmp_path):
    Lines(tmp_path / "networks.jsonl").append(ENTRIES[:3])
    return tmp_path / "networks.jsonl"


def test_lines_come_back_as_they_went(path):
    lines = Lines(path)
    assert lines.entries == ENTRIES[:3]
    lines.append(ENTRIES[3:])
    assert lines.entries == Lines(path).entries == ENTRIES


def test_a_line_cut_off_anywhere_is_dropped_and_written_again(path):
    whole = path.read_bytes()
    start = whole.rindex(b"{")
    for end in range(start, len(whole)):
        path.write_bytes(whole[:end])
        lines = Lines(path)
        assert lines.entries == ENTRIES[:2]
        lines.append(ENTRIES[2:3])
        assert path.read_bytes() == whole


def test_a_full_disk_leaves_what_was_there(path, monkeypatch):
    before = path.read_bytes()

    def full(file):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    lines = Lines(path)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left.*networks.jsonl"):
        lines.append(ENTRIES[3:])
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert lines.entries == ENTRIES[:3]


@pytest.mark.parametrize(("line", "what"), [("{run}", "no JSON"), ("[1]", "no JSON object")])
def test_a_damaged_line_is_named(path, line, what):
    path.write_text(line + "\n" + path.read_text())
    with pytest.raises(ValueError, match=f"networks.jsonl, line 1: {what}"):
        Lines(path)


def test_numbers_that_json_does_not_know_are_refused(path):
    with pytest.raises(ValueError, match="JSON"):
        Lines(path).append([{"loss": float("nan")}])
    assert Lines(path).entries == ENTRIES[:3]
