"""The networks: frozen descriptions, one class per drive.

A model says what a network is; its numbers live in an `Ensemble`. The drives are computed by the
engine (cpp/equations); here are names, shapes and initial distributions.
"""

from tbrnn._network import Network
from tbrnn.models.dense import EIRNN, RNN
from tbrnn.models.gated import LeakyGRU, LowRankGRU
from tbrnn.models.low_rank import LowRankHORNN, LowRankNetwork, LowRankRNN, LowRankTBRNN
from tbrnn.models.polynomial import HORNN, TBRNN

MODELS: dict[str, type[Network]] = {
    model.__name__: model
    for model in (
        LowRankRNN,
        LowRankTBRNN,
        LowRankHORNN,
        LowRankGRU,
        RNN,
        EIRNN,
        LeakyGRU,
        TBRNN,
        HORNN,
    )
}

__all__ = [
    "EIRNN",
    "HORNN",
    "MODELS",
    "RNN",
    "TBRNN",
    "LeakyGRU",
    "LowRankGRU",
    "LowRankHORNN",
    "LowRankNetwork",
    "LowRankRNN",
    "LowRankTBRNN",
]
