"""``tbrnn status``."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from tbrnn.cli.mistakes import mistakes_named

PAUSE = 5.0  # seconds between two looks
CLEAR = "\x1b[2J\x1b[H"


def status(
    folder: Annotated[
        Path, typer.Argument(help="Of a sweep, a training, a published figure or table.")
    ],
    watch: Annotated[
        bool, typer.Option("--watch", help="Look again every few seconds until Ctrl-C.")
    ] = False,
) -> None:
    """How many networks of a folder are finished, how they ended, and who is at work there."""
    from tbrnn.campaign.status import read_status
    from tbrnn.campaign.status_table import status_text

    with mistakes_named("status"):
        typer.echo(status_text(read_status(folder)), nl=False)
        try:
            while watch:
                time.sleep(PAUSE)
                text = status_text(read_status(folder))
                if sys.stdout.isatty():
                    typer.echo(CLEAR, nl=False)
                typer.echo(text, nl=False)
        except KeyboardInterrupt:
            raise typer.Exit from None
