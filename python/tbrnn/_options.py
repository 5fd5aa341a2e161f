"""The options of a training: checked, and spread over the members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tbrnn._arguments import count, number, per_member
from tbrnn.ensemble import Ensemble
from tbrnn.errors import mistake, wrong_type
from tbrnn.guard import Guard
from tbrnn.optimizers import Adam, OptimizerState, optimizer_of
from tbrnn.schedules import RAMPS, Schedule, schedule

LearningRate: TypeAlias = float | Schedule
Stall: TypeAlias = tuple[float, float]
Patience: TypeAlias = tuple[int, float]


@dataclass(frozen=True, eq=False)
class Options:
    """How each member is trained.

    `each` holds the engine's options by name, arrays (member,).
    """

    each: Mapping[str, NDArray[Any]]
    optimizer: OptimizerState | None
    train: tuple[str, ...] | None
    record_every: int

    def of(self, members: NDArray[np.int64]) -> Options:
        """The options of some members."""
        each = {name: values[members] for name, values in self.each.items()}
        state = None if self.optimizer is None else self.optimizer[members]
        return Options(each, state, self.train, self.record_every)

    def trained(self, names: Sequence[str]) -> NDArray[np.bool_] | None:
        """Which of these parameter arrays are trained; None: all."""
        return None if self.train is None else np.array([name in self.train for name in names])


def member_options(
    nets: Ensemble,
    *,
    sigma: float | Sequence[float] | None,
    lr: LearningRate | Sequence[LearningRate],
    epochs: int | Sequence[int],
    target_loss: float | None | Sequence[float | None],
    stall: Stall | None | Sequence[Stall | None],
    optimizer: Adam | OptimizerState | None,
    train: Sequence[str] | None,
    clip: float | None | Sequence[float | None],
    batch: int | None | Sequence[int | None],
    patience: Patience | None | Sequence[Patience | None],
    guard: Guard | None | Sequence[Guard | None],
    evaluate_every: int | Sequence[int],
    record_every: int,
) -> Options:
    """Check what the user gave and spread it over the members."""
    members = len(nets)
    if sigma is None:
        sigma = [model.sigma for model in nets.models]
    rates = per_member("lr", lr, members, schedule)
    lengths = per_member("epochs", epochs, members, partial(count, least=1))
    windows = [
        _stall("stall", given, length)
        for given, length in zip(_pairs("stall", stall, members), lengths, strict=True)
    ]
    waits = [_patience("patience", given) for given in _pairs("patience", patience, members)]
    guards = per_member("guard", guard, members, _guard)
    decay, state = optimizer_of(optimizer, nets)
    reals = {
        "sigma": per_member("sigma", sigma, members, partial(number, least=0)),
        "input_sigma": [model.input_sigma for model in nets.models],
        "lr_first": [rate.first for rate in rates],
        "lr_last": [rate.last for rate in rates],
        "decay": decay,
        "clip": per_member("clip", clip, members, _clip),
        "target_loss": per_member("target_loss", target_loss, members, _target_loss),
        "stall_improvement": [improvement for _, improvement in windows],
        "patience_improvement": [improvement for _, improvement in waits],
        "guard_loss": [one.loss if one else np.inf for one in guards],
        "guard_factor": [one.factor if one else 1.0 for one in guards],
        "guard_growth": [one.growth if one else 1.0 for one in guards],
    }
    wholes = {
        "lr_ramp": [RAMPS.index(rate.ramp) for rate in rates],
        "lr_epochs": [rate.epochs for rate in rates],
        "epochs": lengths,
        "batch": per_member("batch", batch, members, _batch),
        "evaluate_every": per_member(
            "evaluate_every", evaluate_every, members, partial(count, least=1)
        ),
        "stall_window": [window for window, _ in windows],
        "patience_epochs": [wait for wait, _ in waits],
        "guard_back": [one.back if one else 0 for one in guards],
        "guard_most": [one.most if one else 0 for one in guards],
    }
    each: dict[str, NDArray[Any]] = {
        **{name: np.array(values, dtype=np.float64) for name, values in reals.items()},
        **{name: np.array(values, dtype=np.int64) for name, values in wholes.items()},
    }
    every = count("record_every", record_every, least=0)
    return Options(each, state, _trained_names(train, nets), every)


def _pairs(argument: str, value: Any, members: int) -> list[Any]:
    """A pair of numbers (or None) is for all members, anything else for one each."""
    if value is None or (isinstance(value, tuple) and not any(np.iterable(part) for part in value)):
        return [value] * members
    return per_member(argument, value, members, lambda argument, value: value)


def _target_loss(argument: str, value: object) -> float:
    return 0.0 if value is None else number(argument, value, least=0)


def _clip(argument: str, value: object) -> float:
    return 0.0 if value is None else number(argument, value, above=0)


def _batch(argument: str, value: object) -> int:
    return 0 if value is None else count(argument, value, least=1)


def _guard(argument: str, value: object) -> Guard | None:
    if value is not None and not isinstance(value, Guard):
        raise wrong_type(argument, "None or a tbrnn.Guard", value)
    return value


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
    return count(f"the window of {argument}", value[0], least=1), improvement


def _patience(argument: str, value: object) -> tuple[int, float]:
    """Epochs (0: off) and improvement."""
    if value is None:
        return 0, 0.0
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise mistake(argument, "None or (epochs, improvement)", repr(value))
    wait = count(f"the epochs of {argument}", value[0], least=1)
    return wait, number(f"the improvement of {argument}", value[1], least=0)


def _trained_names(train: Sequence[str] | None, nets: Ensemble) -> tuple[str, ...] | None:
    """Names of parameter arrays; each must exist somewhere, and every model must have one."""
    if train is None:
        return None
    if isinstance(train, str) or not isinstance(train, (tuple, list)):
        raise wrong_type("train", 'a tuple of parameter names such as ("l", "m", "n")', train)
    fields = [[name for name, _ in cohort.model.spec.fields] for cohort in nets.cohorts]
    known = list(dict.fromkeys(name for names in fields for name in names))
    for name in train:
        if name not in known:
            raise mistake("train", f"some of {', '.join(known)}", repr(name))
    for names in fields:
        if not set(train) & set(names):
            raise mistake("train", f"at least one of {', '.join(names)}", repr(tuple(train)))
    return tuple(train)
