"""What a training tells while it goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import numpy as np

from tbrnn.errors import wrong_type

if TYPE_CHECKING:
    from tbrnn._training import Training
    from tbrnn.runs import Runs


@dataclass(frozen=True)
class Progress:
    """How far a training is.

    Attributes
    ----------
    epochs : int
        Epochs done by all members together; in this attempt, if there are several.
    finished, members : int
        Members that have ended, and all.
    seconds : float
        Since the training (or the attempt) began.
    """

    epochs: int
    finished: int
    members: int
    seconds: float


OnSlice: TypeAlias = Callable[[Progress], object]
OnMemberEnd: TypeAlias = Callable[["Runs"], object]


T = TypeVar("T")


def callback(argument: str, value: T) -> T:
    """None or something to call."""
    if value is not None and not callable(value):
        raise wrong_type(argument, "None or a function", value)
    return value


class TellProgress:
    """Calls `on_slice` between slices."""

    def __init__(self, on_slice: OnSlice) -> None:
        self._tell, self._began = on_slice, monotonic()

    def __call__(self, training: Training) -> None:
        trainer = training.trainer
        seconds = monotonic() - self._began
        self._tell(Progress(trainer.epochs_done, trainer.finished, trainer.members, seconds))


class TellEnds:
    """Calls `on_member_end` once for each member that has ended by itself."""

    def __init__(self, on_member_end: OnMemberEnd) -> None:
        self._tell = on_member_end
        self._told: set[int] = set()

    def __call__(self, training: Training) -> None:
        if training.trainer.finished == len(self._told):
            return
        for member in np.flatnonzero(~training.running()).tolist():
            if member not in self._told:
                self._told.add(member)
                self._tell(training.runs([member]))
