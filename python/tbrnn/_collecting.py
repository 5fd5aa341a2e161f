"""From the engine's results, cohort by cohort, to the runs of the members."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tbrnn._cohorts import Cohort
from tbrnn._device import device_name
from tbrnn.ensemble import Ensemble
from tbrnn.optimizers import OptimizerState
from tbrnn.runs import HISTORY, STATISTICS, Runs, table

if TYPE_CHECKING:
    from tbrnn._training import Training


def collect(training: Training, members: NDArray[np.int64]) -> Runs:
    """What became of some members, in their order."""
    rows: dict[int, list[int]] = {}
    positions: dict[int, list[int]] = {}
    for position, member in enumerate(members.tolist()):
        group, row = training.places[member]
        rows.setdefault(group, []).append(row)
        positions.setdefault(group, []).append(position)
    results = [training.trainer.result(group, listed) for group, listed in rows.items()]
    back = np.argsort(np.concatenate(list(positions.values())))
    nets = training.nets[members]

    def entries(name: str) -> list[Any]:
        listed = [entry for result in results for entry in result[name]]
        return [listed[i] for i in back]

    def networks(name: str) -> Ensemble:
        return _with_parameters(nets, entries(name))

    return Runs(
        status=np.array(entries("status"), dtype="<U11"),
        best_loss=np.array(entries("best_loss")),
        last_loss=np.array(entries("last_loss")),
        best_epoch=np.array(entries("best_epoch")),
        epochs=np.array(entries("epochs")),
        best=networks("best"),
        last=networks("last"),
        history=[table(records, HISTORY) for records in entries("history")],
        statistics=[table(records, STATISTICS) for records in entries("statistics")],
        optimizer=OptimizerState(
            training.options.each["decay"][members],
            networks("m"),
            networks("v"),
            [tuple(counts.tolist()) for counts in entries("steps")],
        ),
        rollbacks=np.array(entries("rollbacks")),
        attempts=np.ones(len(members), dtype=np.int64),
        device=np.full(len(members), device_name(training.manner.plugin, training.manner.split)),
        interrupted=training.interrupted,
    )


def _with_parameters(nets: Ensemble, blocks: Sequence[NDArray[Any]]) -> Ensemble:
    """The same networks with other parameters, one block per member."""
    cohorts = [
        Cohort(one.model, np.empty_like(one.parameters), one.numbers, one.seeds)
        for one in nets.cohorts
    ]
    for (cohort, row), block in zip(nets.order, blocks, strict=True):
        cohorts[cohort].parameters[row] = block
    return Ensemble(cohorts, nets.order)
