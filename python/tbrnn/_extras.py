"""Libraries of the optional extras: imported where they are used, named where they are missing."""

from __future__ import annotations

from importlib.util import find_spec

EXTRAS = {"tensorly": "analysis", "sklearn": "analysis"}


def installed(library: str) -> bool:
    """Whether a library of an extra is there."""
    return find_spec(library) is not None


def extra(library: str, purpose: str) -> None:
    """ModuleNotFoundError with the command that installs `library`, if it is missing."""
    if not installed(library):
        raise ModuleNotFoundError(
            f"{purpose} needs {library}: pip install 'tbrnn[{EXTRAS[library]}]'", name=library
        )
