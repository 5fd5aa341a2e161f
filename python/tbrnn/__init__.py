"""Ensembles of low-rank and three-body recurrent networks: train them, infer them, compare them.

>>> import tbrnn
>>> model = tbrnn.LowRankTBRNN(units=30, rank=3, inputs=3, outputs=3, alpha=0.2)
>>> model.initial(seeds=range(20))
Ensemble(20 networks: 20 LowRankTBRNN rank 3)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from tbrnn import noise
from tbrnn._engine import VERSION as __version__
from tbrnn._engine import engine_info
from tbrnn.activity import Activity
from tbrnn.callbacks import Progress
from tbrnn.ensemble import Ensemble
from tbrnn.errors import BackendUnavailable
from tbrnn.gradients import gradient
from tbrnn.guard import Guard
from tbrnn.io import load
from tbrnn.lowrank import lint
from tbrnn.models import (
    EIRNN,
    HORNN,
    RNN,
    TBRNN,
    LeakyGRU,
    LowRankGRU,
    LowRankHORNN,
    LowRankRNN,
    LowRankTBRNN,
)
from tbrnn.nonlinearity import Nonlinearity
from tbrnn.optimizers import OptimizerState, adam, adamw
from tbrnn.runs import Runs
from tbrnn.schedules import constant, cosine, linear
from tbrnn.train import fit
from tbrnn.trials import Trials

if TYPE_CHECKING:
    from tbrnn import analysis, connectivity, plot, tasks
    from tbrnn.campaign.sweep import sweep

__all__ = [
    "EIRNN",
    "HORNN",
    "RNN",
    "TBRNN",
    "Activity",
    "BackendUnavailable",
    "Ensemble",
    "Guard",
    "LeakyGRU",
    "LowRankGRU",
    "LowRankHORNN",
    "LowRankRNN",
    "LowRankTBRNN",
    "Nonlinearity",
    "OptimizerState",
    "Progress",
    "Runs",
    "Trials",
    "__version__",
    "adam",
    "adamw",
    "analysis",
    "connectivity",
    "constant",
    "cosine",
    "engine_info",
    "fit",
    "gradient",
    "linear",
    "lint",
    "load",
    "noise",
    "plot",
    "sweep",
    "tasks",
]

_LAZY = ("analysis", "connectivity", "plot", "tasks")  # at first use: plot needs matplotlib


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return importlib.import_module(f"tbrnn.{name}")
    if name == "sweep":
        return importlib.import_module("tbrnn.campaign.sweep").sweep
    raise AttributeError(f"module 'tbrnn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY, "sweep"})
