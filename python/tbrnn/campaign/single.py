"""One network from a configuration: trained, tested, drawn and kept in a folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tbrnn._threads import thread_count
from tbrnn.campaign.batches import Batch, train_batch
from tbrnn.campaign.checks import check_members
from tbrnn.campaign.configuration import checked_configuration, short_hash
from tbrnn.campaign.figures import loss_figure, trials_figure, write_figure
from tbrnn.campaign.files import CHECKPOINTS, NETWORKS, columns, write_npz
from tbrnn.campaign.folder import begun, hold
from tbrnn.campaign.lines import Lines
from tbrnn.campaign.members import Expansion, Member
from tbrnn.campaign.reading import read_configuration, with_settings
from tbrnn.errors import WrongValue


@dataclass(frozen=True, eq=False)
class Single:
    """A network of its own: what it is, and its line as `tbrnn.sweep` returns them."""

    member: Member
    line: dict[str, Any]


def train_single(
    configuration: str | os.PathLike[str] | Mapping[str, Any],
    *,
    out: str | os.PathLike[str],
    settings: Iterable[str] = (),
    threads: int | None = None,
    progress: bool | None = None,
) -> Single:
    """Train the network of a configuration; the same as that row of a sweep, bit for bit.

    Parameters
    ----------
    configuration : path, str or mapping
        As for `tbrnn.sweep`, without ``grid`` and ``seeds``, with ``seed``.
    out : path
        The folder: ``weights.safetensors`` (of the smallest loss), ``history.npz``, ``loss.png``,
        ``trials.png``, ``networks.jsonl`` (one line), ``campaign.json`` and, meanwhile,
        ``checkpoints``. A network that is finished there is not trained again, one that was
        interrupted goes on.
    settings : iterable of str
        ``key.path=value`` in place of what the configuration says.
    threads, progress
        As in `tbrnn.fit`.

    Returns
    -------
    Single

    Raises
    ------
    ValueError
        Naming the key, what was expected and what was given, before any work.
    ChangedConfiguration, FolderInUse, OSError
        As in `tbrnn.sweep`.

    Examples
    --------
    >>> import tempfile
    >>> configuration = {
    ...     "task": {"class": "SineWave", "steps": 20},
    ...     "trials": {"train": 16, "test": 8},
    ...     "model": {"class": "LowRankRNN", "units": 10, "rank": 1},
    ... }
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     single = train_single(configuration, out=folder, settings=["training.epochs=20"])
    ...     sorted(path.name for path in Path(folder).iterdir() if path.suffix == ".png")
    ['loss.png', 'trials.png']
    >>> single.line["epochs"]
    20
    """
    content, base = read_configuration(configuration)
    content = with_settings(content, settings)
    if swept := [key for key in ("grid", "seeds") if key in content]:
        raise WrongValue(f"{swept[0]} must be left out for one network; tbrnn sweep takes it")
    checked = checked_configuration(content)
    expansion = Expansion(base)
    member = expansion.member(checked, checked.seed)
    manifest = {**checked.model_dump(mode="json"), "files": expansion.files}
    folder, workers = Path(out), thread_count(threads)
    if not begun(folder):
        check_members([member])
    with hold(folder, manifest):
        lines = Lines(folder / NETWORKS)
        if not lines.entries:
            config = short_hash(manifest)
            batch = train_batch(
                [member],
                config=config,
                threads=workers,
                progress=progress,
                checkpoint=folder / CHECKPOINTS,
            )
            _write(folder, batch, workers)
            lines.append(batch.lines)
        shutil.rmtree(folder / CHECKPOINTS, ignore_errors=True)  # also of a call killed before
    return Single(member, lines.entries[0])


def _write(folder: Path, batch: Batch, threads: int) -> None:
    """Everything but the line, which says that all the rest is there."""
    (member,), runs = batch.members, batch.runs
    runs.best[0].save(folder / "weights.safetensors")
    if len(runs.history[0]):
        write_npz(folder / "history.npz", columns(runs.history[0]))
        write_figure(folder / "loss.png", loss_figure(runs))
    shown = member.source.test or member.source.training
    activity = runs.best[0].simulate(shown, states=False, rates=False, threads=threads)
    write_figure(folder / "trials.png", trials_figure(shown, activity.outputs))
