"""``tbrnn reproduce``: published tables and figures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tbrnn.cli.mistakes import folder_of, goes_on, mistakes_named, shard_of

app = typer.Typer(
    help="Recompute a published table or figure and set it beside the published one.",
    no_args_is_help=True,
)

Preset = Annotated[str, typer.Option(help="quick (minutes) or paper (hours).")]
Runs = Annotated[int | None, typer.Option(help="The first so many runs.")]
Seed = Annotated[int, typer.Option(help="Seed of all data and networks.")]
Out = Annotated[
    Path | None,
    typer.Option(
        parser=folder_of,
        metavar="PATH",
        help="Folder for the results; runs/NAME-PRESET-seed-SEED by default.",
    ),
]
Shard = Annotated[
    str | None,
    typer.Option(help="i/n: only every n-th run from the i-th on. Without it shards merge."),
]
Threads = Annotated[int | None, typer.Option(help="All processors by default.")]
Device = Annotated[str | None, typer.Option(help="cpu, cuda or auto (cuda where it computes all).")]
Ranks = Annotated[str | None, typer.Option(help="Student ranks, as 1-6 or 1,2,4.")]
Tasks = Annotated[str | None, typer.Option(help="Comma-separated names out of the preset's tasks.")]


@app.command()
def fig3(
    preset: Preset = "quick",
    runs: Runs = None,
    seed: Seed = 0,
    out: Out = None,
    shard: Shard = None,
    threads: Threads = None,
    device: Device = None,
) -> None:
    """Fig 3 of the three-body RNN study: reductions of full three-body networks to low rank.

    Networks that the folder holds already are not trained again.
    """
    _experiment("fig3", preset, runs, seed, out, shard, threads, device)


@app.command()
def fig4(
    preset: Preset = "quick",
    runs: Runs = None,
    seed: Seed = 0,
    out: Out = None,
    shard: Shard = None,
    threads: Threads = None,
    device: Device = None,
) -> None:
    """Fig 4 of the three-body RNN study: the solutions that different networks find.

    Networks that the folder holds already are not trained again.
    """
    _experiment("fig4", preset, runs, seed, out, shard, threads, device)


@app.command()
def table1(
    preset: Preset = "quick",
    tasks: Tasks = None,
    runs: Runs = None,
    ranks: Ranks = None,
    seed: Seed = 0,
    out: Out = None,
    shard: Shard = None,
    threads: Threads = None,
    device: Device = None,
) -> None:
    """Table 1 of the three-body RNN study: teachers, students, and the rank that captures them.

    Networks that the folder holds already are not trained again.
    """
    _experiment("table1", preset, runs, seed, out, shard, threads, device, tasks, ranks)


@app.command()
def table2(
    preset: Preset = "quick",
    runs: Runs = None,
    seed: Seed = 0,
    out: Out = None,
    shard: Shard = None,
    threads: Threads = None,
    device: Device = None,
) -> None:
    """Table 2 of the three-body RNN study: networks that learn the course of thirty proteins.

    Networks that the folder holds already are not trained again.
    """
    _experiment("table2", preset, runs, seed, out, shard, threads, device)


@app.command("three-body")
def three_body(
    preset: Preset = "quick",
    runs: Runs = None,
    seed: Seed = 0,
    out: Out = None,
    shard: Shard = None,
    threads: Threads = None,
    device: Device = None,
) -> None:
    """Fig 3, Fig 4, Table 1 and Table 2, one after the other, into one folder."""
    folder = out or _folder("three-body", preset, seed)
    _experiment("fig3", preset, runs, seed, folder / "fig3", shard, threads, device)
    _experiment("fig4", preset, runs, seed, folder / "fig4", shard, threads, device)
    _experiment("table1", preset, runs, seed, folder / "table1", shard, threads, device)
    _experiment("table2", preset, runs, seed, folder / "table2", shard, threads, device)


def _experiment(
    name: str,
    preset: str,
    runs: int | None,
    seed: int,
    out: Path | None,
    shard: str | None,
    threads: int | None,
    device: str | None,
    tasks: str | None = None,
    ranks: str | None = None,
) -> None:
    from importlib import import_module

    from tbrnn._device import default_device
    from tbrnn.reproduce.campaign import reproduce

    folder = out or _folder(name, preset, seed)
    command = f"reproduce {name}"
    with mistakes_named(command), goes_on(command), default_device(device):
        narrowed: dict[str, Any] = {"runs": runs}
        if tasks is not None:
            narrowed["tasks"] = tasks.split(",")
        if ranks is not None:
            narrowed["ranks"] = _numbers(ranks)
        module = import_module(f"tbrnn.reproduce.{name}")
        report = reproduce(
            module.EXPERIMENT,
            module.load_protocol(preset, seed=seed, **narrowed),
            out=folder,
            shard=None if shard is None else shard_of(shard),
            threads=threads,
            tell=_tell,
        )
    _end(name, folder, shard, None if report is None else report.printed())


def _folder(name: str, preset: str, seed: int) -> Path:
    return Path("runs") / f"{name}-{preset}-seed-{seed}"


def _tell(stage: str) -> None:
    typer.echo(stage, err=True)


def _end(name: str, folder: Path, shard: str | None, text: str | None) -> None:
    """What was found and where it is, or that a shard is complete."""
    if text is None:
        typer.echo(f"Shard {shard} is complete in {folder}; the same command without it merges.")
        return
    typer.echo(text)
    typer.echo(f"Written to {folder}: {name}.txt, {name}.png, report.json, networks.jsonl")


def _numbers(text: str) -> list[int]:
    """1-3,6 as [1, 2, 3, 6]."""
    from tbrnn.errors import WrongValue

    numbers: list[int] = []
    for part in text.split(","):
        first, to, last = part.partition("-")
        ends = (first, last) if to else (first, first)
        if not all(end.isdecimal() for end in ends) or int(ends[0]) > int(ends[1]):
            raise WrongValue(f"ranks must look like 1-6 or 1,2,4, got {text!r}")
        numbers += range(int(ends[0]), int(ends[1]) + 1)
    return numbers
