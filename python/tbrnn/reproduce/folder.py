"""The folder of an experiment: shards, checkpoints, sittings, and files that are written whole."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

from tbrnn._device import default_name
from tbrnn._engine import engine_info
from tbrnn.campaign import Lines, plan
from tbrnn.errors import mistake
from tbrnn.io import write_atomically
from tbrnn.reproduce.provenance import engine_words

Shard = tuple[int, int]  # the i-th of n, from 1

CHECKPOINTS = "checkpoints"  # of trainings that are not finished
SITTINGS = "sittings.jsonl"
DIGITS = 16  # of the name of a checkpoint


def runs_of(runs: int, shard: Shard | None, out: Path | None) -> range:
    """The runs of a shard, all without one; a shard needs a folder."""
    if (checked := plan.checked_shard(shard)) is None:
        return range(runs)
    if out is None:
        raise mistake("out", "given with a shard", None)
    i, n = checked
    return range(i - 1, runs, n)


def shard_folder(out: Path | None, shard: Shard | None) -> Path | None:
    """Where a shard works; `out` itself without one."""
    return out and plan.shard_folder(out, shard)


class Checkpoints:
    """Folders for the trainings that an experiment has begun, under names of their own."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder and folder / CHECKPOINTS
        self._opened: set[Path] = set()

    def of(self, name: str, *words: object) -> Path | None:
        """The folder of a training that these words describe; None without a folder."""
        digest = hashlib.sha256(repr(words).encode()).hexdigest()[:DIGITS]
        if not self._folder:
            return None
        checkpoint = self._folder / f"{name}-{digest}"
        self._opened.add(checkpoint)
        return checkpoint

    def forget(self, name: str, *words: object) -> None:
        """Remove the checkpoint of a training whose networks have their records."""
        if checkpoint := self.of(name, *words):
            shutil.rmtree(checkpoint)

    def drop(self) -> None:
        """Remove those of this call's trainings; others go on where they were begun."""
        for checkpoint in self._opened:
            shutil.rmtree(checkpoint, ignore_errors=True)
        self._close()

    def clear(self, name: str) -> None:
        """Remove all of that name, also those of calls that were cut off in between."""
        if not self._folder or not self._folder.exists():
            return
        for checkpoint in self._folder.glob(f"{name}-{'[0-9a-f]' * DIGITS}"):
            shutil.rmtree(checkpoint)
        self._close()

    def _close(self) -> None:
        if self._folder and self._folder.exists() and not any(self._folder.iterdir()):
            self._folder.rmdir()


@contextmanager
def sitting(
    folder: Path | None, threads: int, finished: Callable[[], Mapping[str, int]]
) -> Iterator[None]:
    """Leaves one line about what was finished meanwhile, as counts by name, unless killed."""
    begun, started = datetime.now(timezone.utc), time.perf_counter()
    before = finished()
    try:
        yield
    finally:
        done = {name: count - before[name] for name, count in finished().items()}
        if folder and any(done.values()):
            made = {**engine_words(), "processor": engine_info()["processor"]}
            line = {
                "begun": begun.isoformat(timespec="seconds"),
                "seconds": round(time.perf_counter() - started, 1),
                "threads": threads,
                **done,
                **{name: made[name] for name in ("version", "processor", "instruction_set")},
                "device": default_name(),
            }
            Lines(folder / SITTINGS).append([line])


def take_over_sittings(part: Path, folder: Path) -> None:
    """Add the sittings of a shard to those of the folder that it is merged into."""
    here = Lines(folder / SITTINGS)
    if new := [line for line in Lines(part / SITTINGS).entries if line not in here.entries]:
        here.append(new)


def write_files(out: Path, files: Mapping[str, bytes]) -> None:
    """Write files, each as a whole."""
    for name, content in files.items():
        write_atomically(out / name, content)
