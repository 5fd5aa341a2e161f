"""Records of networks as lines of JSON, which knows no number that is not finite."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from math import isfinite, nan
from pathlib import Path
from typing import Any, TypeVar

from tbrnn.campaign.lines import read_lines
from tbrnn.errors import WrongValue

T = TypeVar("T")

NETWORKS = "networks.jsonl"
ATTEMPTS = "attempts.jsonl"


def stored(path: Path) -> list[dict[str, Any]]:
    """The complete lines of a file.

    Raises
    ------
    ValueError
        Naming file and line, if a complete line is no JSON object.
    FileNotFoundError
        If there is none.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist")
    return read_lines(path)


def records_of(
    path: Path, lines: Iterable[Mapping[str, Any]], read: Callable[[Mapping[str, Any]], T]
) -> Iterator[T]:
    """What the lines of a file say.

    Raises
    ------
    ValueError
        Naming file and line, if one lacks a field or has one that records do not know.
    """
    for number, line in enumerate(lines, start=1):
        try:
            record = read(line)
        except TypeError as error:
            raise WrongValue(f"{path}, line {number}: no record: {error}") from None
        yield record


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same values; numbers that are not finite are None."""
    lost = {k for k, value in values.items() if isinstance(value, float) and not isfinite(value)}
    return {name: None if name in lost else value for name, value in values.items()}


def known(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a record for its line: plain ones, without those that are None."""
    return plain({name: value for name, value in fields.items() if value is not None})


def values(line: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a line; None is not a number."""
    return {name: nan if value is None else value for name, value in line.items()}
