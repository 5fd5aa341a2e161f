"""The published Table 1 and the values of its companion figure.

Source: the notebook output of the public code of "Beyond linear summation: Three-Body RNNs for
modeling complex neural and biological systems" (30 runs per task). Table values are as printed
there: ``NONE`` stands for a rank of ">6", ``BELOW_ZERO`` for an R2 of "<0". The figure's values
were read off its image to within .02; where another line covers a dot, to within .1.
"""

from tbrnn.reproduce.table1.records import NetworkClass

TASKS = ("flipflop-1", "flipflop-2", "flipflop-3", "sine")
RANKS = (1, 2, 3, 4, 5, 6)
NONE = float("inf")
BELOW_ZERO = float("-inf")

Line = tuple[float, float, float, float]

# (student, teacher) -> per task: rank, R2, rank in any run, R2 in any run
TABLE: dict[tuple[NetworkClass, NetworkClass], dict[str, Line]] = {
    ("rnn", "rnn"): {
        "flipflop-1": (1, 0.997, 1, 0.999),
        "flipflop-2": (2, 0.997, 2, 0.999),
        "flipflop-3": (3, 0.997, 3, 0.998),
        "sine": (2, 0.989, 2, 0.998),
    },
    ("rnn", "tbrnn"): {
        "flipflop-1": (NONE, BELOW_ZERO, NONE, BELOW_ZERO),
        "flipflop-2": (NONE, BELOW_ZERO, NONE, 0.139),
        "flipflop-3": (NONE, BELOW_ZERO, NONE, BELOW_ZERO),
        "sine": (NONE, 0.576, 6, 0.916),
    },
    ("tbrnn", "rnn"): {
        "flipflop-1": (NONE, 0.729, 2, 0.937),
        "flipflop-2": (NONE, 0.861, 3, 0.944),
        "flipflop-3": (4, 0.909, 4, 0.987),
        "sine": (NONE, BELOW_ZERO, 4, 0.922),
    },
    ("tbrnn", "tbrnn"): {
        "flipflop-1": (1, 0.994, 1, 0.999),
        "flipflop-2": (2, 0.946, 2, 0.995),
        "flipflop-3": (3, 0.954, 3, 0.998),
        "sine": (2, 0.903, 2, 0.985),
    },
}

Curve = tuple[float, ...]

# (student, teacher) -> per task: maximum over runs of the mean R2, student ranks 1 to 6
FIGURE: dict[tuple[NetworkClass, NetworkClass], dict[str, Curve]] = {
    ("rnn", "rnn"): {
        "flipflop-1": (1.00, 0.997, 0.996, 0.999, 0.995, 0.996),
        "flipflop-2": (-2.80, 0.999, 1.00, 1.00, 1.00, 1.00),
        "flipflop-3": (-6.74, -1.19, 0.998, 1.00, 1.00, 1.00),
        "sine": (0.724, 0.998, 0.998, 0.998, 0.998, 0.995),
    },
    ("rnn", "tbrnn"): {
        "flipflop-1": (-0.206, -0.214, -0.161, -0.238, -0.194, -0.342),
        "flipflop-2": (-1.06, 0.139, 0.111, -0.148, -0.080, -0.142),
        "flipflop-3": (-1.77, -1.17, -1.09, -1.24, -1.19, -1.29),
        "sine": (0.376, 0.841, 0.823, 0.813, 0.807, 0.916),
    },
    ("tbrnn", "rnn"): {
        "flipflop-1": (0.603, 0.937, 0.928, 0.920, 0.920, 0.919),
        "flipflop-2": (-0.24, 0.66, 0.944, 0.94, 0.95, 0.95),
        "flipflop-3": (-0.56, 0.32, 0.7, 0.987, 0.99, 0.99),
        "sine": (0.205, 0.383, 0.686, 0.922, 0.688, 0.90),
    },
    ("tbrnn", "tbrnn"): {
        "flipflop-1": (0.999, 0.988, 0.976, 0.984, 0.992, 0.980),
        "flipflop-2": (-0.636, 0.995, 0.99, 0.99, 0.99, 0.99),
        "flipflop-3": (-0.98, 0.51, 0.998, 1.0, 0.99, 0.94),
        "sine": (0.422, 0.985, 0.986, 0.966, 0.973, 0.969),
    },
}
