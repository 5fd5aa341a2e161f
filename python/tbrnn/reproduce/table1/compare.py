"""Ours beside the published table: what was published for a cell, and whether ours agrees.

A cell agrees when the published value, as it was printed, lies in our bootstrap interval, a
published "<0" when the interval reaches below 0. The interval of a maximum ("any run") never
exceeds that maximum, so those cells are judged severely. A single run has no interval: its rank
agrees when it equals the published one, its R2 when it lies in the same band as the published
value, below 0, from 0 to the threshold, or above the threshold.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tbrnn.reproduce.table1 import published
from tbrnn.reproduce.table1.aggregate import LINES, Cell
from tbrnn.reproduce.table1.protocol import Protocol

PRINTED_DIGITS = 3


@dataclass(frozen=True)
class Comparison:
    """A cell, its published value and the verdict; None where nothing comparable was published."""

    cell: Cell
    published: float | None
    agrees: bool | None


def compare(cells: Sequence[Cell], protocol: Protocol) -> list[Comparison]:
    """Set the cells of the published score, R2 on states, beside the published table."""
    return [_compared(cell, protocol) for cell in cells if cell.score == "r2"]


def _compared(cell: Cell, protocol: Protocol) -> Comparison:
    value = _published(cell, protocol.ranks)
    return Comparison(cell, value, None if value is None else _agrees(cell, value, protocol))


def _published(cell: Cell, ranks: Sequence[int]) -> float | None:
    """The published value as it would read if only ``ranks``, 1 to some rank, had been tried."""
    line = published.TABLE[cell.student, cell.teacher].get(cell.task)
    if line is None or tuple(ranks) != published.RANKS[: len(ranks)]:
        return None
    values = dict(zip(LINES, line, strict=True))
    rank = values[cell.line.replace("r2", "rank")]  # type: ignore[index]
    within = rank <= max(ranks)
    if cell.line in ("rank", "rank_any"):
        return rank if within else published.NONE
    return values[cell.line] if within or tuple(ranks) == published.RANKS else None


def _agrees(cell: Cell, value: float, protocol: Protocol) -> bool:
    if cell.interval is not None:
        low, high = (round(end, PRINTED_DIGITS) for end in cell.interval)
        return low < 0 if value == published.BELOW_ZERO else low <= value <= high
    if cell.line in ("rank", "rank_any"):
        return cell.ours == value
    return _band(cell.ours, protocol.threshold) == _band(value, protocol.threshold)


def _band(r2: float, threshold: float) -> int:
    return int(r2 >= 0) + int(r2 > threshold)
