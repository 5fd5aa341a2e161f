"""How far the training is that a campaign saved last: read from its checkpoint's headers."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from tbrnn._checkpoint import RUNNING
from tbrnn.campaign.files import CHECKPOINTS


@dataclass(frozen=True)
class Saved:
    """A training of networks in one call.

    Attributes
    ----------
    networks, ended : int
        How many train in it, and how many of them have ended.
    epochs : int
        Done by all of them.
    age : float
        Seconds since they were saved.
    """

    networks: int
    ended: int
    epochs: int
    age: float


def last_saved(folder: Path) -> Saved | None:
    """The latest of the trainings below ``checkpoints``; None if there is none."""
    try:
        written = {path: path.stat().st_mtime for path in (folder / CHECKPOINTS).rglob(RUNNING)}
        if not written:
            return None
        latest = max(written, key=lambda path: written[path])
        # a member that has just ended is in two files, and counts as in the later one
        paths = [latest, *latest.parent.glob("finished-*.safetensors")]
        states = {member: state for path in paths for member, state in _header(path).items()}
    except (OSError, SafetensorError, LookupError, TypeError, ValueError):
        return None  # removed meanwhile, or damaged, which the training will say
    return Saved(
        networks=len(states),
        ended=sum(state["status"] != "running" for state in states.values()),
        epochs=sum(state["epochs"] for state in states.values()),
        age=time.time() - written[latest],
    )


def _header(path: Path) -> dict[str, Any]:
    with safe_open(path, framework="numpy") as file:
        content: dict[str, Any] = json.loads(file.metadata()["tbrnn"])
    del content["digest"]
    return content
