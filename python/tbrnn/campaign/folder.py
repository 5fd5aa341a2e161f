"""A folder that one campaign fills: what made it is written there, and one process works in it."""

from __future__ import annotations

import fcntl
import json
import os
import platform
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tbrnn._engine import VERSION
from tbrnn.campaign.files import HISTORY, WEIGHTS
from tbrnn.errors import WrongValue
from tbrnn.io import remove_partial, write_atomically

FORMAT = 1  # of the folder; larger numbers come from later versions of the package
MANIFEST = "campaign.json"
PATIENCE = 0.2  # seconds, because `holder` has the lock for an instant


class FolderInUse(OSError):
    """Another process works in the folder."""


class ChangedConfiguration(WrongValue):
    """The folder holds results of another configuration; the message lists the differences."""


@contextmanager
def hold(
    folder: Path, configuration: Mapping[str, Any], growing: Collection[str] = ()
) -> Iterator[None]:
    """Work in a folder, alone and with the configuration that it was begun with.

    Halves of files, which a killed process has left, are removed.

    Parameters
    ----------
    folder : path
        Made if there is none. Its ``campaign.json`` keeps format, version and configuration.
    configuration : dict
        All that decides the results, of plain JSON values.
    growing : collection of str, optional
        Its entries that may be larger than when the folder was begun: numbers of results, where
        each result depends on none of the others.

    Raises
    ------
    OSError
        If the folder cannot be made or written.
    FolderInUse
        If another process holds it.
    ChangedConfiguration
        If it was begun with another configuration.
    ValueError
        If a later version of the package made it, or its ``campaign.json`` is damaged.

    Examples
    --------
    >>> import tempfile
    >>> from tbrnn.campaign import hold
    >>> with tempfile.TemporaryDirectory() as folder:  # doctest: +ELLIPSIS
    ...     with hold(Path(folder), {"seed": 0}):
    ...         pass
    ...     with hold(Path(folder), {"seed": 1}):
    ...         pass
    Traceback (most recent call last):
        ...
    tbrnn.campaign.folder.ChangedConfiguration: ...: begun with another configuration
      seed: 0 there, 1 now
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(f"{folder} must be a folder, got a file") from None
    with (folder / ".lock").open("a+b") as lock:
        _lock(folder, lock.fileno())
        _check(folder, json.loads(json.dumps(configuration)), growing)
        for place in (folder, folder / WEIGHTS, folder / HISTORY):
            remove_partial(place)
        yield


def begun(folder: Path) -> bool:
    """Whether the folder is bound to a configuration."""
    return (folder / MANIFEST).exists()


def holder(folder: Path) -> str | None:
    """The process that works in a folder now, its number and machine; None if none does."""
    try:
        with (folder / ".lock").open("rb") as lock:
            try:
                fcntl.flock(lock.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return _process(lock.fileno())
    except OSError:
        return None  # never begun, or not ours to read
    return None


def _lock(folder: Path, file: int) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if time.monotonic() > end:
                raise FolderInUse(
                    f"{folder}: in use by process {_process(file)}; "
                    "wait for its end, or take another folder"
                ) from None
            time.sleep(0.01)
        except OSError as error:  # on file systems that have no locks
            raise OSError(error.errno, f"no lock: {error.strerror}", str(folder)) from error
    try:
        os.ftruncate(file, 0)
        os.write(file, f"{os.getpid()}{_here()}".encode())
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(folder)) from error


def _process(file: int) -> str:
    """The number of the process that has a lock, and its machine if that is another one."""
    return os.pread(file, 300, 0).decode().removesuffix(_here()) or "unknown"


def _here() -> str:
    return f" on {platform.node()}"


def _check(folder: Path, configuration: dict[str, Any], growing: Collection[str]) -> None:
    """Write the manifest, or compare with the one that is there."""
    path = folder / MANIFEST
    if not path.exists():
        _write(path, {"format": FORMAT, "tbrnn": VERSION, "configuration": configuration})
        return
    try:
        found = json.loads(path.read_text())
        version, begun = found["format"], dict(found["configuration"])
    except (KeyError, TypeError, ValueError) as error:
        raise WrongValue(f"{path}: damaged ({error})") from error
    if version > FORMAT:
        raise WrongValue(
            f"{folder}: made by tbrnn {found.get('tbrnn')} (format {version}); "
            f"this is tbrnn {VERSION}, which knows formats up to {FORMAT}"
        )
    numbers = [key for key in growing if isinstance(begun.get(key), int)]
    grown = {key: configuration[key] for key in numbers if configuration[key] > begun[key]}
    differences = _differences({**begun, **grown}, configuration)
    if differences:
        listed = "".join(f"\n  {line}" for line in differences)
        raise ChangedConfiguration(f"{folder}: begun with another configuration{listed}")
    if grown:
        _write(path, {**found, "configuration": configuration})


def _write(path: Path, manifest: dict[str, Any]) -> None:
    write_atomically(path, (json.dumps(manifest, indent=1) + "\n").encode())


def _differences(there: Any, now: Any, name: str = "") -> list[str]:
    """A line for every entry of two nested dictionaries that is not the same."""
    if isinstance(there, dict) and isinstance(now, dict):
        return [
            line
            for key in {**there, **now}
            for line in _differences(
                there.get(key, "absent"), now.get(key, "absent"), f"{name}.{key}" if name else key
            )
        ]
    return [] if there == now else [f"{name}: {there} there, {now} now"]
