"""Where numbers come from: version, device, processor, configuration, metrics."""

import platform
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

import tbrnn
from tbrnn.analysis import METRICS


def provenance(
    *, seed: int, config: str, metrics: tuple[str, ...], devices: Iterable[str] = ()
) -> dict[str, Any]:
    """What to write beside results.

    Parameters
    ----------
    seed : int
        Seed of the whole experiment.
    config : str
        Hash of the configuration.
    metrics : tuple of str
        Names out of ``tbrnn.analysis.METRICS``; written with their versions.
    devices : iterable of str
        Those that trained the networks, as ``Runs.device`` names them; each is written once.

    Examples
    --------
    >>> metrics = ("r2_per_trial",)
    >>> made = provenance(seed=0, config="60593d12", metrics=metrics, devices=["cpu", "cpu"])
    >>> made["metrics"], made["device"]
    (['r2_per_trial/1'], 'cpu')
    """
    engine = tbrnn.engine_info()
    return {
        "version": tbrnn.__version__,
        "seed": seed,
        "config": config,
        "device": " and ".join(sorted(set(devices))),
        "instruction_set": engine["instruction_set"],
        "processor": engine["processor"],
        "python": platform.python_version(),
        "numpy": np.__version__,
        "metrics": [METRICS[name].label for name in metrics],
    }


def made_by(made: Mapping[str, Any]) -> str:
    """The engine in a few words: version, instruction set and, unless it is the processor, device.

    Examples
    --------
    >>> made_by({"version": "1.0", "instruction_set": "avx2", "device": "cpu"})
    'tbrnn 1.0, avx2'
    """
    words = [f"tbrnn {made['version']}", made["instruction_set"]]
    return ", ".join(words if made["device"] == "cpu" else [*words, made["device"]])
