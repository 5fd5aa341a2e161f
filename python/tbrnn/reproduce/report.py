"""``report.json``: numbers beside the published ones, orderings that hold or not, what differs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import isfinite
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from tbrnn.reproduce.lines import plain
from tbrnn.reproduce.provenance import made_by
from tbrnn.reproduce.text import aligned, listed, sections

Rule: TypeAlias = Literal["near", "above", "below"]

RULES: dict[Rule, Callable[[float, float, float], bool]] = {
    "near": lambda ours, published, bound: abs(ours - published) <= bound,
    "above": lambda ours, published, bound: ours >= bound,
    "below": lambda ours, published, bound: ours <= bound,
}


class Printable(Protocol):
    """What an experiment found."""

    def as_dict(self) -> dict[str, Any]:
        """The content of ``report.json``."""

    def printed(self) -> str:
        """As plain text."""


@dataclass(frozen=True)
class Value:
    """A number beside the published one.

    ``rule`` and ``bound`` say when they agree: ours within `bound` of the published number, or
    above or below `bound`. Without a bound the number is shown and not judged.
    """

    name: str
    ours: float
    published: float | None = None
    bound: float | None = None
    rule: Rule = "near"

    @property
    def agrees(self) -> bool | None:
        """Whether it does; None where there is nothing to judge by."""
        if self.bound is None or (self.rule == "near" and self.published is None):
            return None
        theirs = float("nan") if self.published is None else self.published
        return isfinite(self.ours) and RULES[self.rule](self.ours, theirs, self.bound)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**plain(asdict(self)), "agrees": self.agrees}


@dataclass(frozen=True)
class Ordering:
    """A claim about numbers and whether it holds; None where a number is missing."""

    claim: str
    holds: bool | None


def falls(claim: str, *values: float) -> Ordering:
    """The claim that each of these numbers is larger than the next."""
    known = all(isfinite(value) for value in values)
    return Ordering(claim, bool(np.all(np.diff(values) < 0)) if known else None)


@dataclass(frozen=True)
class Report:
    """An experiment set beside the published one.

    Attributes
    ----------
    experiment, title : str
    values : list of Value
    orderings : list of Ordering
    tables : dict from heading to rows of words
        As they are printed.
    protocol_deviations : list of str
        How the protocol differs from the published one.
    left_out : list of str
        What is missing, and why.
    notes : list of str
        What one should know beside the numbers.
    provenance : dict
    """

    experiment: str
    title: str
    values: list[Value]
    orderings: list[Ordering]
    tables: Mapping[str, Sequence[Sequence[str]]]
    protocol_deviations: list[str]
    provenance: Mapping[str, Any]
    left_out: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def deviations(self) -> list[str]:
        """One sentence for every number that does not agree, and for orderings that do not hold."""
        numbers = [_sentence(value) for value in self.values if value.agrees is False]
        orders = [f"does not hold: {one.claim}" for one in self.orderings if one.holds is False]
        return numbers + orders

    def value(self, name: str) -> Value:
        """The value of a name."""
        return next(value for value in self.values if value.name == name)

    def as_dict(self) -> dict[str, Any]:
        """The content of ``report.json``."""
        return {
            "experiment": self.experiment,
            "provenance": dict(self.provenance),
            "values": [value.as_dict() for value in self.values],
            "orderings": [asdict(one) for one in self.orderings],
            "deviations": self.deviations,
            "protocol_deviations": self.protocol_deviations,
            "left_out": self.left_out,
            "notes": self.notes,
        }

    def printed(self) -> str:
        """As plain text."""
        made = self.provenance
        origin = f"{made_by(made)}, configuration {made['config']}"
        return sections(
            [
                f"{self.title}, seed {made['seed']} ({origin})",
                *(f"{heading}\n{aligned(rows)}" for heading, rows in self.tables.items()),
                listed("Orderings", [f"{_verdict(o.holds)}: {o.claim}" for o in self.orderings]),
                listed("Deviations from the published numbers (marked *)", self.deviations),
                listed("Deviations from the published protocol", self.protocol_deviations),
                listed("Left out", self.left_out),
                listed("Notes", self.notes),
            ]
        )


def shown(value: Value, digits: int = 3) -> str:
    """Our number, with a mark where it does not agree."""
    return number(value.ours, digits) + ("*" if value.agrees is False else "")


def number(value: float | None, digits: int = 3) -> str:
    """A number in a table; nothing for None."""
    if value is None:
        return ""
    return f"{value:.{digits}f}" if isfinite(value) else "-"


def spread(values: ArrayLike) -> tuple[float, float, float]:
    """Mean, standard deviation of the population, and median; not numbers if there are none."""
    given = np.asarray(values, np.float64)
    if not given.size:
        return float("nan"), float("nan"), float("nan")
    return float(given.mean()), float(given.std()), float(np.median(given))


def _sentence(value: Value) -> str:
    allowed = {
        "near": f"published {number(value.published, 4)}, at most {value.bound} apart",
        "above": f"at least {value.bound} expected",
        "below": f"at most {value.bound} expected",
    }
    return f"{value.name}: ours {number(value.ours, 4)}, {allowed[value.rule]}"


def _verdict(holds: bool | None) -> str:
    return {True: "holds", False: "does not hold", None: "not known"}[holds]
