"""The command line: ``tbrnn info``, ``tbrnn bench``, ``tbrnn reproduce``."""

from __future__ import annotations

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
        Path | None, typer.Option(help="Folder for the results; runs/table1-PRESET by default.")
    ] = None,
    threads: Annotated[int | None, typer.Option(help="All processors by default.")] = None,
) -> None:
    """Table 1 of the three-body RNN study: teachers, students, and the rank that captures them."""
    from tbrnn.reproduce.table1 import load_protocol, printed, reproduce_table1

    folder = out or Path("runs") / f"table1-{preset}"
    try:
        protocol = load_protocol(
            preset,
            seed=seed,
            tasks=None if tasks is None else tasks.split(","),
            runs=runs,
            ranks=None if ranks is None else _numbers(ranks),
        )
        report = reproduce_table1(
            protocol, out=folder, threads=threads, tell=lambda stage: typer.echo(stage, err=True)
        )
    except (ValueError, OSError) as error:
        typer.echo(f"tbrnn reproduce table1: {error}", err=True)
        raise typer.Exit(2) from None
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
