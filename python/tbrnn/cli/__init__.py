"""The command line: one command per file."""

from __future__ import annotations

from typing import Annotated

import typer

from tbrnn.cli.bench import bench
from tbrnn.cli.info import info
from tbrnn.cli.reproduce import app as reproduce
from tbrnn.cli.status import status
from tbrnn.cli.sweep import sweep
from tbrnn.cli.train import train

app = typer.Typer(
    help="Ensembles of low-rank and three-body recurrent networks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (info, train, sweep, status, bench):
    app.command()(command)
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
