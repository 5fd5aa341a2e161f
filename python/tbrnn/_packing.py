"""Trials on their way to the engine: fit to the networks, then packed once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tbrnn._arguments import check_finite, choice, per_member, whole
from tbrnn._engine import Dataset
from tbrnn.errors import mistake, wrong_type
from tbrnn.trials import Floats, Trials

if TYPE_CHECKING:
    from tbrnn.ensemble import Ensemble

MATCHES = ("outputs", "rates", "states")
LOSSES = ("mse", "cross_entropy", "logistic")


def check_trials(
    nets: Ensemble, trials: Trials, match: str | None = None, argument: str = "trials"
) -> None:
    """Do inputs, initial states and (to match something) targets have the networks' sizes?"""
    if not isinstance(trials, Trials):
        raise wrong_type(argument, "tbrnn.Trials", trials)
    of = "" if argument == "trials" else f" of {argument}"
    if not len(nets):
        raise mistake("nets", "an ensemble with members", repr(nets))
    if match is not None and trials.targets is None:
        raise mistake(argument, "Trials with targets", repr(trials))
    for cohort in nets.cohorts:
        model = cohort.model
        _check_channels("inputs" + of, trials.inputs, "input", model.inputs)
        if trials.initial_states is not None:
            _check_channels("initial_states" + of, trials.initial_states, "unit", model.units)
        if match is not None and trials.targets is not None:
            channels = model.outputs if match == "outputs" else model.units
            axis = "output" if match == "outputs" else "unit"
            _check_channels("targets" + of, trials.targets, axis, channels)


def check_loss(loss: str, match: str, trials: Trials, argument: str = "trials") -> None:
    """Does the loss fit what is matched, and are the targets what it compares with?"""
    choice("loss", loss, LOSSES)
    if loss == "mse":
        return
    if match != "outputs":
        raise mistake("loss", f"'mse' with match={match!r}", repr(loss))
    of = "" if argument == "trials" else f" of {argument}"
    mask, targets = trials.mask, np.asarray(trials.targets)
    compared = np.ones(targets.shape, dtype=bool)
    if mask is not None:
        if loss == "cross_entropy" and mask.shape[-1] != 1:
            expected = "one value per trial and time for the cross-entropy, (trial, time, 1)"
            raise mistake("mask" + of, expected, f"shape {mask.shape}")
        compared = np.broadcast_to(mask != 0, targets.shape)
    if ((targets[compared] < 0) | (targets[compared] > 1)).any():
        raise mistake("targets" + of, f"from 0 to 1 for loss={loss!r}", "others")
    sums = targets.sum(axis=-1)[compared[..., 0]]
    if loss == "cross_entropy" and not np.allclose(sums, 1, atol=1e-3):
        expected = "probabilities whose sum over the outputs is 1 for loss='cross_entropy'"
        raise mistake("targets" + of, expected, "other sums")


def _check_channels(argument: str, array: NDArray[Any], axis: str, expected: int) -> None:
    if array.shape[-1] != expected:
        sizes = ("trial, " if argument.startswith("initial_states") else "trial, time, ") + axis
        raise mistake(argument, f"({sizes}) with {expected} {axis}s", f"shape {array.shape}")


def dataset_of_members(
    dataset: int | Sequence[int] | None, trials: Trials, members: int, argument: str = "dataset"
) -> NDArray[np.int32]:
    """The index of each member's data set."""
    if dataset is None:
        if trials.datasets > 1:
            expected = f"given, one index per member, with {trials.datasets} data sets"
            raise mistake(argument, expected, "None")
        dataset = 0

    def check(argument: str, value: object) -> int:
        return whole(argument, value, least=0, most=trials.datasets - 1)

    return np.array(per_member(argument, dataset, members, check), dtype=np.int32)


def pack(
    trials: Trials, dtype: np.dtype[Any], *, with_targets: bool, argument: str = "trials"
) -> list[Dataset]:
    """One engine data set for each data set of the trials."""
    of = "" if argument == "trials" else f" of {argument}"
    stacked = {
        name: _as(dtype, name, of, array if trials.inputs.ndim == 4 else array[np.newaxis])
        for name, array in trials.arrays().items()
        if with_targets or name in ("inputs", "initial_states")
    }
    return [
        Dataset(**{name: array[i] for name, array in stacked.items()})
        for i in range(trials.datasets)
    ]


def _as(dtype: np.dtype[Any], name: str, of: str, array: Floats) -> Floats:
    """In the networks' precision, in which what is finite may no longer be so."""
    with np.errstate(over="ignore"):
        converted = np.ascontiguousarray(array, dtype=dtype)
    if name != "targets":
        check_finite(name + of, converted, f"finite in {dtype}")
    if name == "mask":
        least = np.finfo(dtype).tiny
        sums = array.sum(axis=(-2, -1), dtype=np.float64)
        if ((sums > 0) & (sums < least)).any():
            expected = f"0 for a trial, or of a sum of at least {least:.2g} in {dtype}"
            raise mistake(name + of, expected, f"{sums[sums > 0].min():.2g}")
    return converted
