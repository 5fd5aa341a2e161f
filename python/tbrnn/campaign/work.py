"""Work in a sweep's folder: train what is missing, keep what is finished."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tbrnn._words import counted
from tbrnn.campaign.batches import Batch, batches, train_batch
from tbrnn.campaign.configuration import short_hash
from tbrnn.campaign.files import CHECKPOINTS, NETWORKS, columns, history_of, weights_of, write_npz
from tbrnn.campaign.folder import hold
from tbrnn.campaign.lines import Lines, write_lines
from tbrnn.campaign.members import Member
from tbrnn.campaign.plan import Plan, Shard, shard_folder
from tbrnn.errors import WrongValue


@dataclass(frozen=True)
class Manner:
    """How a sweep works; it decides none of the results."""

    threads: int
    progress: bool | None = None
    tell: Callable[[str], None] = lambda stage: None


def complete(
    plan: Plan,
    out: Path,
    shard: Shard | None,
    manner: Manner,
    before: Callable[[Lines], None] = lambda lines: None,
) -> list[dict[str, Any]]:
    """Finish all members of a sweep, or of a shard; their lines in the order of the grid.

    `before` is called once the folder is held.
    """
    members, folder = plan.part(shard), shard_folder(out, shard)
    with hold(folder, plan.manifest):
        lines = lines_of(folder)
        before(lines)
        _train_missing(members, folder, lines, plan.config, manner)
        found = {line["id"]: line for line in lines.entries}
        ordered = [found[member.id] for member in members]
        if ordered != lines.entries:
            write_lines(folder / NETWORKS, ordered)
        shutil.rmtree(folder / CHECKPOINTS, ignore_errors=True)  # of calls cut off in between
    return ordered


def lines_of(folder: Path) -> Lines:
    """The finished networks of a sweep or of a shard.

    Raises
    ------
    ValueError
        Naming file and line, if one is not about a network.
    """
    lines = Lines(folder / NETWORKS)
    for number, line in enumerate(lines.entries, start=1):
        if "id" not in line:
            raise WrongValue(f"{lines.path}, line {number}: no network: it lacks 'id'")
    return lines


def _train_missing(
    members: Sequence[Member], folder: Path, lines: Lines, config: str, manner: Manner
) -> None:
    finished = {line["id"] for line in lines.entries}
    missing = [[one for one in batch if one.id not in finished] for batch in batches(members)]
    missing = [batch for batch in missing if batch]
    for number, batch in enumerate(missing, start=1):
        manner.tell(f"batch {number} of {len(missing)}: {counted(len(batch), 'network')}")
        checkpoint = folder / CHECKPOINTS / short_hash([member.id for member in batch])
        trained = train_batch(
            batch,
            config=config,
            threads=manner.threads,
            progress=manner.progress,
            checkpoint=checkpoint,
        )
        _keep(trained, folder, lines)
        shutil.rmtree(checkpoint)


def _keep(batch: Batch, folder: Path, lines: Lines) -> None:
    """Write what is finished, lines last."""
    runs = batch.runs
    for i, member in enumerate(batch.members):
        weights, history = weights_of(folder, member.id), history_of(folder, member.id)
        weights.parent.mkdir(exist_ok=True)
        runs.best[i].save(weights)
        if len(runs.history[i]):
            history.parent.mkdir(exist_ok=True)
            write_npz(history, columns(runs.history[i]))
    lines.append(batch.lines)
