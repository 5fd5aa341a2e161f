"""Libraries of the optional extras: imported where they are used, named where they are missing."""

from __future__ import annotations

from importlib.util import find_spec

EXTRAS = {"tensorly": "analysis", "sklearn": "analysis"}


def extra(library: str, purpose: str) -> None:
    """ModuleNotFoundError with the command that installs `library`, if it is missing."""
    if find_spec(library) is None:
        raise ModuleNotFoundError(
            f"{purpose} needs {library}: pip install 'tbrnn[{EXTRAS[library]}]'", name=library
        )
