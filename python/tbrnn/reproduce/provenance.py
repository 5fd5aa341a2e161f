"""Where numbers come from: version, processor, instruction set, configuration, metrics."""

import platform
from typing import Any

import numpy as np

import tbrnn
from tbrnn.analysis import METRICS


def provenance(*, seed: int, config: str, metrics: tuple[str, ...]) -> dict[str, Any]:
    """What to write beside results.

    Parameters
    ----------
    seed : int
        Seed of the whole experiment.
    config : str
        Hash of the configuration.
    metrics : tuple of str
        Names out of ``tbrnn.analysis.METRICS``; written with their versions.

    Examples
    --------
    >>> made = provenance(seed=0, config="60593d12", metrics=("r2_per_trial",))
    >>> made["metrics"], made["device"]
    (['r2_per_trial/1'], 'cpu')
    """
    engine = tbrnn.engine_info()
    return {
        "version": tbrnn.__version__,
        "seed": seed,
        "config": config,
        "device": "cpu",
        "instruction_set": engine["instruction_set"],
        "processor": engine["processor"],
        "python": platform.python_version(),
        "numpy": np.__version__,
        "metrics": [METRICS[name].label for name in metrics],
    }
