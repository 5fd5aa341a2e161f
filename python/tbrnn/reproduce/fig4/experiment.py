"""Fig 4 as an experiment: what is trained, measured, drawn and written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tbrnn
from tbrnn.reproduce.campaign import Campaign, Experiment, Files
from tbrnn.reproduce.fig4.figure import figure, portrait_run
from tbrnn.reproduce.fig4.measured import Measured, measure
from tbrnn.reproduce.fig4.networks import CLASSES, test_trials, train
from tbrnn.reproduce.fig4.protocol import Protocol
from tbrnn.reproduce.fig4.report import SHOWN, make_report
from tbrnn.reproduce.page import png
from tbrnn.reproduce.record import Place, Record
from tbrnn.reproduce.report import Report
from tbrnn.reproduce.store import Store


def measure_campaign(
    campaign: Campaign[Protocol, Record], made: Mapping[str, Any]
) -> tuple[Report, Files]:
    """The report of a finished campaign, and its files."""
    store, protocol = campaign.store, campaign.protocol
    places = [(name, run, None) for name in CLASSES for run in campaign.runs]
    found: list[Place] = [place for place in places if place in store.records]
    campaign.tell(f"distances between {len(found)} networks")
    measured = measure(
        [name for name, _, _ in found],
        [run for _, run, _ in found],
        [store.network(place) for place in found],
        test_trials(protocol),
        campaign.threads,
    )
    report = make_report(store.in_order(), measured, protocol, made)

    def files() -> dict[str, bytes]:
        page = figure(measured, portraits(store, measured), protocol, campaign.threads)
        return {
            "fig4.txt": report.printed().encode(),
            "fig4.npz": measured.bytes(),
            "fig4.png": png(page, dpi=300),
        }

    return report, files


def portraits(store: Store[Record], measured: Measured) -> tbrnn.Ensemble:
    """The networks that are drawn, of one run."""
    run = portrait_run(store.in_order(), measured)
    return store.networks((name, run, None) for name in SHOWN if name in measured.groups)


EXPERIMENT = Experiment(
    metrics=("cka_uncentred", "cka_centred", "accuracy", "squared_error"),
    train=train,
    measure=measure_campaign,
)
