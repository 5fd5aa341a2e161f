"""The other sides, each as an expert would write it and at its best setting.

A side is a function `(workload, members, threads)` that returns a function: each call of that
trains for some epochs and returns, for each of them, the loss before its update (mean over
members).
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

SIDES = {  # name -> the package it needs, our module, its function
    "eager": ("torch", "eager", "training"),
    "compile": ("torch", "compiled", "training"),
    "jax": ("jax", "jax_scan", "training"),
    "jax vmap": ("jax", "jax_scan", "vmapped"),
    "jax shards": ("jax", "jax_scan", "sharded"),
}


def installed(side: str) -> bool:
    """Can this side run here?"""
    return find_spec(SIDES[side][0]) is not None


def package(side: str) -> str:
    """The package that the side needs, with its version if it is installed."""
    name = SIDES[side][0]
    return f"{name} {version(name)}" if installed(side) else f"{name} (not installed)"


def load(side: str) -> Any:
    """The side's function."""
    _, module, function = SIDES[side]
    return getattr(import_module(f"{__name__}.{module}"), function)
