"""``tbrnn info``."""

from __future__ import annotations

import typer


def info() -> None:
    """Version, processor, instruction set, threads, engines, and why there is no CUDA."""
    import tbrnn
    from tbrnn._device import cuda_status

    engine = tbrnn.engine_info()
    known = ", ".join(engine["available"])
    served, cuda = cuda_status()
    for name, value in {
        "tbrnn": tbrnn.__version__,
        "processor": f"{engine['processor']} ({engine['cores']} cores)",
        "instruction set": f"{engine['instruction_set']} (available: {known})",
        "threads": engine["threads"],
        "engines": "cpu, cuda" if served else "cpu",
        "cuda": cuda,
    }.items():
        typer.echo(f"{name:16} {value}")
