"""``tbrnn train``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tbrnn.cli.mistakes import folder_of, goes_on, mistakes_named

if TYPE_CHECKING:
    from tbrnn.campaign.single import Single


def train(
    configuration: Annotated[
        str, typer.Argument(help="A YAML file, or the name of an installed one.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            parser=folder_of, metavar="PATH", help="Folder for the results; runs/NAME by default."
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="key.path=value in place of the file's; may be repeated."),
    ] = None,
    threads: Annotated[int | None, typer.Option(help="All processors by default.")] = None,
    device: Annotated[
        str | None, typer.Option(help="cpu, cuda or auto (cuda where it computes all).")
    ] = None,
) -> None:
    """Train one network: weights, history, figures and scores of a model on a task.

    A network that is finished in the folder is not trained again.
    """
    from tbrnn._device import default_device
    from tbrnn.campaign.single import train_single

    folder = out or Path("runs") / Path(configuration).stem
    with mistakes_named("train"), goes_on("train"), default_device(device):
        single = train_single(configuration, out=folder, settings=settings or (), threads=threads)
    typer.echo(_summary(single))
    names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    typer.echo(f"Written to {folder}: {', '.join(names)}")


def _summary(single: Single) -> str:
    model, line = single.member.model, single.line
    ranks = model.ranks[0] if len(model.ranks) == 1 else model.ranks
    rank = f", rank {ranks}" if ranks else ""
    source = single.member.source
    scores = f"test loss {_number(line['test_loss'])}, accuracy {_number(line['accuracy'])}"
    return "\n".join(
        [
            f"{type(model).__name__}, {model.units} units{rank}; {source.training}",
            f"{line['status']} after {line['epochs']:,} epochs in {line['seconds']:.1f} s",
            f"best loss {_number(line['best_loss'])} (epoch {line['best_epoch']:,}), "
            f"last loss {_number(line['last_loss'])}",
            "no test trials" if source.test is None else scores,
        ]
    )


def _number(value: float | None) -> str:
    return "not finite" if value is None else f"{value:.3g}"
