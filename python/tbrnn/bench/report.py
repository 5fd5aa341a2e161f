"""The figures as lines of text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from tbrnn.bench.ensembles import Figure
from tbrnn.bench.machine import LEAST_SCALING, Machine
from tbrnn.bench.single import Row
from tbrnn.bench.workloads import Workload

COLUMNS = "{:18} {:>7} {:>5} {:>5}  {:>6} {:>8} {:>5}"
PEER = " {:>16}"

PREAMBLE = """\
One network, one thread, float32; forward, loss, backward, Adam.
{sizes}
must and aim: ms on a core of 272 GFLOP/s. ns: per trial, unit and step. of peak: floor / time,
floor = FLOP / FMA peak, with 6 (K + C) + 23 FLOP per trial, unit and step, + 5 for a loss on all
units, + 6 N for a trained matrix, + 4 N for a fixed one, + 3 (N + 1)^2 for a three-body tensor;
18 (rank + inputs) + 6 outputs + 18 rank + 103 for gated units."""


def heading(machine: Machine) -> Iterator[str]:
    """The machine, its FMA peaks, and whether they void the run."""
    yield (
        f"tbrnn {machine.version}, {machine.processor} ({machine.cores} cores), "
        f"{machine.instruction_set}, load {machine.load:.1f}"
    )
    peaks = f"FMA peak: {machine.peak_one:.1f} GFLOP/s on one thread"
    if machine.threads > 1:
        peaks += f", {machine.peak_all:.1f} on {machine.threads} ({machine.scaling:.2f}x)"
    yield peaks
    if machine.void:
        yield from void(machine)


def void(machine: Machine) -> Iterator[str]:
    """Why no figure of this run counts."""
    yield (
        f"VOID: {machine.threads} threads reach {machine.scaling:.2f}x the FMA peak of one, and "
        f"{LEAST_SCALING * machine.threads:.2f}x is needed. Pause background work and run again."
    )
    yield (
        "      If an idle machine never gets there, its threads share a core or its clock: only "
        "--threads 1 is meaningful here."
    )


def incomplete(missing: Sequence[str]) -> Iterator[str]:
    """Why a check of this run has not seen all that it was asked for."""
    yield f"INCOMPLETE: nothing to compare with: {'; '.join(missing)}."
    yield "            --no-peers checks the engine against its floor alone."


def table_heading(
    workloads: Sequence[Workload], sides: Sequence[str], packages: Sequence[str]
) -> Iterator[str]:
    """What the columns are, and which packages the peers need."""
    yield ""
    yield PREAMBLE.format(sizes=_sizes(workloads))
    if packages:
        yield f"Peers, ms per epoch and times ours: {', '.join(packages)}."
    yield ""
    head = COLUMNS.format("workload", "ms", "must", "aim", "ns", "of peak", "must")
    yield head + "".join(PEER.format(side) for side in sides)


def _sizes(workloads: Sequence[Workload]) -> str:
    """The sizes of all workloads, or of each."""
    texts = {w.name: f"{w.units} units, {w.trials} trials, {w.steps} steps" for w in workloads}
    if len(set(texts.values())) == 1:
        return next(iter(texts.values())) + "."
    return "; ".join(f"{name}: {text}" for name, text in texts.items()) + "."


def table_row(row: Row, sides: Sequence[str]) -> Iterator[str]:
    """One workload."""
    work = row.workload
    line = COLUMNS.format(
        work.name,
        f"{row.ms:.3f}",
        f"{work.must:.2f}",
        f"{work.aim:.2f}",
        f"{row.ns:.3f}",
        f"{row.fraction:.2f}",
        f"{row.least_fraction:.2f}",
    )
    for side in sides:
        ms = row.peers.get(side)
        line += PEER.format("-" if ms is None else f"{ms:.2f} {ms / row.ms:5.1f}x")
    yield line + ("" if row.holds else "  MISSED")
    yield from (f"  {row.missing[side]}" for side in sides if side in row.missing)
    if row.disagreement:
        yield f"  DISAGREE: {row.disagreement}"


def ensembles_heading(threads: int) -> Iterator[str]:
    """What the figures are about."""
    yield ""
    yield f"Ensembles of two-body-3, milliseconds per epoch of all members; --threads {threads}."
    yield ""


def figure_line(name: str, figure: Figure) -> Iterator[str]:
    """One figure of an ensemble."""
    if figure.value is None:
        yield f"{name:18} {figure.text}"
        return
    bounds = [
        f"{word} {bound:g}"
        for word, bound in (("at most", figure.most), ("at least", figure.least))
        if bound is not None
    ]
    bounds += [] if figure.aim is None else [f"aim {figure.aim:g}"]
    line = f"{name:18} {figure.value:7.2f} {figure.unit:2} ({', '.join(bounds)}): {figure.text}"
    yield line + ("" if figure.holds else "  MISSED")
    if figure.disagreement:
        yield f"  DISAGREE: {figure.disagreement}"


def as_json(
    machine: Machine, rows: Sequence[Row], figures: Mapping[str, Sequence[Figure]]
) -> dict[str, Any]:
    """Everything that was printed."""
    return {
        "machine": {**asdict(machine), "scaling": machine.scaling, "void": machine.void},
        "single": [
            {
                "workload": row.workload.name,
                "flop": row.workload.flop,
                **{k: v for k, v in asdict(row).items() if k != "workload"},
                "must_ms": row.workload.must,
                "aim_ms": row.workload.aim,
                "ns": row.ns,
                "fraction": row.fraction,
                "holds": row.holds,
            }
            for row in rows
        ],
        "ensembles": {
            name: [{**asdict(figure), "holds": figure.holds} for figure in several]
            for name, several in figures.items()
        },
    }
