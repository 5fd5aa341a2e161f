"""What an experiment has finished: a record and the weights of every network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, NoReturn, TypeVar

import tbrnn
from tbrnn.campaign import Lines
from tbrnn.errors import WrongValue
from tbrnn.reproduce.lines import ATTEMPTS, NETWORKS, records_of, stored
from tbrnn.reproduce.provenance import origin
from tbrnn.reproduce.record import AnyRecord, Kept, Record, outcome

AnyPlace = TypeVar("AnyPlace", bound=tuple[Any, ...])

WEIGHTS = "weights"


class AnotherNetwork(WrongValue):
    """A network that was trained again for its weights is not that of its record."""


class Store(Generic[AnyRecord]):
    """The finished networks of an experiment, in memory and in a folder.

    Parameters
    ----------
    folder : path, optional
        Its ``networks.jsonl``, ``attempts.jsonl`` (failed attempts) and ``weights`` are read if
        they exist and grow as networks finish; all is in memory only without it.
    read : function
        The record of a line.
    """

    def __init__(
        self,
        folder: Path | None = None,
        read: Callable[[Mapping[str, Any]], Any] = Record.from_line,
    ) -> None:
        self.folder = folder
        self._lines = None if folder is None else Lines(folder / NETWORKS)
        self._attempts = None if folder is None else Lines(folder / ATTEMPTS)
        self.records: dict[tuple[Any, ...], AnyRecord] = {}
        self.failed: dict[tuple[tuple[Any, ...], int], AnyRecord] = {}  # by place and attempt
        self._networks: dict[tuple[Any, ...], tbrnn.Ensemble] = {}
        if folder and self._lines and self._attempts:
            self._keep(records_of(folder / NETWORKS, self._lines.entries, read))
            self._keep_failed(records_of(folder / ATTEMPTS, self._attempts.entries, read))

    def in_order(self) -> list[AnyRecord]:
        """All records, however the networks were finished."""
        return sorted(self.records.values(), key=lambda record: record.order)

    def missing(self, places: Iterable[AnyPlace]) -> list[AnyPlace]:
        """Those that lack their record or, where they are kept, their weights."""
        return [place for place in places if not self._finished(place)]

    def network(self, place: tuple[Any, ...]) -> tbrnn.Ensemble:
        """The weights of one network."""
        if place not in self._networks:
            path = self._file(self.records[place])
            assert path is not None
            self._networks[place] = tbrnn.load(path)[0]
        return self._networks[place]

    def networks(self, places: Iterable[tuple[Any, ...]]) -> tbrnn.Ensemble:
        """The weights of several networks."""
        return tbrnn.Ensemble.concatenate(self.network(place) for place in places)

    def add(self, records: Sequence[AnyRecord], networks: tbrnn.Ensemble | None = None) -> None:
        """Keep networks, weights first; records that are there already stay as they are.

        Raises
        ------
        AnotherNetwork
            If one that was trained again is not that of its record.
        """
        for record in records:
            known = self.records.get(record.place)
            if known is not None and outcome(known) != outcome(record):
                self._refuse(known, record)
        if networks is not None:
            for record, network in zip(records, networks, strict=True):
                self._keep_weights(record, network)
        new = [record for record in records if record.place not in self.records]
        if self._lines and new:
            self._lines.append(record.line() for record in new)
        self._keep(new)

    def add_failed(self, attempts: Iterable[AnyRecord]) -> None:
        """Keep attempts that were not accepted; those that are there already stay.

        Raises
        ------
        AnotherNetwork
            If the record of a network that was trained again says that the attempt was accepted.
        """
        new = [one for one in attempts if (one.place, one.attempts) not in self.failed]
        for one in new:
            known = self.records.get(one.place)
            if known is not None and known.accepted and known.attempts <= one.attempts:
                self._refuse(known, one)
        if self._attempts and new:
            self._attempts.append(record.line() for record in new)
        self._keep_failed(new)

    def take_over(self, other: Store[AnyRecord]) -> None:
        """Add what another folder holds and this one lacks: records, weights, failed attempts."""
        new = [record for record in other.in_order() if self.missing([record.place])]
        if whole := [record for record in new if other.has_weights(record.place)]:
            self.add(whole, other.networks(record.place for record in whole))
        self.add([record for record in new if not other.has_weights(record.place)])
        self.add_failed(other.failed.values())

    def has_weights(self, place: tuple[Any, ...]) -> bool:
        """Whether the weights of a network are here."""
        path = self._file(self.records[place]) if place in self.records else None
        return place in self._networks or (path is not None and path.exists())

    def _finished(self, place: tuple[Any, ...]) -> bool:
        record = self.records.get(place)
        return record is not None and (record.weights is None or self.has_weights(place))

    def _keep(self, records: Iterable[AnyRecord]) -> None:
        self.records.update({record.place: record for record in records})

    def _keep_failed(self, records: Iterable[AnyRecord]) -> None:
        self.failed.update({(record.place, record.attempts): record for record in records})

    def _keep_weights(self, record: AnyRecord, network: tbrnn.Ensemble) -> None:
        self._networks[record.place] = network
        if path := self._file(record):
            path.parent.mkdir(parents=True, exist_ok=True)
            network.save(path)

    def _file(self, record: AnyRecord) -> Path | None:
        if self.folder is None or record.weights is None:
            return None
        return self.folder / WEIGHTS / f"{record.weights}.safetensors"

    def _refuse(self, known: Kept, again: Kept) -> NoReturn:
        """Else weights would be of other networks than their records."""
        here, now = outcome(known), outcome(again)
        apart = [f"{key} {here[key]}, now {now[key]}" for key in here if here[key] != now[key]]
        name = " ".join(str(word) for word in known.place if word is not None)
        raise AnotherNetwork(
            f"{self.folder}: {name} was trained again and is another network "
            f"({'; '.join(apart)}); its record is of {origin(known)}, this call of "
            f"{origin(again)}; go on where the record was made, bring the missing weights back, or "
            "begin another folder"
        )


def read_records(path: Path) -> list[Record]:
    """The records of a ``networks.jsonl``."""
    return list(records_of(path, stored(path), Record.from_line))
