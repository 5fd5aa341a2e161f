"""How far the campaign of a folder is: read from its lines, while others may be adding to them."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tbrnn.campaign.files import NETWORKS, shard_folders, shard_of
from tbrnn.campaign.folder import MANIFEST, begun, holder
from tbrnn.campaign.kinds import Group, Kind, kind_of
from tbrnn.campaign.lines import read_lines
from tbrnn.campaign.saved import Saved, last_saved
from tbrnn.errors import WrongValue


@dataclass(frozen=True)
class Part:
    """The folder itself, or one of its shards.

    Attributes
    ----------
    name : str
    finished, networks : int
        How many lines it has, and how many it will have at most.
    process : str or None
        The process that works there: its number, and its machine if it is another one.
    age : float or None
        Seconds since its last line.
    saved : Saved or None
        The training that goes on, as it was saved last.
    """

    name: str
    finished: int
    networks: int
    process: str | None
    age: float | None
    saved: Saved | None


@dataclass(frozen=True)
class Status:
    """A campaign: the groups of its networks, all finished lines, how they ended, and its parts."""

    folder: Path
    kind: Kind
    version: str
    groups: dict[Group, int]
    lines: list[dict[str, Any]]
    endings: Mapping[str, int]
    parts: list[Part]

    @property
    def networks(self) -> int:
        """How many networks there will be; of a shard, in it."""
        return self.parts[0].networks


def read_status(folder: Path) -> Status:
    """What there is in the folder of a sweep, a single training, or a published figure or table.

    Parameters
    ----------
    folder : path
        Nothing is written there. Shards may not be merged yet.

    Raises
    ------
    ValueError
        If no campaign was begun there, or a file is damaged.

    Examples
    --------
    >>> import tempfile
    >>> from tbrnn.campaign import Lines, hold
    >>> configuration = {"grid": {"model.rank": [1, 2]}, "seeds": [0, 1, 2]}
    >>> with tempfile.TemporaryDirectory() as name:
    ...     folder = Path(name)
    ...     with hold(folder, configuration):
    ...         lines = Lines(folder / NETWORKS)
    ...         lines.append([{"id": "a", "model.rank": 1, "status": "capped"}])
    ...     status = read_status(folder)
    >>> len(status.lines), status.networks, status.groups
    (1, 6, {(('model.rank', '1'),): 3, (('model.rank', '2'),): 3})
    """
    shards = shard_folders(folder)
    made = _manifest_of_all(folder, shards)
    kind = kind_of(made["configuration"])
    listed = [read_lines(part / NETWORKS) for part in (folder, *shards)]
    try:
        lines = _distinct(kind, (line for lines in listed for line in lines))
        groups = kind.groups(lines)
        endings = Counter(line["status"] for line in lines)
    except KeyError as missing:
        raise WrongValue(f"{folder}: a line of {NETWORKS} lacks {missing}") from None
    networks = sum(groups.values())
    parts = [
        _part(part, len(lines), networks, kind)
        for part, lines in zip((folder, *shards), listed, strict=True)
    ]
    return Status(folder, kind, str(made.get("tbrnn")), groups, lines, endings, parts)


def _manifest_of_all(folder: Path, shards: Iterable[Path]) -> dict[str, Any]:
    """The manifest of a campaign; where shards take more runs than others by now, one of those."""
    found = [part for part in (folder, *shards) if begun(part)] or [folder]
    return max(map(_manifest, found), key=lambda made: int(made["configuration"].get("runs", 0)))


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    if not path.is_file():
        below = ", ".join(_campaigns_below(folder))
        others = f", but in {below}" if below else ""
        raise WrongValue(f"{folder}: no campaign was begun here (there is no {MANIFEST}){others}")
    try:
        made = json.loads(path.read_text())
        whole = isinstance(made["configuration"], dict)
    except (KeyError, TypeError, ValueError):
        whole = False
    if not whole:
        raise WrongValue(f"{path}: damaged")
    if "weights" in made["configuration"]:
        raise WrongValue(f"{folder}: no campaign, but the checkpoint of a call of fit or lint")
    return dict(made)


def _campaigns_below(folder: Path) -> list[str]:
    """The folders in this one that have a campaign, or shards of one."""
    return sorted(
        part.name for part in folder.glob("*") if any(map(begun, (part, *shard_folders(part))))
    )


def _distinct(kind: Kind, lines: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines of different networks: merged shards hold some twice."""
    return list({kind.network(line): line for line in lines}.values())


def _part(folder: Path, finished: int, networks: int, kind: Kind) -> Part:
    if shard := shard_of(folder):
        networks = kind.share(*shard, networks)
    try:
        age = time.time() - (folder / NETWORKS).stat().st_mtime
    except OSError:
        age = None
    return Part(folder.name, finished, networks, holder(folder), age, last_saved(folder))
