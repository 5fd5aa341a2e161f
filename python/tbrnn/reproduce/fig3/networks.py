"""The networks of Fig 3: full teachers and low-rank students, and a pair of rank one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

import tbrnn
from tbrnn.analysis import accuracy, squared_error
from tbrnn.reproduce import seeds
from tbrnn.reproduce.campaign import Campaign, Trained
from tbrnn.reproduce.fig3.protocol import Inference, Protocol
from tbrnn.reproduce.record import Place, Record
from tbrnn.reproduce.store import Store
from tbrnn.reproduce.training import check_finished, ending, training_options
from tbrnn.tasks import FlipFlop
from tbrnn.trials import Trials

Scores: TypeAlias = dict[str, NDArray[np.float64]]

AT_ONCE = 10  # runs that are trained in one call


def train(campaign: Campaign[Protocol, Record]) -> None:
    """Train the networks that are missing: teachers, then their students."""
    networks = campaign.protocol.networks
    for name in ("teacher", "example_teacher"):
        places: list[Place] = [(name, run, None) for run in campaign.runs]
        campaign.complete(name, places, partial(_teachers, campaign, name), AT_ONCE)
    for name, section in (
        ("student", networks.student),
        ("example_student", networks.example_student),
    ):
        runs = [r.run for r in accepted(campaign.store, section.of) if r.run in campaign.runs]
        places = [(name, run, rank) for run in runs for rank in section.ranks]
        train_some = partial(_students, campaign, name, section)
        campaign.complete(name, places, train_some, AT_ONCE * len(section.ranks))


def task(protocol: Protocol, name: str) -> FlipFlop:
    """The task of a network."""
    return FlipFlop(bits=1 if name.startswith("example") else protocol.bits)


def training_trials(protocol: Protocol, name: str, runs: Sequence[int]) -> Trials:
    """The trials of some runs, one data set each, that teachers and their students share."""
    use = "example training" if name.startswith("example") else "training"
    return Trials.stack(
        [
            task(protocol, name).sample(
                protocol.trials, seeds.data(protocol.seed, "fig3", use, run)
            )
            for run in runs
        ]
    )


def test_trials(protocol: Protocol, name: str) -> Trials:
    """New trials, the same for all runs."""
    use = "example test" if name.startswith("example") else "test"
    words = seeds.data(protocol.seed, "fig3", use)
    return task(protocol, name).sample(protocol.test_trials, words)


def model(protocol: Protocol, name: str) -> Any:
    """The model of a teacher."""
    channels = task(protocol, name).bits
    shared: dict[str, Any] = {"units": protocol.units, "phi": protocol.phi}
    shared |= {"inputs": channels, "outputs": channels}
    if name == "teacher":
        return tbrnn.TBRNN(alpha=1.0, form="voltage", **shared)
    return tbrnn.LowRankTBRNN(rank=1, alpha=0.2, hard_orth=True, **shared)


def accepted(store: Store[Record], name: str) -> list[Record]:
    """The networks of a name that are not rejected, by run and rank."""
    return [one for one in store.in_order() if one.network == name and one.accepted]


def scores(
    nets: tbrnn.Ensemble, own: Trials, dataset: Sequence[int], new: Trials, threads: int
) -> Scores:
    """Of every network on the training trials of its run, and on new ones."""
    first = nets.simulate(own, dataset=dataset, states=False, rates=False, threads=threads).outputs
    second = nets.simulate(new, states=False, rates=False, threads=threads).outputs
    return {
        "training_accuracy": accuracy(first, np.asarray(own.targets)[list(dataset)]),
        "accuracy": accuracy(second, np.asarray(new.targets)),
        "test_loss": squared_error(second, np.asarray(new.targets)),
    }


def _teachers(
    campaign: Campaign[Protocol, Record], name: str, places: list[Place]
) -> Trained[Record]:
    protocol = campaign.protocol
    runs = [run for _, run, _ in places]
    trials = training_trials(protocol, name, runs)
    trained = tbrnn.fit(
        [model(protocol, name)] * len(runs),
        trials,
        members=runs,
        seed=[seeds.network(protocol.seed, "fig3", name, run) for run in runs],
        dataset=range(len(runs)),
        accept=_acceptance(campaign, name, runs, trials),
        attempts=protocol.attempts,
        threads=campaign.threads,
        checkpoint=campaign.checkpoints.of(name, places),
        **training_options(protocol, getattr(protocol.networks, name)),
    )
    check_finished(trained)
    new = test_trials(protocol, name)
    scored = scores(trained.best, trials, range(len(runs)), new, campaign.threads)
    return _records(trained, places, scored)


def _acceptance(
    campaign: Campaign[Protocol, Record], name: str, runs: Sequence[int], trials: Trials
) -> Callable[[tbrnn.Runs], NDArray[np.bool_]]:
    """Whether networks are accurate on their training trials; those that are not are kept."""

    def accept(trained: tbrnn.Runs) -> NDArray[np.bool_]:
        dataset = [runs.index(int(run)) for run in trained.best.numbers]
        shown = trained.best.simulate(
            trials, dataset=dataset, states=False, rates=False, threads=campaign.threads
        ).outputs
        reached = accuracy(shown, np.asarray(trials.targets)[dataset])
        accurate = reached >= campaign.protocol.acceptance_accuracy
        good = np.asarray(accurate & (trained.status != "diverged"))
        if not trained.interrupted:
            places: list[Place] = [(name, int(run), None) for run in trained.best.numbers]
            records, _ = _records(trained, places, {"training_accuracy": reached})
            campaign.store.add_failed(
                record for record, kept in zip(records, good, strict=True) if not kept
            )
        return good

    return accept


def _students(
    campaign: Campaign[Protocol, Record], name: str, section: Inference, places: list[Place]
) -> Trained[Record]:
    """Students of some teachers; those of teachers that lack the same ranks in one call."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for run in sorted({run for _, run, _ in places}):
        ranks = tuple(rank for rank in section.ranks if (name, run, rank) in places)
        groups.setdefault(ranks, []).append(run)
    parts = [_inferred(campaign, name, section, *group) for group in groups.items()]
    records = [record for some, _ in parts for record in some]
    return records, tbrnn.Ensemble.concatenate(nets for _, nets in parts)


def _inferred(
    campaign: Campaign[Protocol, Record],
    name: str,
    section: Inference,
    ranks: Sequence[int],
    runs: Sequence[int],
) -> Trained[Record]:
    """Students of some ranks for the teachers of some runs."""
    protocol = campaign.protocol
    places: list[Place] = [(name, run, rank) for run in runs for rank in ranks]
    trials = training_trials(protocol, name, runs)
    trained = tbrnn.lint(
        campaign.store.networks((section.of, run, None) for run in runs),
        tbrnn.LowRankTBRNN,
        ranks=ranks,
        trials=trials,
        match="states",
        seed=[seeds.network(protocol.seed, "fig3", name, run) for run in runs],
        dataset=range(len(runs)),
        threads=campaign.threads,
        checkpoint=campaign.checkpoints.of(name, places),
        **training_options(protocol, section),
    )
    check_finished(trained)
    dataset = [int(teacher) for teacher in np.asarray(trained.teacher)]
    new = test_trials(protocol, name)
    scored = scores(trained.best, trials, dataset, new, campaign.threads)
    return _records(trained, places, scored)


def _records(runs: tbrnn.Runs, places: Sequence[Place], scored: Scores) -> Trained[Record]:
    records = [
        Record(
            *place,
            scores={key: float(values[i]) for key, values in scored.items()},
            **ending(runs, i),
        )
        for i, place in enumerate(places)
    ]
    return records, runs.best
