"""Records of networks as lines of JSON, which knows no number that is not finite."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from math import isfinite, nan
from pathlib import Path
from typing import Any

from tbrnn.campaign.lines import write_lines

NETWORKS = "networks.jsonl"
ATTEMPTS = "attempts.jsonl"


def entry(record: Any) -> dict[str, Any]:
    """The fields of a dataclass; numbers that are not finite are None."""
    return plain(asdict(record))


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same values; numbers that are not finite are None."""
    lost = {k for k, value in values.items() if isinstance(value, float) and not isfinite(value)}
    return {name: None if name in lost else value for name, value in values.items()}


def values(line: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a line; None is not a number."""
    return {name: nan if value is None else value for name, value in line.items()}


def write_records(path: Path, records: Iterable[Any]) -> None:
    """Write one line of JSON per record, numbers that are not finite as null.

    A file at ``path`` is replaced as a whole.
    """
    write_lines(path, (entry(record) for record in records))
