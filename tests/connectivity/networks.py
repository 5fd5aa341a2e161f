"""Small networks of every model, with weights large enough for their drives to matter."""

import numpy as np

import tbrnn

SIZES = {"units": 5, "inputs": 2, "outputs": 3}
MODELS = {
    "two-body": tbrnn.LowRankRNN(rank=2, **SIZES),
    "three-body": tbrnn.LowRankTBRNN(rank=3, **SIZES),
    "hard_orth": tbrnn.LowRankTBRNN(rank=2, hard_orth=True, **SIZES),
    "no bias": tbrnn.LowRankTBRNN(rank=2, input_bias=False, **SIZES),
    "discrete": tbrnn.LowRankTBRNN(rank=3, alpha=1.0, scale=0.5, form="voltage", **SIZES),
    "both": tbrnn.LowRankHORNN(rank=(2, 3), **SIZES),
    "gated": tbrnn.LowRankHORNN(rank=(2, 3), gated=True, **SIZES),
}
BULK = {
    "pairs and a bulk": tbrnn.LowRankRNN(rank=2, bulk=(0.8, 1), **SIZES),
    "triples and a bulk": tbrnn.LowRankTBRNN(rank=2, bulk=(0.8, 1), **SIZES),
    "both and a bulk": tbrnn.LowRankHORNN(rank=(2, 3), gated=True, bulk=(0.8, 1), **SIZES),
}
FULL = {
    "full matrix": tbrnn.RNN(**SIZES),
    "full tensor": tbrnn.TBRNN(**SIZES),
    "full both": tbrnn.HORNN(**SIZES),
    "full gated": tbrnn.HORNN(gated=True, **SIZES),
}
THREE_BODY = [kind for kind in MODELS if kind != "two-body"]


def ensemble(model, members=4):
    nets = model.initial(range(members), dtype="float64")
    arrays = {name: 3 * array for name, array in nets.arrays.items()}
    if "gate" in arrays:
        arrays["gate"] = np.linspace(-1, 2, members)
    return tbrnn.Ensemble.from_arrays(model, arrays)
