"""What is kept of every network: one record, one line of JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, TypeVar

from tbrnn.reproduce.lines import known, values

Place: TypeAlias = tuple[str, int, int | None]  # name, run, rank of those that come in several

OUTCOME = ("status", "attempts", "epochs", "best_loss", "last_loss")


class Kept(Protocol):
    """What every record says of its network."""

    @property
    def place(self) -> tuple[Any, ...]:
        """Which network of the experiment it is."""

    @property
    def order(self) -> tuple[Any, ...]:
        """By which records are sorted, however the networks were finished."""

    @property
    def weights(self) -> str | None:
        """The name of its weights; None if they are not kept."""

    @property
    def accepted(self) -> bool:
        """Whether it counts, and may have students."""

    @property
    def attempts(self) -> int:
        """How many there were, or which one it is of those that failed."""

    @property
    def epochs(self) -> int:
        """Of the training."""

    @property
    def device(self) -> str:
        """What trained it, as in `tbrnn.runs.Runs`."""

    @property
    def instruction_set(self) -> str | None:
        """Of the processor; None in lines of versions that did not write it."""

    @property
    def version(self) -> str | None:
        """Of the package; likewise."""

    def line(self) -> dict[str, Any]:
        """One line of JSON."""


AnyRecord = TypeVar("AnyRecord", bound=Kept)


@dataclass(frozen=True)
class Record:
    """A network of an experiment: how its training ended, and its scores by name.

    ``status`` is that of the last attempt, or "rejected" when all attempts failed. Losses are those
    of the training; ``device`` is what trained it, as in `tbrnn.runs.Runs`.
    """

    network: str
    run: int
    rank: int | None
    status: str
    attempts: int
    epochs: int
    best_loss: float
    last_loss: float
    scores: Mapping[str, float]
    device: str = "cpu"
    instruction_set: str | None = None
    version: str | None = None

    @property
    def place(self) -> Place:
        """Which network of the experiment it is."""
        return self.network, self.run, self.rank

    @property
    def order(self) -> tuple[str, int, int]:
        """By name, run and rank."""
        return self.network, self.run, self.rank or 0

    @property
    def weights(self) -> str:
        """The name of its weights."""
        ranked = "" if self.rank is None else f"-rank-{self.rank}"
        return f"{self.network}-run-{self.run}{ranked}"

    @property
    def accepted(self) -> bool:
        """Whether it counts, and may have students."""
        return self.status != "rejected"

    def line(self) -> dict[str, Any]:
        """One line of JSON, scores beside the other fields; without what is None."""
        fields = {name: value for name, value in vars(self).items() if name != "scores"}
        return known({**fields, **self.scores})

    @staticmethod
    def from_line(line: Mapping[str, Any]) -> Record:
        """The record of a line."""
        read = values(line)
        names = [name for name in Record.__annotations__ if name != "scores"]
        fields = {"rank": None, **{name: read.pop(name) for name in names if name in read}}
        return Record(**fields, scores=read)


def outcome(record: Kept) -> dict[str, Any]:
    """How a training ended: what the same training ends with again."""
    line = record.line()
    return {name: line[name] for name in OUTCOME if name in line}
