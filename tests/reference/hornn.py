"""HORNN: W r plus the three-body drive, or their gated mixture g W r + (1 - g) three-body with
g = sigmoid(gate) (the published `adv`)."""

import numpy as np

from . import tbrnn


def weights(p, gated):
    g = 1 / (1 + np.exp(-p["gate"]))
    return (g, 1 - g) if gated else (1.0, 1.0)


def drive(p, r, gated):
    w2, w3 = weights(p, gated)
    return w2 * r @ p["w_hh_rnn"].T + w3 * tbrnn.drive({"w_hh": p["w_hh_tbrnn"]}, r)


def adjoint(p, r, d, gated):
    w2, w3 = weights(p, gated)
    three = {"w_hh": p["w_hh_tbrnn"]}
    dr, gradients = tbrnn.adjoint(three, r, w3 * d)
    slope = w2 * w3 if gated else 0.0
    difference = r @ p["w_hh_rnn"].T - tbrnn.drive(three, r)
    return dr + w2 * d @ p["w_hh_rnn"], {
        "w_hh_rnn": w2 * d.T @ r,
        "w_hh_tbrnn": gradients["w_hh"],
        "gate": slope * np.sum(d * difference),
    }
