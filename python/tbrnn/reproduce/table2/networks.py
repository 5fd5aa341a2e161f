"""The networks of Table 2: full-rank, one unit per protein, fitted to the proteins' course."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

import tbrnn
from tbrnn.analysis import r2_across_trials, r2_pooled, similarity, squared_error
from tbrnn.reproduce import seeds
from tbrnn.reproduce.campaign import Campaign, Trained
from tbrnn.reproduce.record import Place, Record
from tbrnn.reproduce.table2.protocol import Protocol
from tbrnn.reproduce.training import check_finished, ending, training_options
from tbrnn.tasks import MultiFate
from tbrnn.trials import Floats, Trials

MODELS = {"rnn": tbrnn.RNN, "tbrnn": tbrnn.TBRNN, "hornn": tbrnn.HORNN}
NAMES = {"rnn": "RNN", "tbrnn": "TBRNN", "hornn": "HORNN"}
AT_ONCE = 6  # runs that are trained in one call
ON = 0.5  # a protein above it is on


def train(campaign: Campaign[Protocol, Record]) -> None:
    """Train the networks that are missing, class after class."""
    for name in MODELS:
        places: list[Place] = [(name, run, None) for run in campaign.runs]
        campaign.complete(name, places, partial(_trained, campaign, name), AT_ONCE)


def trials_of(protocol: Protocol, run: int) -> tuple[Trials, Trials]:
    """The training trials of a run, and trials of the same kind that nothing is trained on."""
    task = MultiFate(proteins=protocol.network.units, candidates=protocol.candidates)
    first = protocol.trials
    drawn = task.sample(
        first + protocol.test_trials, seeds.data(protocol.seed, "table2", "training", run)
    ).arrays()
    return (
        Trials(**{name: array[:first] for name, array in drawn.items()}),
        Trials(**{name: array[first:] for name, array in drawn.items()}),
    )


def _trained(
    campaign: Campaign[Protocol, Record], name: str, places: list[Place]
) -> Trained[Record]:
    protocol = campaign.protocol
    runs = [run for _, run, _ in places]
    data = [trials_of(protocol, run) for run in runs]
    trained = tbrnn.fit(
        model(protocol, name).initial(
            [seeds.network(protocol.seed, "table2", name, run) for run in runs], numbers=runs
        ),
        Trials.stack([own for own, _ in data]),
        dataset=range(len(runs)),
        threads=campaign.threads,
        checkpoint=campaign.checkpoints.of(name, places),
        **training_options(protocol, getattr(protocol.networks, name)),
    )
    check_finished(trained)
    scores = [
        _scores(net, *trials, campaign.threads)
        for net, trials in zip(trained.best, data, strict=True)
    ]
    records = [
        Record(*place, scores=scores[i], **ending(trained, i)) for i, place in enumerate(places)
    ]
    return records, trained.best


def model(protocol: Protocol, name: str) -> Any:
    """The model of one class."""
    units = protocol.network.units
    options = protocol.network.model_dump()
    return MODELS[name](inputs=units, outputs=units, readout="identity", **options)


def _scores(net: tbrnn.Ensemble, own: Trials, new: Trials, threads: int) -> dict[str, float]:
    """On the training trials and, with the prefix ``test_``, on new ones."""
    scores: dict[str, float] = {}
    for prefix, trials in (("", own), ("test_", new)):
        outputs = net.simulate(trials, states=False, rates=False, threads=threads).outputs
        scored = _score(outputs, np.asarray(trials.targets))
        scores |= {prefix + name: value for name, value in scored.items()}
    return scores


def _score(outputs: Floats, targets: Floats) -> dict[str, float]:
    return {
        "cka": similarity(outputs, targets, "cka_centred"),
        "r2": float(r2_across_trials(outputs, targets)),
        "r2_pooled": float(r2_pooled(outputs, targets)),
        "agreement": float(np.mean((outputs[:, -1] > ON) == (targets[:, -1] > ON))),
        "loss": float(squared_error(outputs, targets)),
    }
