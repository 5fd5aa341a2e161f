"""Training as `fit` and `lint` share it: options of each member, one trainer, the result."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tbrnn._arguments import number, per_member, whole
from tbrnn._cohorts import Cohort
from tbrnn._engine import Dataset, Trainer
from tbrnn._progress import Progress
from tbrnn._seeds import noise_keys
from tbrnn.ensemble import Ensemble
from tbrnn.errors import mistake
from tbrnn.runs import Runs
from tbrnn.schedules import Schedule, schedule

SLICE = 0.2  # seconds between two looks at the keyboard

LearningRate: TypeAlias = float | Schedule
Stall: TypeAlias = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Options:
    """The engine's training options, each an array (member,)."""

    keys: NDArray[np.uint64]
    sigma: NDArray[np.float64]
    lr_first: NDArray[np.float64]
    lr_last: NDArray[np.float64]
    lr_epochs: NDArray[np.int64]
    epochs: NDArray[np.int64]
    target_loss: NDArray[np.float64]
    stall_window: NDArray[np.int64]
    stall_improvement: NDArray[np.float64]

    def of(self, members: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """The options of some members, by name."""
        return {field.name: getattr(self, field.name)[members] for field in fields(self)}


def member_options(
    nets: Ensemble,
    *,
    sigma: float | Sequence[float] | None,
    lr: LearningRate | Sequence[LearningRate],
    epochs: int | Sequence[int],
    target_loss: float | None | Sequence[float | None],
    stall: Stall | None | Sequence[Stall | None],
) -> Options:
    """Check what the user gave and spread it over the members."""
    members = len(nets)
    if sigma is None:
        sigma = [model.sigma for model in nets.models]
    rates = per_member("lr", lr, members, schedule)
    lengths = per_member("epochs", epochs, members, partial(whole, least=1))
    windows = [
        _stall("stall", given, length)
        for given, length in zip(_stalls(stall, members), lengths, strict=True)
    ]
    return Options(
        keys=noise_keys(nets.seeds),
        sigma=np.array(per_member("sigma", sigma, members, partial(number, least=0))),
        lr_first=np.array([rate.first for rate in rates]),
        lr_last=np.array([rate.last for rate in rates]),
        lr_epochs=np.array([rate.epochs for rate in rates], dtype=np.int64),
        epochs=np.array(lengths, dtype=np.int64),
        target_loss=np.array(per_member("target_loss", target_loss, members, _target_loss)),
        stall_window=np.array([window for window, _ in windows], dtype=np.int64),
        stall_improvement=np.array([improvement for _, improvement in windows]),
    )


def _stalls(stall: Any, members: int) -> list[Any]:
    """A pair of numbers (or None) is for all members, anything else for one each."""
    if stall is None or (isinstance(stall, tuple) and not any(np.iterable(part) for part in stall)):
        return [stall] * members
    return per_member("stall", stall, members, lambda argument, value: value)


def _target_loss(argument: str, value: object) -> float:
    return 0.0 if value is None else number(argument, value, least=0)


def _stall(argument: str, value: object, epochs: int) -> tuple[int, float]:
    """Window in epochs (0: off) and improvement; a window below 1 is a fraction of the epochs."""
    if value is None:
        return 0, 0.0
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise mistake(argument, "None or (window, improvement)", repr(value))
    window = number(f"the window of {argument}", value[0], above=0)
    improvement = number(f"the improvement of {argument}", value[1], least=0)
    if window < 1:
        return int(window * epochs + 1e-9), improvement
    return whole(f"the window of {argument}", value[0], least=1), improvement


def train(
    nets: Ensemble,
    datasets: Sequence[Dataset],
    dataset: NDArray[np.int32],
    options: Options,
    *,
    match: str,
    threads: int,
    progress: bool | None,
    record_every: int,
) -> Runs:
    """Train all members in one trainer, those that share a data set one after the other."""
    trainer = Trainer(threads)
    groups = []
    for index in np.unique(dataset):
        for c, cohort in enumerate(nets.cohorts):
            members = np.flatnonzero((dataset == index) & (nets.order[:, 0] == c))
            if not members.size:
                continue
            groups.append(members)
            trainer.add(
                cohort.model.spec,
                cohort.parameters[nets.order[members, 1]],
                [datasets[index]],
                np.zeros(len(members), dtype=np.int32),
                match=match,
                record_every=record_every,
                **options.of(members),
            )
    _run(trainer, int(options.epochs.sum()), progress)
    return _collect(nets, groups, [trainer.result(g) for g in range(len(groups))])


def _run(trainer: Trainer, epochs: int, progress: bool | None) -> None:
    """Slices of training until all have finished, or Ctrl-C."""
    with Progress(epochs, progress) as bar:
        try:
            while trainer.run(SLICE):
                bar.update(trainer)
            bar.update(trainer)
        except KeyboardInterrupt:
            trainer.interrupt()
            warnings.warn(
                "training interrupted: the runs hold what was trained so far, "
                'with the status "interrupted" where it was not finished',
                RuntimeWarning,
                stacklevel=4,
            )


def _collect(
    nets: Ensemble, groups: Sequence[NDArray[Any]], results: Sequence[dict[str, Any]]
) -> Runs:
    """The groups' results in the order of the members."""
    members = np.concatenate(groups)
    back = np.argsort(members)
    status = [word for result in results for word in result["status"]]
    history = [record for result in results for record in result["history"]]

    def column(name: str) -> NDArray[Any]:
        return np.concatenate([result[name] for result in results])[back]

    return Runs(
        status=np.array(status, dtype=np.str_)[back],
        best_loss=column("best_loss"),
        last_loss=column("last_loss"),
        best_epoch=column("best_epoch"),
        epochs=column("epochs"),
        best=_with_parameters(nets, groups, [result["best"] for result in results]),
        last=_with_parameters(nets, groups, [result["last"] for result in results]),
        history=[history[i] for i in back],
    )


def _with_parameters(
    nets: Ensemble, groups: Sequence[NDArray[Any]], blocks: Sequence[NDArray[Any]]
) -> Ensemble:
    """The same networks with trained parameters."""
    trained = [np.empty_like(cohort.parameters) for cohort in nets.cohorts]
    for members, block in zip(groups, blocks, strict=True):
        cohort = nets.order[members[0], 0]
        trained[cohort][nets.order[members, 1]] = block
    cohorts = [
        Cohort(one.model, block, one.numbers, one.seeds)
        for one, block in zip(nets.cohorts, trained, strict=True)
    ]
    return Ensemble(cohorts, nets.order)
