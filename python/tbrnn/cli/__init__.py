"""The command line: ``tbrnn info``, ``tbrnn bench``, ``tbrnn reproduce``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Ensembles of low-rank and three-body recurrent networks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
reproduce = typer.Typer(
    help="Recompute a published table or figure and set it beside the published one.",
    no_args_is_help=True,
)
app.add_typer(reproduce, name="reproduce")


def _show_version(wanted: bool) -> None:
    if wanted:
        import tbrnn

        typer.echo(f"tbrnn {tbrnn.__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show it.")
    ] = False,
) -> None:
    pass


@app.command()
def info() -> None:
    """Version, processor, instruction set, threads and engines."""
    import tbrnn

    engine = tbrnn.engine_info()
    known = ", ".join(engine["available"])
    for name, value in {
        "tbrnn": tbrnn.__version__,
        "processor": f"{engine['processor']} ({engine['cores']} cores)",
        "instruction set": f"{engine['instruction_set']} (available: {known})",
        "threads": engine["threads"],
        "engines": "cpu",
    }.items():
        typer.echo(f"{name:16} {value}")


@app.command()
def bench(
    workloads: Annotated[
        str | None, typer.Option(help="Comma-separated names of workloads; all by default.")
    ] = None,
    peers: Annotated[bool, typer.Option(help="Also time PyTorch and JAX, if installed.")] = True,
    threads: Annotated[int, typer.Option(help="Threads of the ensembles.")] = 2,
    check: Annotated[
        bool, typer.Option("--check", help="Exit with 1 if a figure misses its bound.")
    ] = False,
    json: Annotated[Path | None, typer.Option(help="File for all figures.")] = None,
) -> None:
    """Time the engine against the arithmetic floor of this processor and against its peers."""
    from tbrnn.bench import run

    chosen = [] if workloads is None else workloads.split(",")
    with _mistakes_named("bench"):
        status = run(
            chosen, peers=peers, threads=threads, check=check, json_path=json, say=typer.echo
        )
    raise typer.Exit(status)


@reproduce.command()
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
    with _mistakes_named("reproduce table1"):
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
            shard=None if shard is None else _shard(shard),
            threads=threads,
            tell=lambda stage: typer.echo(stage, err=True),
        )
    if shard is not None:
        typer.echo(f"Shard {shard} is complete in {folder}; the same command without it merges.")
        return
    typer.echo(printed(report))
    typer.echo(f"Written to {folder}: table1.txt, table1.png, report.json, networks.jsonl")


@contextmanager
def _mistakes_named(command: str) -> Iterator[None]:
    """End with one line on stderr and status 2 where the library raises a user's mistake."""
    try:
        yield
    except (ValueError, OSError) as error:
        typer.echo(f"tbrnn {command}: {error}", err=True)
        raise typer.Exit(2) from None


def _shard(text: str) -> tuple[int, int]:
    """2/8 as (2, 8)."""
    i, _, n = text.partition("/")
    if not (i.isdecimal() and n.isdecimal() and 1 <= int(i) <= int(n)):
        raise ValueError(
            f"shard must look like 2/8, the first number at most the second, got {text!r}"
        )
    return int(i), int(n)


def _numbers(text: str) -> list[int]:
    """1-3,6 as [1, 2, 3, 6]."""
    numbers: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        if not first.isdecimal() or not (last or first).isdecimal():
            raise ValueError(f"ranks must look like 1-6 or 1,2,4, got {text!r}")
        numbers += range(int(first), int(last or first) + 1)
    return numbers
