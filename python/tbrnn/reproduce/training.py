"""How experiments train: options of ``tbrnn.fit`` and ``tbrnn.lint`` from a configuration."""

import sys
from typing import Any, Protocol

import tbrnn
from tbrnn._device import device_word
from tbrnn.reproduce.presets import Training


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
    return networks if device_word() == "cpu" else sys.maxsize


def check_finished(runs: tbrnn.Runs) -> None:
    """Pass a Ctrl-C on, which ends a call early."""
    if runs.interrupted:
        raise KeyboardInterrupt
