"""The networks of Fig 4: two-body, three-body in two ways, gated; rank one, all on one task."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np

import tbrnn
from tbrnn.analysis import accuracy, squared_error
from tbrnn.models import LowRankNetwork
from tbrnn.reproduce import seeds
from tbrnn.reproduce.campaign import Campaign, Trained
from tbrnn.reproduce.fig4.protocol import Protocol
from tbrnn.reproduce.presets import Training
from tbrnn.reproduce.record import Place, Record
from tbrnn.reproduce.training import check_finished, ending, training_options
from tbrnn.tasks import FlipFlop
from tbrnn.trials import Trials

Phase: TypeAlias = tuple[Training, tuple[str, ...] | None]  # and the arrays that are trained

TASK = FlipFlop(bits=1)
CLASSES: dict[str, type[LowRankNetwork]] = {
    "rnn": tbrnn.LowRankRNN,
    "tbrnn": tbrnn.LowRankTBRNN,
    "tbrnn_same": tbrnn.LowRankTBRNN,
    "gru": tbrnn.LowRankGRU,
}
NAMES = {
    "rnn": "two-body",
    "tbrnn": "three-body",
    "tbrnn_same": "three-body, frozen",
    "gru": "GRU",
}
LOW_RANK = ("l", "m", "n")
AT_ONCE = 30  # runs that are trained in one call


def train(campaign: Campaign[Protocol, Record]) -> None:
    """Train the networks that are missing, class after class."""
    for name in CLASSES:
        places: list[Place] = [(name, run, None) for run in campaign.runs]
        campaign.complete(name, places, partial(_trained, campaign, name), AT_ONCE)


def test_trials(protocol: Protocol) -> Trials:
    """The trials that all networks are scored and compared on."""
    return TASK.sample(protocol.test_trials, seeds.data(protocol.seed, "fig4", "test"))


def _trained(
    campaign: Campaign[Protocol, Record], name: str, places: list[Place]
) -> Trained[Record]:
    protocol = campaign.protocol
    trials = Trials.stack(
        [
            TASK.sample(protocol.trials, seeds.data(protocol.seed, "fig4", "training", run))
            for _, run, _ in places
        ]
    )
    nets, results = _start(campaign, name, places), []
    optimizer = None
    for number, (training, arrays) in enumerate(_phases(protocol, name)):
        results.append(
            tbrnn.fit(
                nets,
                trials,
                dataset=range(len(places)),
                train=arrays,
                optimizer=optimizer,
                threads=campaign.threads,
                checkpoint=campaign.checkpoints.of(name, places, number),
                **training_options(protocol, training),
            )
        )
        check_finished(results[-1])
        nets, optimizer = results[-1].best, results[-1].optimizer
    scores = _scores(nets, trials, test_trials(protocol), results, campaign.threads)
    records = [_record(place, results, i, scores[i]) for i, place in enumerate(places)]
    return records, nets


def _phases(protocol: Protocol, name: str) -> list[Phase]:
    networks = protocol.networks
    if name == "tbrnn":
        return [(networks.tbrnn.frozen, LOW_RANK), (networks.tbrnn.released, None)]
    if name == "tbrnn_same":
        return [(networks.tbrnn_same, LOW_RANK)]
    return [(networks.rnn if name == "rnn" else networks.gru, None)]


def _start(
    campaign: Campaign[Protocol, Record], name: str, places: Sequence[Place]
) -> tbrnn.Ensemble:
    """Fresh networks; three-body ones with the input and output weights of their run's RNN."""
    model = _model(campaign.protocol, name)
    runs = [run for _, run, _ in places]
    words = [seeds.network(campaign.protocol.seed, "fig4", name, run) for run in runs]
    nets: tbrnn.Ensemble = model.initial(words, numbers=runs)
    if not name.startswith("tbrnn"):
        return nets
    rnn = campaign.store.networks(("rnn", run, None) for run in runs)
    arrays = {**nets.arrays, "w_in": rnn.w_in, "w_out": rnn.w_out}
    return tbrnn.Ensemble.from_arrays(model, arrays, numbers=runs, seeds=words)


def _model(protocol: Protocol, name: str) -> Any:
    options = protocol.network.model_dump()
    if name == "gru":
        del options["form"]  # it has none
    return CLASSES[name](inputs=1, outputs=1, **options)


def _scores(
    nets: tbrnn.Ensemble,
    trials: Trials,
    test: Trials,
    results: Sequence[tbrnn.Runs],
    threads: int,
) -> list[dict[str, float]]:
    """On the training trials of each run and on the test trials of all; epochs of each phase."""
    shown: dict[str, Any] = {"states": False, "rates": False, "threads": threads}
    own = nets.simulate(trials, dataset=range(len(nets)), **shown).outputs
    new = nets.simulate(test, **shown).outputs
    columns: dict[str, Any] = {
        "accuracy": accuracy(new, np.asarray(test.targets)),
        "test_loss": squared_error(new, np.asarray(test.targets)),
        "training_accuracy": accuracy(own, np.asarray(trials.targets)),
    }
    if len(results) > 1:
        columns["first_epochs"] = results[0].epochs
        columns["first_loss"] = results[0].best_loss
    return [{key: values[i].item() for key, values in columns.items()} for i in range(len(nets))]


def _record(
    place: Place, results: Sequence[tbrnn.Runs], i: int, scores: dict[str, float]
) -> Record:
    epochs = sum(int(runs.epochs[i]) for runs in results)
    return Record(*place, scores=scores, **{**ending(results[-1], i), "epochs": epochs})
