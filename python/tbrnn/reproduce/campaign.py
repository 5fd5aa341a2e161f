"""An experiment from nothing, or from where an earlier call was cut off."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeAlias

import tbrnn
from tbrnn._device import check_device
from tbrnn._threads import thread_count
from tbrnn._words import counted
from tbrnn.campaign import hold
from tbrnn.campaign.files import shard_folders
from tbrnn.campaign.folder import begun
from tbrnn.campaign.lines import write_lines
from tbrnn.reproduce.folder import (
    Checkpoints,
    Shard,
    runs_of,
    shard_folder,
    sitting,
    take_over_sittings,
    write_files,
)
from tbrnn.reproduce.lines import NETWORKS
from tbrnn.reproduce.presets import AnyPreset, Preset
from tbrnn.reproduce.provenance import provenance
from tbrnn.reproduce.record import AnyRecord, Place, Record
from tbrnn.reproduce.report import Printable
from tbrnn.reproduce.store import AnotherNetwork, Store
from tbrnn.reproduce.training import at_once

Trained: TypeAlias = tuple[Sequence[AnyRecord], tbrnn.Ensemble]
Files: TypeAlias = Callable[[], Mapping[str, bytes]]  # draws them

GROWING = ("runs",)  # of a protocol: a run depends on no other


@dataclass(frozen=True, eq=False)
class Campaign(Generic[AnyPreset, AnyRecord]):
    """An experiment that is being worked on: what is asked for, what is finished, and how."""

    protocol: AnyPreset
    runs: range
    store: Store[AnyRecord]
    checkpoints: Checkpoints
    threads: int
    tell: Callable[[str], None]

    def complete(
        self,
        name: str,
        places: Iterable[Place],
        train: Callable[[list[Place]], Trained[AnyRecord]],
        most: int,
    ) -> None:
        """Train those networks that are missing, on the processor at most so many in one call.

        Within `train` the checkpoint of a training is ``checkpoints.of(name, places)``.
        """
        missing = self.store.missing(places)
        if missing:
            count = counted(len(missing), "network")
            again = sum(place in self.store.records for place in missing)
            note = f", {again} of them again, since their weights are not here" if again else ""
            self.tell(f"{name}: {count}{note}")
        step = at_once(most)
        for first in range(0, len(missing), step):
            self.store.add(*train(missing[first : first + step]))
        self.checkpoints.clear(name)


def counts(store: Store[Any]) -> dict[str, int]:
    """What a sitting finishes."""
    return {
        "networks": len(store.records),
        "epochs": sum(record.epochs for record in store.records.values()),
    }


@dataclass(frozen=True)
class Experiment(Generic[AnyPreset, AnyRecord]):
    """What a published figure or table adds.

    Attributes
    ----------
    metrics : tuple of str
        The scores that it uses.
    train : function
        Trains what is missing of a campaign.
    measure : function
        Given a campaign and its provenance, the report, and the files beside ``report.json``.
    read : function
        The record of a line.
    counts : function
        How much a store holds, by the names of ``sittings.jsonl``.
    """

    metrics: tuple[str, ...]
    train: Callable[[Campaign[AnyPreset, AnyRecord]], None]
    measure: Callable[[Campaign[AnyPreset, AnyRecord], Mapping[str, Any]], tuple[Printable, Files]]
    read: Callable[[Mapping[str, Any]], Any] = Record.from_line
    counts: Callable[[Store[Any]], Mapping[str, int]] = counts


def reproduce(
    experiment: Experiment[AnyPreset, AnyRecord],
    protocol: AnyPreset,
    *,
    out: Path | None = None,
    shard: Shard | None = None,
    threads: int | None = None,
    tell: Callable[[str], None] = lambda stage: None,
) -> Printable | None:
    """Train all networks of an experiment, and set its numbers beside the published ones.

    Parameters
    ----------
    experiment, protocol
        What is done, and its preset.
    out : path, optional
        A folder for ``networks.jsonl`` (one line per network, as they finish), ``attempts.jsonl``
        (those that failed), ``sittings.jsonl`` (one line per call: wall time, epochs, machine),
        ``campaign.json`` (the protocol), ``report.json``, ``NAME.txt``, ``NAME.png``, ``NAME.npz``
        (what the picture shows; not of Table 1), ``truncations.jsonl`` (of Fig 3), ``weights`` (of
        Table 1 the teachers') and, meanwhile, ``checkpoints``. Networks that are there already are
        not trained again. Nothing is written without it.
    shard : (int, int), optional
        (i, n): only every n-th run, from the i-th on (counted from 1), into the folder
        ``out/shard-i-of-n``. A later call without it finds the shards and puts them together. Needs
        `out`.
    threads : int, optional
        All processors by default.
    tell : callable, optional
        Is told in a few words what comes next.

    Returns
    -------
    report or None
        None for a shard.

    Raises
    ------
    ValueError
        If `threads` is below one, or `shard` is not (i, n) with 1 <= i <= n.
    AnotherNetwork
        If a network whose weights are missing in `out` is trained again and does not end as its
        record says, as on another instruction set.
    ChangedConfiguration, FolderInUse, OSError
        If `out` was begun with another protocol or with more runs, is in use, or cannot be written.
    """
    workers, runs = thread_count(threads), runs_of(protocol.runs, shard, out)
    folder = shard_folder(out, shard)
    with ExitStack() as stack:
        if folder:
            if not begun(folder):
                check_device()
            stack.enter_context(hold(folder, protocol.model_dump(mode="json"), GROWING))
        store: Store[AnyRecord] = Store(folder, experiment.read)
        if out and not shard:
            _merge(out, protocol, store, experiment.read)
        campaign = Campaign(protocol, runs, store, Checkpoints(folder), workers, tell)
        with sitting(folder, workers, lambda: experiment.counts(store)):
            try:
                experiment.train(campaign)
            except AnotherNetwork:
                campaign.checkpoints.drop()  # where it is trained right, it starts anew
                raise
        if shard:
            return None
        made = provenance(
            store.records.values(),
            seed=protocol.seed,
            config=protocol.hash,
            metrics=experiment.metrics,
        )
        report, files = experiment.measure(campaign, made)
        if folder:
            write_lines(folder / NETWORKS, (record.line() for record in store.in_order()))
            content = json.dumps(report.as_dict(), indent=1, allow_nan=False)
            write_files(folder, {"report.json": content.encode(), **files()})
    return report


def _merge(
    out: Path,
    protocol: Preset,
    store: Store[AnyRecord],
    read: Callable[[Mapping[str, Any]], Any],
) -> None:
    """Take over what shards have finished, and their sittings."""
    for part in shard_folders(out):
        with hold(part, protocol.model_dump(mode="json"), GROWING):
            store.take_over(Store(part, read))
            take_over_sittings(part, out)
