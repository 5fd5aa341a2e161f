"""`tbrnn bench`: both sides of every ratio come from the same minutes of the same machine."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from tbrnn._arguments import whole
from tbrnn.bench import peers as others
from tbrnn.bench import report
from tbrnn.bench.ensembles import ENSEMBLES, Figure
from tbrnn.bench.machine import Machine, this_machine
from tbrnn.bench.single import Row, time_single
from tbrnn.bench.workloads import GATED, LARGE, SINGLE, Workload
from tbrnn.errors import mistake
from tbrnn.io import write_atomically

Say: TypeAlias = Callable[[str], None]

WORKLOADS = (*(workload.name for workload in (*SINGLE, *LARGE, *GATED)), *ENSEMBLES)
SIDES = ("eager", "compile", "jax")  # of single networks
OF_PEERS = ("jax-vmap",)  # nothing to time without them
COMPILED = ("two-body-3",)  # torch.compile unrolls the steps and takes most of a minute each


def run(
    workloads: Sequence[str] = (),
    *,
    peers: bool = True,
    threads: int = 2,
    check: bool = False,
    json_path: Path | None = None,
    say: Say,
) -> int:
    """Time the engine against its floor and against its peers.

    Parameters
    ----------
    workloads : sequence of str
        Names out of `WORKLOADS`; all unless given.
    peers : bool
        Whether to time PyTorch and JAX too, as far as they are installed.
    threads : int
        Threads of the ensembles; a single network always has one.
    check : bool
        Whether the exit code tells that a figure misses its bound or that the run is void.
    json_path : Path, optional
        Where to write all figures as JSON.
    say : function
        Is handed each line of text.

    Returns
    -------
    int
        The exit code: 1 if the losses of two sides differ and, with `check`, if a figure misses
        its bound; 2 with `check` if the run is void, or if a peer that was to be timed is not
        installed or failed; else 0.

    Raises
    ------
    ValueError
        For an unknown workload, one of peers alone without `peers`, threads below one, or a
        `json_path` that is a folder or in none.
    """
    unknown = [name for name in workloads if name not in WORKLOADS]
    if unknown:
        raise mistake("workloads", f"out of {', '.join(WORKLOADS)}", ", ".join(unknown))
    if not peers and (alone := [name for name in OF_PEERS if name in workloads]):
        raise mistake("peers", f"True for {', '.join(alone)}", peers)
    if json_path is not None and (json_path.is_dir() or not json_path.parent.is_dir()):
        raise mistake("json_path", "a file in a folder that exists", json_path)
    machine = this_machine(whole("threads", threads, least=1))
    tell(say, report.heading(machine))
    chosen = workloads or WORKLOADS
    rows = single_networks(SINGLE, chosen, SIDES if peers else (), machine, say)
    rows += single_networks((*LARGE, *GATED), chosen, SIDES[:1] if peers else (), machine, say)
    figures = ensembles(chosen, peers, threads, say)
    if machine.void:
        tell(say, ["", *report.void(machine)])
    if json_path is not None:
        content = report.as_json(machine, rows, figures)
        write_atomically(json_path, (json.dumps(content, indent=2) + "\n").encode())
    results: list[Row | Figure] = [*rows]
    results += [figure for several in figures.values() for figure in several]
    if any(result.disagreement for result in results):
        return 1
    if check and machine.void:
        return 2
    if not check:
        return 0
    if not all(result.holds for result in results):
        return 1
    missing = not_timed(rows, figures)
    tell(say, ["", *report.incomplete(missing)] if missing else ())
    return 2 if missing else 0


def single_networks(
    workloads: Sequence[Workload],
    chosen: Sequence[str],
    peers: Sequence[str],
    machine: Machine,
    say: Say,
) -> list[Row]:
    """A table of single networks, a line at a time."""
    selected = [workload for workload in workloads if workload.name in chosen]
    if not selected:
        return []
    shown = [side for side in peers if others.installed(side)]
    packages = dict.fromkeys(others.package(side) for side in peers)
    tell(say, report.table_heading(selected, shown, list(packages)))
    rows = []
    for workload in selected:
        timed = [s for s in peers if s != "compile" or workload.name in COMPILED]
        rows.append(time_single(workload, timed, machine))
        tell(say, report.table_row(rows[-1], shown))
    return rows


def ensembles(
    chosen: Sequence[str], peers: bool, threads: int, say: Say
) -> dict[str, list[Figure]]:
    """The figures of ensembles, one after the other."""
    selected = [name for name in ENSEMBLES if name in chosen and (peers or name not in OF_PEERS)]
    tell(say, report.ensembles_heading(threads) if selected else ())
    figures = {}
    for name in selected:
        figures[name] = ENSEMBLES[name](threads)
        tell(say, (line for f in figures[name] for line in report.figure_line(name, f)))
    return figures


def not_timed(rows: Iterable[Row], figures: Mapping[str, Iterable[Figure]]) -> list[str]:
    """Why peers that were asked for are not among the figures, each reason once."""
    reasons = [reason for row in rows for reason in row.missing.values()]
    reasons += [one.text for several in figures.values() for one in several if one.missing]
    return list(dict.fromkeys(reasons))


def tell(say: Say, lines: Iterable[str]) -> None:
    for line in lines:
        say(line)
