"""How experiments train: options of ``tbrnn.fit`` and ``tbrnn.lint``, and how trainings end."""

import sys
from typing import Any, Protocol

import tbrnn
from tbrnn._device import default_name
from tbrnn.reproduce.presets import Training
from tbrnn.reproduce.provenance import engine_words


class Stopping(Protocol):
    """What all trainings of an experiment stop at."""

    @property
    def target_loss(self) -> float:
        """Training ends below it."""

    @property
    def stall_improvement(self) -> float:
        """Training ends if the best loss improves by less in a stall window."""


def training_options(stopping: Stopping, training: Training) -> dict[str, Any]:
    """Learning rate, epochs and both stopping rules, as ``tbrnn.fit`` and ``lint`` take them."""
    lr = training.lr
    return {
        "epochs": training.epochs,
        "lr": tbrnn.linear(lr.first, lr.last, lr.epochs),
        "target_loss": stopping.target_loss,
        "stall": (training.stall_window, stopping.stall_improvement),
        "record_every": 0,
    }


def at_once(networks: int) -> int:
    """How many networks a call trains: so many on the processor, and on a GPU all, to fill it."""
    return networks if default_name() == "cpu" else sys.maxsize


def ending(runs: tbrnn.Runs, i: int) -> dict[str, Any]:
    """How the training of a member ended, and what trained it: fields of its record."""
    return {
        "status": str(runs.status[i]),
        "attempts": int(runs.attempts[i]),
        "epochs": int(runs.epochs[i]),
        "best_loss": float(runs.best_loss[i]),
        "last_loss": float(runs.last_loss[i]),
        "device": str(runs.device[i]),
        **engine_words(),
    }


def check_finished(runs: tbrnn.Runs) -> None:
    """Pass a Ctrl-C on, which ends a call early."""
    if runs.interrupted:
        raise KeyboardInterrupt
