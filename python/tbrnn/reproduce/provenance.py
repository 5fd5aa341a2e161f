"""Where numbers come from: what trained, configuration, metrics."""

import platform
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

import tbrnn
from tbrnn.analysis import METRICS
from tbrnn.reproduce.record import Kept


def engine_words() -> dict[str, str]:
    """What computes in this call, as every record says it."""
    return {
        "instruction_set": tbrnn.engine_info()["instruction_set"],
        "version": tbrnn.__version__,
    }


def provenance(
    records: Iterable[Kept], *, seed: int, config: str, metrics: tuple[str, ...]
) -> dict[str, Any]:
    """What to write beside results.

    Parameters
    ----------
    records : iterable
        Of the networks: versions, devices and instruction sets that trained them, each once; empty
        where no record says.
    seed : int
        Seed of the whole experiment.
    config : str
        Hash of the configuration.
    metrics : tuple of str
        Names out of ``tbrnn.analysis.METRICS``; written with their versions.

    Examples
    --------
    >>> from tbrnn.reproduce.record import Record
    >>> networks = [Record("rnn", run, None, "capped", 1, 9, 0.1, 0.1, {}) for run in range(2)]
    >>> made = provenance(networks, seed=0, config="60593d12", metrics=("r2_per_trial",))
    >>> made["metrics"], made["device"], made["instruction_set"]
    (['r2_per_trial/1'], 'cpu', '')
    """
    found = list(records)
    return {
        "version": _each_once(record.version for record in found),
        "seed": seed,
        "config": config,
        "device": _each_once(record.device for record in found),
        "instruction_set": _each_once(record.instruction_set for record in found),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "metrics": [METRICS[name].label for name in metrics],
    }


def made_by(made: Mapping[str, Any]) -> str:
    """What trained the networks: version, instruction set and, unless it is the processor, device.

    Examples
    --------
    >>> made_by({"version": "1.0", "instruction_set": "avx2", "device": "cpu"})
    'tbrnn 1.0, avx2'
    >>> made_by({"version": "", "instruction_set": "", "device": "cpu"})
    'tbrnn'
    """
    device = "" if made["device"] == "cpu" else made["device"]
    words = [f"tbrnn {made['version']}".strip(), made["instruction_set"], device]
    return ", ".join(word for word in words if word)


def origin(record: Kept) -> str:
    """What trained one network, as far as its record says."""
    version, instructions = record.version, record.instruction_set
    words = [
        f"tbrnn {version}" if version else "a version that it does not name",
        instructions or "an instruction set that it does not name",
        record.device,
    ]
    return ", ".join(words)


def _each_once(words: Iterable[str | None]) -> str:
    return " and ".join(sorted({word for word in words if word}))
