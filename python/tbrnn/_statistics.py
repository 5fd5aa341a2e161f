"""Statistics of activity during a training: a few numbers that say what kind of network it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tbrnn import _engine
from tbrnn._cohorts import Cohort
from tbrnn._drive import overlap, spectral_radius
from tbrnn.ensemble import Ensemble

if TYPE_CHECKING:
    from tbrnn._training import Training

TOGETHER = 32  # members simulated at a time, for the sake of memory


def note_statistics(training: Training, every: int) -> None:
    """Measure the members that rest, and send them on."""
    resting: dict[int, list[int]] = {}
    for group, row in training.trainer.resting(every):
        resting.setdefault(group, []).append(row)
    for group, rows in resting.items():
        for start in range(0, len(rows), TOGETHER):
            _note(training, group, rows[start : start + TOGETHER])


def _note(training: Training, group: int, rows: list[int]) -> None:
    members = training.groups[group][rows]
    cohort = training.nets.cohorts[training.nets.order[members[0], 0]]
    weights = training.trainer.result(group, rows)["last"]
    shown, which = np.unique(training.data.dataset[members], return_inverse=True)
    rates = _engine.simulate(
        cohort.model.spec,
        weights,
        [training.data.datasets[index] for index in shown],
        which.astype(np.int32),
        sigma=np.zeros(len(rows)),
        keys=np.zeros(len(rows), dtype=np.uint64),
        epoch=0,
        threads=training.manner.threads,
        states=False,
        rates=True,
        outputs=False,
    )["rates"]
    numbers = tuple(range(len(rows)))
    nets = Ensemble([Cohort(cohort.model, weights, numbers, tuple((n,) for n in numbers))])
    for row, net, activity in zip(rows, nets, rates, strict=True):
        values = [*activity_statistics(activity), spectral_radius(net), overlap(net)]
        training.trainer.note(group, row, values)


def activity_statistics(rates: NDArray[Any]) -> tuple[float, float]:
    """Participation ratio (tr C)^2 / tr C^2 of the covariance C of the rates, and their mean.

    `rates` is (trial, time, unit); samples are trials and steps. The ratio is the number of
    dimensions that the activity fills: 1 on a line, the number of units in a ball.
    """
    samples = rates.reshape(-1, rates.shape[-1]).astype(np.float64)
    if not np.isfinite(samples).all():
        return np.nan, np.nan
    mean = samples.mean(axis=0)
    with np.errstate(over="ignore", invalid="ignore"):  # of a network that explodes: nan
        covariance = (samples - mean).T @ (samples - mean) / len(samples)
        square = np.sum(covariance**2)
        ratio = np.trace(covariance) ** 2 / square if square > 0 else np.nan
    return float(ratio), float(mean.mean())
