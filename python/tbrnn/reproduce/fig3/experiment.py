"""Fig 3 as an experiment: what is trained, measured, drawn and written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tbrnn.reproduce.campaign import Campaign, Experiment, Files
from tbrnn.reproduce.fig3.example import Example, example
from tbrnn.reproduce.fig3.figure import figure
from tbrnn.reproduce.fig3.networks import accepted, train
from tbrnn.reproduce.fig3.portrait import portrait
from tbrnn.reproduce.fig3.protocol import Protocol
from tbrnn.reproduce.fig3.report import accuracy_by_rank, make_report
from tbrnn.reproduce.fig3.truncations import truncations
from tbrnn.reproduce.page import png
from tbrnn.reproduce.record import Record
from tbrnn.reproduce.report import Report
from tbrnn.reproduce.store import Store


def measure_campaign(
    campaign: Campaign[Protocol, Record], made: Mapping[str, Any]
) -> tuple[Report, Files]:
    """The report of a finished campaign, and its files."""
    store, protocol = campaign.store, campaign.protocol
    records, truncated = store.in_order(), truncations(campaign)
    found, shown = examples(store), portrait(campaign)
    report = make_report(records, truncated, found, shown, protocol, made)

    def files() -> dict[str, bytes]:
        curves = accuracy_by_rank(records, truncated, protocol, "training")
        ranks = protocol.networks.student.ranks
        page = figure(curves, ranks, shown, next(iter(found.values()), None))
        return {
            "fig3.txt": report.printed().encode(),
            "fig3.png": png(page, dpi=300),
            **({} if shown is None else {"fig3.npz": shown.bytes()}),
        }

    return report, files


def examples(store: Store[Record]) -> dict[int, Example]:
    """The pairs of panel c, by run."""
    return {
        record.run: example(
            store.network(("example_teacher", record.run, None)), store.network(record.place)
        )
        for record in accepted(store, "example_student")
    }


EXPERIMENT = Experiment(
    metrics=("accuracy", "squared_error", "cosine"),
    train=train,
    measure=measure_campaign,
)
