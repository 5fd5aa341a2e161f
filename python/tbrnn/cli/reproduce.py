"""``tbrnn reproduce``: published tables and figures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tbrnn.cli.mistakes import mistakes_named, shard_of

app = typer.Typer(
    help="Recompute a published table or figure and set it beside the published one.",
    no_args_is_help=True,
)


@app.command()
def table1(
    preset: Annotated[str, typer.Option(help="quick (minutes) or paper (hours).")] = "quick",
    tasks: Annotated[
        str | None, typer.Option(help="Comma-separated names out of the preset's tasks.")
    ] = None,
    runs: Annotated[int | None, typer.Option(help="The first so many runs.")] = None,
    ranks: Annotated[str | None, typer.Option(help="Student ranks, as 1-6 or 1,2,4.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of all data and networks.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the results; runs/table1-PRESET-seed-SEED by default."),
    ] = None,
    shard: Annotated[
        str | None,
        typer.Option(help="i/n: only every n-th run from the i-th on. Without it shards merge."),
    ] = None,
    threads: Annotated[int | None, typer.Option(help="All processors by default.")] = None,
) -> None:
    """Table 1 of the three-body RNN study: teachers, students, and the rank that captures them.

    Networks that the folder holds already are not trained again.
    """
    from tbrnn.reproduce.table1 import load_protocol, printed, reproduce_table1

    folder = out or Path("runs") / f"table1-{preset}-seed-{seed}"
    with mistakes_named("reproduce table1"):
        protocol = load_protocol(
            preset,
            seed=seed,
            tasks=None if tasks is None else tasks.split(","),
            runs=runs,
            ranks=None if ranks is None else _numbers(ranks),
        )
        report = reproduce_table1(
            protocol,
            out=folder,
            shard=None if shard is None else shard_of(shard),
            threads=threads,
            tell=lambda stage: typer.echo(stage, err=True),
        )
    if shard is not None:
        typer.echo(f"Shard {shard} is complete in {folder}; the same command without it merges.")
        return
    typer.echo(printed(report))
    typer.echo(f"Written to {folder}: table1.txt, table1.png, report.json, networks.jsonl")


def _numbers(text: str) -> list[int]:
    """1-3,6 as [1, 2, 3, 6]."""
    numbers: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        if not first.isdecimal() or not (last or first).isdecimal():
            raise ValueError(f"ranks must look like 1-6 or 1,2,4, got {text!r}")
        numbers += range(int(first), int(last or first) + 1)
    return numbers
