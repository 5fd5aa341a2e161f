"""Low-rank HORNN: the two-body drive plus the three-body drive, or their gated mixture
g two-body + (1 - g) three-body with g = sigmoid(gate) (the published `adv`)."""

import numpy as np

from . import low_rank_rnn, low_rank_tbrnn


def parts(p):
    two = {"m": p["m_rnn"], "n": p["n_rnn"]}
    three = {"l": p["l_tbrnn"], "m": p["m_tbrnn"], "n": p["n_tbrnn"]}
    return two, three


def weights(p, gated):
    g = 1 / (1 + np.exp(-p["gate"]))
    return (g, 1 - g) if gated else (1.0, 1.0)


def drive(p, r, scale_two, scale_three, gated):
    two, three = parts(p)
    w2, w3 = weights(p, gated)
    linear = low_rank_rnn.drive(two, r, scale_two)
    return w2 * linear + w3 * low_rank_tbrnn.drive(three, r, scale_three)


def adjoint(p, r, d, scale_two, scale_three, gated):
    two, three = parts(p)
    w2, w3 = weights(p, gated)
    dr2, d2 = low_rank_rnn.adjoint(two, r, w2 * d, scale_two)
    dr3, d3 = low_rank_tbrnn.adjoint(three, r, w3 * d, scale_three)
    gradients = {k + "_rnn": v for k, v in d2.items()} | {k + "_tbrnn": v for k, v in d3.items()}
    linear = low_rank_rnn.drive(two, r, scale_two)
    cubic = low_rank_tbrnn.drive(three, r, scale_three)
    slope = w2 * w3 if gated else 0.0
    gradients["gate"] = slope * np.sum(d * (linear - cubic))
    return dr2 + dr3, gradients
