"""Published numbers of Fig 4.

Source: the distance matrix, the run-1 networks and the logs that accompany the public code of
"Beyond linear summation: Three-Body RNNs for modeling complex neural and biological systems" (30
runs). Distances are one minus uncentred CKA.
"""

from __future__ import annotations

from typing import TypeAlias

Pair: TypeAlias = tuple[str, str]

# mean, standard deviation (population), median of the distances between two groups
DISTANCES: dict[Pair, tuple[float, float, float]] = {
    ("rnn", "rnn"): (0.033444, 0.039742, 0.020124),
    ("rnn", "tbrnn"): (0.872698, 0.108704, 0.923493),
    ("rnn", "tbrnn_same"): (0.851491, 0.102713, 0.900432),
    ("rnn", "gru"): (0.564917, 0.098409, 0.555710),
    ("tbrnn", "tbrnn"): (0.529189, 0.343659, 0.643920),
    ("tbrnn", "tbrnn_same"): (0.502409, 0.345656, 0.509607),
    ("tbrnn", "gru"): (0.597304, 0.227314, 0.630742),
    ("tbrnn_same", "tbrnn_same"): (0.500697, 0.344759, 0.489028),
    ("tbrnn_same", "gru"): (0.590034, 0.232247, 0.612770),
    ("gru", "gru"): (0.301741, 0.200925, 0.254816),
}

# distances of the groups' centres in two dimensions, by classical scaling and by SMACOF
CENTRES: dict[Pair, tuple[float, float]] = {
    ("rnn", "tbrnn"): (0.760380, 0.770040),
    ("rnn", "gru"): (0.476414, 0.492296),
    ("tbrnn", "gru"): (0.302926, 0.304481),
}

# cosine between the two remembered states of one network of each class
COSINES = {"rnn": -1.0, "tbrnn": 1.0}

# mean epochs and median best loss of 18 readable logs, those of the shorter trainings
LOGS = {
    "rnn": (12687, 1.8e-4),
    "tbrnn": (17944, 9.0e-4),
    "tbrnn_same": (20000, 1.4e-2),
    "gru": (8846, 1.1e-4),
}
