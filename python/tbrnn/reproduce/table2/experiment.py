"""Table 2 as an experiment: what is trained, measured, drawn and written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tbrnn.reproduce.campaign import Campaign, Experiment, Files
from tbrnn.reproduce.page import png
from tbrnn.reproduce.record import Record
from tbrnn.reproduce.report import Report
from tbrnn.reproduce.table2.figure import figure
from tbrnn.reproduce.table2.networks import train
from tbrnn.reproduce.table2.pictures import pictures_of
from tbrnn.reproduce.table2.protocol import Protocol
from tbrnn.reproduce.table2.report import make_report


def measure_campaign(
    campaign: Campaign[Protocol, Record], made: Mapping[str, Any]
) -> tuple[Report, Files]:
    """The report of a finished campaign, and its files."""
    records = campaign.store.in_order()
    report = make_report(records, campaign.protocol, made)

    def files() -> dict[str, bytes]:
        pictures = pictures_of(campaign)
        return {
            "table2.txt": report.printed().encode(),
            "table2.npz": pictures.bytes(),
            "table2.png": png(figure(records, pictures), dpi=300),
        }

    return report, files


EXPERIMENT = Experiment(
    metrics=("cka_centred", "r2_across_trials", "r2_pooled", "squared_error"),
    train=train,
    measure=measure_campaign,
)
