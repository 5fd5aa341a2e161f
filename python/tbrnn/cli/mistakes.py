"""A user's mistakes, Ctrl-C, and words of the command line as values."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer


@contextmanager
def mistakes_named(command: str) -> Iterator[None]:
    """End with one line on stderr and status 2 upon a user's mistake or without the engine."""
    from tbrnn.errors import BackendUnavailable, Mistake

    try:
        yield
    except (Mistake, OSError, BackendUnavailable) as error:
        typer.echo(f"tbrnn {command}: {error}", err=True)
        raise typer.Exit(2) from None


@contextmanager
def goes_on(command: str) -> Iterator[None]:
    """End with one line on stderr and status 130 upon Ctrl-C, in commands that can go on."""
    try:
        with warnings.catch_warnings():
            # it tells of runs, which a caller of `tbrnn.fit` has
            warnings.filterwarnings("ignore", "training interrupted", RuntimeWarning)
            yield
    except KeyboardInterrupt:
        typer.echo(f"tbrnn {command}: stopped; the same command goes on where it stopped", err=True)
        raise typer.Exit(130) from None


def folder_of(text: str) -> Path:
    """A folder for results; no text is not the working folder."""
    if not text:
        raise typer.BadParameter("must be a folder, got ''")
    return Path(text)


def shard_of(text: str) -> tuple[int, int]:
    """2/8 as (2, 8)."""
    from tbrnn.errors import WrongValue

    i, _, n = text.partition("/")
    if not (i.isdecimal() and n.isdecimal() and 1 <= int(i) <= int(n)):
        raise WrongValue(
            f"shard must look like 2/8, the first number from 1 to the second, got {text!r}"
        )
    return int(i), int(n)
