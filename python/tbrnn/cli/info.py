"""``tbrnn info``."""

from __future__ import annotations

import typer


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
