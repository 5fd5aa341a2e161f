"""``tbrnn bench``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tbrnn.cli.mistakes import mistakes_named


def bench(
    workloads: Annotated[
        str | None, typer.Option(help="Comma-separated names of workloads; all by default.")
    ] = None,
    peers: Annotated[bool, typer.Option(help="Also time PyTorch and JAX, if installed.")] = True,
    threads: Annotated[int, typer.Option(help="Threads of the ensembles.")] = 2,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Exit with 1 if a figure misses its bound, with 2 if the run is void or lacks "
            "a peer.",
        ),
    ] = False,
    json: Annotated[Path | None, typer.Option(help="File for all figures.")] = None,
) -> None:
    """Time the engine against the arithmetic floor of this processor and against its peers."""
    from tbrnn.bench import run

    chosen = [] if workloads is None else workloads.split(",")
    with mistakes_named("bench"):
        status = run(
            chosen, peers=peers, threads=threads, check=check, json_path=json, say=typer.echo
        )
    raise typer.Exit(status)
