"""What docs/results says of recorded networks is what the package says of them now."""

import json
from pathlib import Path

import pytest

from tbrnn.reproduce import fig3, fig4, table1, table2
from tbrnn.reproduce.store import read_records

RESULTS = Path(__file__).parents[2] / "docs" / "results"
OF_WEIGHTS = ("cosine of W", "not known: effective tensors", "holds: effective tensors")


def fig3_of(folder, protocol, made):
    truncated = fig3.read_truncations(folder / "truncations.jsonl")
    portrait = fig3.read_portrait(folder / "fig3.npz")
    records = read_records(folder / "networks.jsonl")
    return fig3.make_report(records, truncated, {}, portrait, protocol, made)


def fig4_of(folder, protocol, made):
    measured = fig4.read_measured(folder / "fig4.npz")
    return fig4.make_report(read_records(folder / "networks.jsonl"), measured, protocol, made)


def table1_of(folder, protocol, made):
    return table1.make_report(*table1.read_records(folder / "networks.jsonl"), protocol, made)


def table2_of(folder, protocol, made):
    return table2.make_report(read_records(folder / "networks.jsonl"), protocol, made)


@pytest.mark.parametrize(
    ("module", "report_of"),
    [(fig3, fig3_of), (fig4, fig4_of), (table1, table1_of), (table2, table2_of)],
    ids=["fig3", "fig4", "table1", "table2"],
)
def test_the_text_is_that_of_the_records(module, report_of):
    """All of it but what needs weights, which are not stored."""
    name = module.__name__.rpartition(".")[2]
    folder, protocol = RESULTS / name, module.load_protocol("paper")
    stored = json.loads((folder / "report.json").read_text())
    assert stored["provenance"]["config"] == protocol.hash
    report = report_of(folder, protocol, stored["provenance"])
    text = (folder / f"{name}.txt").read_text()
    assert _of_records(report.printed()) == _of_records(text)
    assert report.as_dict()["protocol_deviations"] == stored["protocol_deviations"]


def _of_records(text):
    lines = [" ".join(line.split()) for line in text.splitlines()]
    return [line for line in lines if not line.startswith(OF_WEIGHTS)]
