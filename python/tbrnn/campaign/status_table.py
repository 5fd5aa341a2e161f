"""The status of a campaign as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import median
from typing import Any

from tbrnn.campaign.kinds import Group
from tbrnn.campaign.status import Part, Status

STATUSES = ("converged", "stalled", "capped", "rejected", "diverged", "interrupted")


def status_text(status: Status) -> str:
    """A line about the whole, one about each shard, and a table of the finished networks."""
    finished, networks = len(status.lines), status.networks
    share = f"{100 * finished / networks:.0f} %" if networks else "none"
    head = f"{status.folder}: {status.kind.title}, tbrnn {status.version}"
    summary = f"{finished:,} of {networks:,} networks finished ({share}); {_state(status.parts)}"
    shards = [
        [part.name, f"{part.finished:,}/{part.networks:,}", _state([part])]
        for part in status.parts[1:]
    ]
    sections = ["\n".join([head, summary, *_aligned(shards)]), "\n".join(_table(status))]
    return "\n\n".join(sections) + "\n"


def _table(status: Status) -> list[str]:
    members: dict[Group, list[dict[str, Any]]] = {group: [] for group in status.groups}
    for line in status.lines:
        members.setdefault(status.kind.group(line), []).append(line)
    known = [word for word in STATUSES if word in status.endings]
    columns = [column for column, _ in next(iter(members), ())]
    scores = ["best loss", "test loss", "accuracy", "epochs"]
    rows = [[*columns, "finished", *known, *scores]]
    for group, lines in members.items():
        counts = Counter(line["status"] for line in lines)
        rows.append(
            [
                *(word for _, word in group),
                f"{len(lines):,}/{status.groups.get(group, 0):,}",
                *(str(counts[word] or "") for word in known),
                *(_middle(lines, score.replace(" ", "_")) for score in scores),
            ]
        )
    note = "Losses, accuracy (test trials) and epochs are medians."
    return [*_aligned(rows, left=len(columns)), note]


def _middle(lines: Sequence[dict[str, Any]], name: str) -> str:
    """The median of what is a number; of nothing, nothing."""
    values = [line[name] for line in lines if line.get(name) is not None]
    if not values:
        return ""
    return f"{median(values):,.0f}" if name == "epochs" else f"{median(values):.3g}"


def _state(parts: Sequence[Part]) -> str:
    """Who is at work, when the last line came, and how far what is in training was saved."""
    running = [part.process for part in parts if part.process is not None]
    work = f"running (process {', '.join(running)})" if running else "not running"
    ages = [part.age for part in parts if part.age is not None and part.finished]
    lines = f"last line {_ago(min(ages))}" if ages else "no line yet"
    return "; ".join([f"{work}, {lines}", *_in_training(parts)])


def _in_training(parts: Sequence[Part]) -> list[str]:
    saved = [part.saved for part in parts if part.saved is not None]
    if not saved:
        return []
    ended, networks = sum(one.ended for one in saved), sum(one.networks for one in saved)
    epochs, age = sum(one.epochs for one in saved), min(one.age for one in saved)
    return [f"in training: {ended} of {networks} ended, {epochs:,} epochs, saved {_ago(age)}"]


def _ago(seconds: float) -> str:
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit} ago"
    return f"{max(0.0, seconds):.0f} s ago"


def _aligned(rows: Sequence[Sequence[str]], left: int = 1) -> list[str]:
    """Rows in columns, the first `left` of them aligned to the left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            word.ljust(width) if i < left else word.rjust(width)
            for i, (word, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
