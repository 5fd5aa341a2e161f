"""Ensembles in safetensors files: written whole or not at all, checked when read."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tbrnn._arguments import a_path
from tbrnn._cohorts import Cohort, by_name
from tbrnn._constants import Constant, plain
from tbrnn._engine import VERSION
from tbrnn.ensemble import Ensemble
from tbrnn.errors import WrongValue
from tbrnn.models import MODELS

if TYPE_CHECKING:
    from tbrnn._network import Network

CONSTANT = "constant"  # arrays that are part of a model
FORMAT = 1  # of the configuration below; larger numbers come from later versions of the package


def save(nets: Ensemble, path: str | os.PathLike[str]) -> None:
    """`Ensemble.save`, which documents it."""
    tensors = {
        f"{c}.{name}": np.ascontiguousarray(array)
        for c, cohort in enumerate(nets.cohorts)
        for name, array in by_name(cohort.model, cohort.parameters).items()
    }
    for c, cohort in enumerate(nets.cohorts):
        tensors |= {f"{c}.{CONSTANT}.{k}": v.array for k, v in _constants(cohort).items()}
    configuration = {
        "format": FORMAT,
        "tbrnn": VERSION,
        "cohorts": [_described(cohort) for cohort in nets.cohorts],
        "order": nets.order.tolist(),
    }
    write_tensors(path, configuration, tensors)


def load(path: str | os.PathLike[str]) -> Ensemble:
    """Read an ensemble that `Ensemble.save` wrote.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    Ensemble
        With the same models, parameters, member numbers, seeds and order, bit for bit.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        Naming the path, if the file is truncated, damaged (a digest covers weights and
        configuration), no safetensors file, one that tbrnn did not write, or one of a later
        version.

    Examples
    --------
    >>> import os, tempfile, tbrnn
    >>> nets = tbrnn.LowRankTBRNN(units=30, rank=2, inputs=1, outputs=1).initial([0, 1])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     nets.save(os.path.join(folder, "nets.safetensors"))
    ...     copy = tbrnn.load(os.path.join(folder, "nets.safetensors"))
    >>> bool((copy.l == nets.l).all()), copy.model == nets.model
    (True, True)
    """
    configuration, tensors = read_tensors(path)
    try:
        if configuration["format"] > FORMAT:
            raise ValueError(f"format {configuration['format']}, known up to {FORMAT}")
        cohorts = [_cohort(c, entry, tensors) for c, entry in enumerate(configuration["cohorts"])]
        nets = Ensemble(cohorts, configuration["order"])
        _ = nets.numbers  # fails where the order names a member that is not there
    except (LookupError, TypeError, ValueError) as error:
        raise WrongValue(
            f"{path}: written by tbrnn {configuration.get('tbrnn')}, "
            f"this is tbrnn {VERSION} and cannot read it ({error})"
        ) from error
    return nets


def write_tensors(
    path: str | os.PathLike[str],
    configuration: Mapping[str, Any],
    tensors: Mapping[str, NDArray[Any]],
) -> None:
    """Write arrays and what they are, with a digest of both: equal contents give equal bytes."""
    from safetensors.numpy import save as to_bytes

    # one entry, because safetensors writes several in any order
    content = {**configuration, "digest": _digest(configuration, tensors)}
    write_atomically(path, to_bytes(dict(tensors), {"tbrnn": json.dumps(content)}))


def read_tensors(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Read what `write_tensors` wrote; `load` documents the errors."""
    metadata, tensors = _read(a_path("path", path))
    if "tbrnn" not in metadata:
        raise WrongValue(
            f"{path}: a safetensors file that tbrnn did not write (its metadata lack 'tbrnn'); "
            "arrays with published names load with Model.from_state_dict"
        )
    try:
        configuration = json.loads(metadata["tbrnn"])
        intact = configuration.pop("digest") == _digest(configuration, tensors)
    except (ValueError, LookupError, TypeError, AttributeError):
        intact = False
    if not intact:
        raise WrongValue(f"{path}: damaged, weights or configuration differ from what was saved")
    return configuration, tensors


def write_atomically(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file that appears at `path` complete or not at all."""
    final = a_path("path", path)
    partial = final.with_name(f".{final.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:  # a process that was killed may have left one
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(final)
    except OSError as error:  # users know of no partial file
        raise OSError(error.errno, error.strerror, str(final)) from error
    finally:
        partial.unlink(missing_ok=True)


def remove_partial(folder: Path) -> None:
    """Remove what writes have left that were killed, in a folder where no other process writes."""
    for partial in folder.glob(".*.[0-9]*.partial"):
        partial.unlink()


def _read(path: Path) -> tuple[dict[str, str], dict[str, NDArray[Any]]]:
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise FileNotFoundError(f"{path}: {'a folder' if path.is_dir() else 'no such file'}")
    try:
        with safe_open(path, framework="numpy") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return file.metadata() or {}, tensors
    except SafetensorError as error:
        raise WrongValue(f"{path}: truncated, damaged or no safetensors file ({error})") from error


def _digest(configuration: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]]) -> str:
    digest = hashlib.blake2b(json.dumps(configuration).encode(), digest_size=16)
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].tobytes())
    return digest.hexdigest()


def _constants(cohort: Cohort) -> dict[str, Constant]:
    return {k: v for k, v in cohort.model.arguments.items() if isinstance(v, Constant)}


def _described(cohort: Cohort) -> dict[str, Any]:
    model = plain({k: v for k, v in cohort.model.arguments.items() if not isinstance(v, Constant)})
    return {
        "class": type(cohort.model).__name__,
        "model": model,
        "numbers": list(cohort.numbers),
        "seeds": [list(seed) for seed in cohort.seeds],
    }


def _cohort(c: int, entry: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]]) -> Cohort:
    prefix = f"{c}.{CONSTANT}."
    constants = {k.removeprefix(prefix): a for k, a in tensors.items() if k.startswith(prefix)}
    options: dict[str, Any] = {**entry["model"], **constants}
    model: Network = MODELS[entry["class"]](**options)
    members = len(entry["numbers"])
    columns = [tensors[f"{c}.{name}"].reshape(members, -1) for name, _ in model.spec.fields]
    seeds = tuple(tuple(seed) for seed in entry["seeds"])
    return Cohort(model, np.concatenate(columns, axis=1), tuple(entry["numbers"]), seeds)
