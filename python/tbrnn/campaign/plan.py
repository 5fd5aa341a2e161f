"""What a sweep is going to do: its members, and what its folder's manifest says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from tbrnn._arguments import whole
from tbrnn.campaign.configuration import checked_sweep, short_hash
from tbrnn.campaign.files import SHARD
from tbrnn.campaign.members import Expansion, Member
from tbrnn.errors import mistake, wrong_type

Shard: TypeAlias = tuple[int, int]  # the i-th of n, from 1


@dataclass(frozen=True, eq=False)
class Plan:
    """A checked sweep.

    Attributes
    ----------
    members : list of Member
        In the order of the grid.
    manifest : dict
        All that decides the results, of plain values.
    config : str
        Its hash.
    """

    members: list[Member]
    manifest: dict[str, Any]
    config: str

    def part(self, shard: Shard | None) -> list[Member]:
        """Every n-th member from the i-th on, or all."""
        if (checked := checked_shard(shard)) is None:
            return self.members
        i, n = checked
        return self.members[i - 1 :: n]


def plan_sweep(content: Mapping[str, Any], base: Path) -> Plan:
    """Check a configuration whose relative paths start from `base`."""
    checked = checked_sweep(content)
    expansion = Expansion(base)
    members = expansion.members(checked)
    manifest = {**checked.model_dump(mode="json"), "files": expansion.files}
    return Plan(members, manifest, short_hash(manifest))


def checked_shard(shard: Shard | None) -> Shard | None:
    """The i-th of n, or None for the whole."""
    if shard is None:
        return None
    if not isinstance(shard, (tuple, list)) or len(shard) != 2:
        raise wrong_type("shard", "(i, n), two whole numbers", shard)
    i, n = (whole(f"shard[{k}]", number, least=0) for k, number in enumerate(shard))
    if not 1 <= i <= n:
        raise mistake("shard", "(i, n) with 1 <= i <= n", shard)
    return i, n


def shard_folder(out: Path, shard: Shard | None) -> Path:
    """Where a shard works; the whole in `out` itself."""
    shard = checked_shard(shard)
    return out / SHARD.format(*shard) if shard else out
