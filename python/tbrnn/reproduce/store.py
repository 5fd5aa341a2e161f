"""What an experiment has finished: a record and the weights of every network."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import tbrnn
from tbrnn.campaign import Lines
from tbrnn.reproduce.lines import ATTEMPTS, NETWORKS, plain, values

Place: TypeAlias = tuple[str, int, int | None]  # name, run, rank of those that come in several

WEIGHTS = "weights"


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

    @property
    def place(self) -> Place:
        """Which network of the experiment it is."""
        return self.network, self.run, self.rank

    @property
    def accepted(self) -> bool:
        """Whether it counts, and may have students."""
        return self.status != "rejected"

    def line(self) -> dict[str, Any]:
        """One line of JSON, scores beside the other fields; without what is None."""
        fields = {name: value for name, value in vars(self).items() if name != "scores"}
        given = {name: value for name, value in fields.items() if value is not None}
        return plain({**given, **self.scores})

    @staticmethod
    def from_line(line: Mapping[str, Any]) -> Record:
        """The record of a line."""
        read = {"rank": None, "device": "cpu", **values(line)}
        fields = {name: read.pop(name) for name in Record.__annotations__ if name != "scores"}
        return Record(**fields, scores=read)


class Store:
    """The finished networks of an experiment, in memory and in a folder.

    Parameters
    ----------
    folder : path, optional
        Its ``networks.jsonl``, ``attempts.jsonl`` (failed attempts) and ``weights`` are read if
        they exist and grow as networks finish; all is in memory only without it.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self._lines = None if folder is None else Lines(folder / NETWORKS)
        self._attempts = None if folder is None else Lines(folder / ATTEMPTS)
        self.records: dict[Place, Record] = {}
        self.failed: dict[tuple[Place, int], Record] = {}  # by place and number of the attempt
        self._networks: dict[Place, tbrnn.Ensemble] = {}
        for line in self._lines.entries if self._lines else []:
            self._keep([Record.from_line(line)])
        for line in self._attempts.entries if self._attempts else []:
            self._keep_failed([Record.from_line(line)])

    def missing(self, places: Iterable[Place]) -> list[Place]:
        """Those that lack their record or their weights."""
        return [place for place in places if not self._finished(place)]

    def accepted(self, network: str) -> list[Record]:
        """The networks of a name that are not rejected, by run and rank."""
        found = [r for r in self.records.values() if r.network == network and r.accepted]
        return sorted(found, key=lambda record: (record.run, record.rank or 0))

    def network(self, place: Place) -> tbrnn.Ensemble:
        """The weights of one network."""
        if place not in self._networks:
            path = self._file(place)
            assert path is not None
            self._networks[place] = tbrnn.load(path)[0]
        return self._networks[place]

    def networks(self, places: Iterable[Place]) -> tbrnn.Ensemble:
        """The weights of several networks."""
        return tbrnn.Ensemble.concatenate(self.network(place) for place in places)

    def add(self, records: Sequence[Record], networks: tbrnn.Ensemble) -> None:
        """Keep networks, weights first; records that are there already stay as they are."""
        for record, network in zip(records, networks, strict=True):
            self._networks[record.place] = network
            if path := self._file(record.place):
                path.parent.mkdir(parents=True, exist_ok=True)
                network.save(path)
        new = [record for record in records if record.place not in self.records]
        if self._lines:
            self._lines.append(record.line() for record in new)
        self._keep(new)

    def add_failed(self, attempts: Iterable[Record]) -> None:
        """Keep attempts that were not accepted; those that are there already stay."""
        new = [one for one in attempts if (one.place, one.attempts) not in self.failed]
        if self._attempts:
            self._attempts.append(record.line() for record in new)
        self._keep_failed(new)

    def _finished(self, place: Place) -> bool:
        path = self._file(place)
        kept = place in self._networks or (path is not None and path.exists())
        return kept and place in self.records

    def _keep(self, records: Iterable[Record]) -> None:
        self.records.update({record.place: record for record in records})

    def _keep_failed(self, records: Iterable[Record]) -> None:
        self.failed.update({(record.place, record.attempts): record for record in records})

    def _file(self, place: Place) -> Path | None:
        name, run, rank = place
        words = [name, "run", str(run), *([] if rank is None else ["rank", str(rank)])]
        return self.folder and self.folder / WEIGHTS / f"{'-'.join(words)}.safetensors"


def read_records(path: Path) -> list[Record]:
    """The records of a ``networks.jsonl``."""
    return [Record.from_line(json.loads(line)) for line in path.read_text().splitlines()]
