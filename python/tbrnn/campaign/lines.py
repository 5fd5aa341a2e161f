"""A file of JSON lines that only grows; a line is there as a whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tbrnn.errors import WrongValue
from tbrnn.io import write_atomically


class Lines:
    """The lines of a file, kept there as they come.

    A line that was cut off by a kill or a full disk is removed when the file is opened.

    Parameters
    ----------
    path : path
        Read if it exists.

    Raises
    ------
    ValueError
        Naming file and line, if a line other than the last is no JSON object.
    OSError
        If the file cannot be written; what it held before stays.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Lines(Path(folder) / "networks.jsonl").append([{"run": 0, "loss": 0.1}])
    ...     Lines(Path(folder) / "networks.jsonl").entries
    [{'run': 0, 'loss': 0.1}]
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.entries: list[dict[str, Any]] = []
        if path.exists():
            self._read()

    def append(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """Add entries; when this returns they are on the disk."""
        added = [dict(entry) for entry in entries]
        content = "".join(json.dumps(entry, allow_nan=False) + "\n" for entry in added)
        with self.path.open("ab", buffering=0) as file:
            before = file.tell()
            left = memoryview(content.encode())
            try:
                while left:
                    left = left[file.write(left) :]
                os.fsync(file.fileno())
            except OSError as error:
                os.ftruncate(file.fileno(), before)
                raise OSError(error.errno, error.strerror, str(self.path)) from error
        self.entries += added

    def _read(self) -> None:
        content = self.path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.truncate(self.path, whole)
        self.entries = _entries(self.path, content[:whole])


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The complete lines of a file that another process may be adding to; none without a file.

    Raises
    ------
    ValueError
        Naming file and line, if a complete line is no JSON object.
    """
    if not path.exists():
        return []
    content = path.read_bytes()
    return _entries(path, content[: content.rfind(b"\n") + 1])


def write_lines(path: Path, entries: Iterable[Mapping[str, Any]]) -> None:
    """Replace a file by one with these lines; it is there as a whole or not at all."""
    content = "".join(json.dumps(entry, allow_nan=False) + "\n" for entry in entries)
    write_atomically(path, content.encode())


def _entries(path: Path, content: bytes) -> list[dict[str, Any]]:
    entries = []
    for number, line in enumerate(content.splitlines(), start=1):
        try:
            entry = json.loads(line)
        except ValueError as error:
            raise WrongValue(f"{path}, line {number}: no JSON ({error})") from error
        if not isinstance(entry, dict):
            raise WrongValue(f"{path}, line {number}: no JSON object")
        entries.append(entry)
    return entries
