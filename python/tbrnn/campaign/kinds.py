"""Kinds of campaigns: which networks they have, as their manifests tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import ceil
from typing import Any, Protocol, TypeAlias

Group: TypeAlias = tuple[tuple[str, str], ...]  # pairs of a column and its word
Line: TypeAlias = Mapping[str, Any]

PLAIN = ("class", "name")  # settings whose values speak for themselves
ROWS = 40  # a table that is longer is summarised over the last varied keys


class Kind(Protocol):
    """A kind of campaign."""

    @property
    def title(self) -> str:
        """What it is called."""

    def network(self, line: Line) -> object:
        """Which network a line is about."""

    def group(self, line: Line) -> Group:
        """The row of the table that counts it."""

    def groups(self, lines: Sequence[Line]) -> dict[Group, int]:
        """All rows, and how many networks each will count in the end."""

    def share(self, i: int, n: int, networks: int) -> int:
        """How many of all networks the i-th of n shards has."""


@dataclass(frozen=True)
class Sweep:
    """A sweep, or a single training, which has no varied keys.

    Of varied sections the table says in what they differ.
    """

    title: str
    grid: dict[str, list[Any]]
    seeds: int

    def network(self, line: Line) -> object:
        return line["id"]

    def group(self, line: Line) -> Group:
        return tuple((key, _words(line.get(key), told)) for key, told in self._told.items())

    def groups(self, lines: Sequence[Line]) -> dict[Group, int]:
        counts: dict[Group, int] = {}
        for values in product(*self.grid.values()):
            group = self.group(dict(zip(self.grid, values, strict=True)))
            counts[group] = counts.get(group, 0) + self.seeds
        return counts

    def share(self, i: int, n: int, networks: int) -> int:
        return len(range(i - 1, networks, n))

    @cached_property
    def _told(self) -> dict[str, list[str]]:
        """As many varied keys as the table has rows for, with the settings that tell them apart."""
        told, rows = {}, 1
        for key, values in self.grid.items():
            rows *= len(values)
            if rows > ROWS:
                break
            told[key] = _differing(values)
        return told


@dataclass(frozen=True)
class Table1:
    """A Table 1: teachers of two classes, and students of both for every accepted one."""

    preset: str
    tasks: list[str]
    runs: int
    ranks: int

    @property
    def title(self) -> str:
        return f"Table 1, preset {self.preset}"

    def network(self, line: Line) -> object:
        return tuple(line.get(key) for key in ("task", "run", "teacher", "student", "rank"))

    def group(self, line: Line) -> Group:
        student = line.get("student")
        return _table_1_row(line["task"], line["teacher"], student)

    def groups(self, lines: Sequence[Line]) -> dict[Group, int]:
        kinds = ("rnn", "tbrnn")
        rejected: dict[tuple[str, str], int] = dict.fromkeys(product(self.tasks, kinds), 0)
        for line in lines:
            if line["status"] == "rejected" and "student" not in line:
                rejected[line["task"], line["teacher"]] += 1
        rows: dict[Group, int] = {}
        for task, teacher in product(self.tasks, kinds):
            rows[_table_1_row(task, teacher, None)] = self.runs
            accepted = self.runs - rejected[task, teacher]
            for student in kinds:
                rows[_table_1_row(task, teacher, student)] = accepted * self.ranks
        return rows

    def share(self, i: int, n: int, networks: int) -> int:
        return ceil(networks * len(range(i - 1, self.runs, n)) / self.runs)


@dataclass(frozen=True)
class Experiment:
    """A published figure or table: networks by name in every run, some of several ranks.

    `ranks` counts them by name, `teachers` names those that a network needs to be accepted.
    """

    title: str
    runs: int
    ranks: dict[str, int]
    teachers: dict[str, str]

    def network(self, line: Line) -> object:
        return line["network"], line["run"], line.get("rank")

    def group(self, line: Line) -> Group:
        return (("network", line["network"]),)

    def groups(self, lines: Sequence[Line]) -> dict[Group, int]:
        lost = Counter(line["network"] for line in lines if line["status"] == "rejected")
        return {
            (("network", name),): (self.runs - lost[self.teachers.get(name, "")]) * ranks
            for name, ranks in self.ranks.items()
        }

    def share(self, i: int, n: int, networks: int) -> int:
        return ceil(networks * len(range(i - 1, self.runs, n)) / self.runs)


def kind_of(configuration: Mapping[str, Any]) -> Kind:
    """The kind of campaign that a folder's manifest describes."""
    if "experiment" in configuration:
        networks = configuration["networks"]
        return Experiment(
            f"{configuration['experiment']}, preset {configuration['preset']}",
            configuration["runs"],
            {name: len(section.get("ranks", [1])) for name, section in networks.items()},
            {name: section["of"] for name, section in networks.items() if "of" in section},
        )
    if "preset" in configuration:
        return Table1(
            configuration["preset"],
            list(configuration["tasks"]),
            configuration["runs"],
            len(configuration["ranks"]),
        )
    if "grid" in configuration:
        return Sweep("sweep", configuration["grid"], len(configuration["seeds"]))
    return Sweep("one network", {}, 1)


def _table_1_row(task: str, teacher: str, student: str | None) -> Group:
    role = "teachers" if student is None else f"{student} students"
    return (("task", task), ("teacher", teacher), ("networks", role))


def _differing(values: Sequence[Any]) -> list[str]:
    """The settings that are not the same in all sections; of a single one its class, or all."""
    sections = [_settings(value) for value in values]
    names = list(dict.fromkeys(name for section in sections for name in section))
    found = [name for name in names if len({section.get(name) for section in sections}) > 1]
    return found or (["class"] if "class" in names else names)


def _settings(value: Any, place: str = "") -> dict[str, str]:
    """The words of a section by dotted names; a value that is no section has no name."""
    if not isinstance(value, Mapping) or not value:
        return {place: f"{value:g}" if isinstance(value, float) else str(value)}
    inner = [_settings(entry, f"{place}.{name}".strip(".")) for name, entry in value.items()]
    return {name: word for section in inner for name, word in section.items()}


def _words(value: Any, told: Sequence[str]) -> str:
    """Of a section what tells it apart from others, or what it lacks; of a value itself."""
    section = _settings(value)
    if "" in section:
        return section[""]
    words = [
        section[name] if name.rpartition(".")[2] in PLAIN else f"{name} {section[name]}"
        for name in told
        if name in section
    ]
    lacking = dict.fromkeys(name.partition(".")[0] for name in told if name)
    return ", ".join(words or [f"no {name}" for name in lacking])
