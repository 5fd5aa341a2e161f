"""``tbrnn sweep``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tbrnn.cli.mistakes import folder_of, goes_on, mistakes_named, shard_of


def sweep(
    configuration: Annotated[
        str, typer.Argument(help="A YAML file, or the name of an installed one.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            parser=folder_of, metavar="PATH", help="Folder for the results; runs/NAME by default."
        ),
    ] = None,
    shard: Annotated[
        str | None,
        typer.Option(help="i/n: only every n-th network from the i-th on; merged without it."),
    ] = None,
    threads: Annotated[int | None, typer.Option(help="All processors by default.")] = None,
    device: Annotated[
        str | None, typer.Option(help="cpu, cuda or auto (cuda where it computes all).")
    ] = None,
) -> None:
    """Train networks over a grid of settings and seeds, one line of JSON for each.

    Networks that the folder holds already are not trained again.
    """
    import tbrnn
    from tbrnn._device import default_device
    from tbrnn.campaign.status import read_status
    from tbrnn.campaign.status_table import status_text

    folder = out or Path("runs") / Path(configuration).stem
    with mistakes_named("sweep"), goes_on("sweep"), default_device(device):
        tbrnn.sweep(
            configuration,
            out=folder,
            shard=None if shard is None else shard_of(shard),
            threads=threads,
            tell=lambda stage: typer.echo(stage, err=True),
        )
        if shard is None:
            typer.echo(status_text(read_status(folder)), nl=False)
    if shard is not None:
        typer.echo(f"Shard {shard} is complete in {folder}; the same command without it merges.")
