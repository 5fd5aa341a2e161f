"""Where a campaign keeps shards and a network's weights and history, and how it writes them."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tbrnn.io import write_atomically

NETWORKS = "networks.jsonl"
WEIGHTS = "weights"
HISTORY = "history"
SHARD = "shard-{}-of-{}"  # the i-th of n
CHECKPOINTS = "checkpoints"  # of trainings that are not finished
UNDATED = (1980, 1, 1, 0, 0, 0)  # so that equal histories are equal files


def weights_of(folder: Path, member: str) -> Path:
    """A sweep's file of a network's best weights."""
    return folder / WEIGHTS / f"{member}.safetensors"


def history_of(folder: Path, member: str) -> Path:
    """A sweep's file of a network's history."""
    return folder / HISTORY / f"{member}.npz"


def shard_of(folder: Path) -> tuple[int, int] | None:
    """(i, n) of the i-th of n shards by the name of its folder, None for all other names."""
    found = re.fullmatch(SHARD.format(r"(\d+)", r"(\d+)"), folder.name)
    return (int(found[1]), int(found[2])) if found else None


def shard_folders(folder: Path) -> list[Path]:
    """The folders of the shards that were begun, in their order; logs beside them are none."""
    shards = {part: shard for part in folder.glob("*") if (shard := shard_of(part))}
    return sorted((part for part in shards if part.is_dir()), key=lambda part: shards[part][::-1])


def write_npz(path: Path, arrays: Mapping[str, ArrayLike]) -> None:
    """Arrays as `numpy.savez` writes them; equal arrays give equal bytes."""
    write_atomically(path, npz_bytes(arrays))


def npz_bytes(arrays: Mapping[str, ArrayLike]) -> bytes:
    """The content of such a file."""
    content = BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, array in arrays.items():
            part = BytesIO()
            np.lib.format.write_array(part, np.asarray(array), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", UNDATED), part.getvalue())
    return content.getvalue()


def columns(history: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """The columns of a history, as `Runs.history` has them, by name."""
    return {name: history[name] for name in history.dtype.names or ()}
