"""Trainings of a configuration as arguments of `tbrnn.fit`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tbrnn.guard import Guard
from tbrnn.optimizers import Adam, adam, adamw
from tbrnn.schedules import Schedule, cosine, linear

if TYPE_CHECKING:
    from tbrnn.campaign.configuration import Training
    from tbrnn.campaign.members import Member


def call_options(training: Training) -> dict[str, Any]:
    """The options that all members of a call have in common."""
    return {
        "loss": training.loss,
        "optimizer": _optimizer(training),
        "accept": training.accept,
        "attempts": training.attempts,
        "dtype": training.dtype,
        "record_every": training.record_every,
    }


def member_options(members: Sequence[Member]) -> dict[str, Any]:
    """The options that may differ from member to member, one value for each."""
    each = [_options(member) for member in members]
    return {name: [options[name] for options in each] for name in each[0]}


def _options(member: Member) -> dict[str, Any]:
    training = member.training
    return {
        "epochs": training.epochs,
        "lr": _schedule(training),
        "sigma": member.model.sigma if training.sigma is None else training.sigma,
        "clip": training.clip,
        "batch": training.batch,
        "evaluate_every": training.evaluate_every,
        "target_loss": training.target_loss,
        "stall": training.stall and (_window(training.stall[0]), training.stall[1]),
        "patience": training.patience,
        "guard": training.guard and Guard(**training.guard.model_dump()),
    }


def _optimizer(training: Training) -> Adam:
    given = training.optimizer
    if given.name == "adam":
        return adam()
    return adamw() if given.decay is None else adamw(given.decay)


def _schedule(training: Training) -> Schedule:
    lr = training.lr
    ramp = {"linear": linear, "cosine": cosine}[lr.schedule]
    return ramp(lr.first, lr.last, lr.epochs or training.epochs)


def _window(window: float) -> float:
    """YAML's 200.0 is 200 epochs; below 1 it is a share of the training."""
    return int(window) if window >= 1 and window == int(window) else window
