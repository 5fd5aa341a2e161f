"""Every documented mistake of fit, gradient and the schedules."""

from dataclasses import replace

import numpy as np
import pytest

import tbrnn

RNG = np.random.default_rng(3)
INPUTS, TARGETS = RNG.normal(0, 1, (6, 7, 3)), RNG.normal(0, 1, (6, 7, 2))
TRIALS = tbrnn.Trials(INPUTS, TARGETS)
SIZES = {"units": 5, "inputs": 3, "outputs": 2}
MODEL = tbrnn.LowRankTBRNN(rank=4, **SIZES)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"trials": TRIALS.inputs}, TypeError, "trials must be tbrnn.Trials, got"),
        ({"trials": tbrnn.Trials(INPUTS)}, ValueError, "trials must be Trials with targets"),
        ({"trials": tbrnn.Trials(INPUTS[..., :2], TARGETS)}, ValueError, "inputs must be .* 3 in"),
        ({"trials": tbrnn.Trials(INPUTS, INPUTS)}, ValueError, "targets must be .* 2 outputs"),
        ({"match": "rates"}, ValueError, "targets must be .* 5 units, got shape"),
        ({"match": "voltages"}, ValueError, "match must be one of 'outputs', 'rates', 'states'"),
        *(
            ({name: given}, ValueError, f"{name}.* must be at most 2147483647, got {2**64}")
            for name, given in (
                ("epochs", 2**64),
                ("batch", 2**64),
                ("evaluate_every", 2**64),
                ("patience", (2**64, 0.0)),
                ("record_every", 2**64),
                ("statistics", 2**64),
                ("threads", 2**64),
            )
        ),
        ({"members": 0}, ValueError, "members must be a whole number of at least 1, got 0"),
        ({"members": []}, ValueError, "members must be at least one member, got none"),
        ({"members": [0, -1]}, ValueError, r"members\[1\] must be .* at least 0, got -1"),
        ({"members": 2, "seed": [1, 2, 3]}, ValueError, "seed must be .* 2 members, got 3 entries"),
        ({"seed": -1}, ValueError, "seed must be .* at least 0, got -1"),
        ({"epochs": 0}, ValueError, "epochs must be a whole number of at least 1, got 0"),
        ({"epochs": 2.5}, TypeError, r"epochs must be a whole number .*, got 2.5 \(float\)"),
        ({"members": 2, "epochs": [1, 2, 3]}, ValueError, "epochs must be .* 2 members, got 3"),
        ({"lr": 0.0}, ValueError, "lr must be a finite number above 0, got 0.0"),
        ({"lr": [1e-3, np.nan], "members": 2}, ValueError, r"lr\[1\] must be a finite number"),
        ({"lr": 10**400}, ValueError, "lr must be a finite number above 0, got 1000"),
        ({"lr": "fast"}, TypeError, "lr must be a learning rate, tbrnn.linear"),
        ({"sigma": -0.1}, ValueError, "sigma must be .* at least 0, got -0.1"),
        ({"dataset": 1}, ValueError, "dataset must be a whole number from 0 to 0, got 1"),
        ({"target_loss": -1.0}, ValueError, "target_loss must be .* at least 0, got -1.0"),
        ({"stall": 5}, ValueError, r"stall must be None or \(window, improvement\), got 5"),
        ({"stall": (0, 1e-4)}, ValueError, "window of stall must be a finite number above 0"),
        ({"stall": (2.5, 1e-4)}, TypeError, "window of stall must be a whole number"),
        ({"stall": (5, -1.0)}, ValueError, "improvement of stall must be .* at least 0"),
        ({"dtype": "float16"}, ValueError, "dtype must be 'float32' or 'float64'"),
        ({"threads": 0}, ValueError, "threads must be a whole number of at least 1, got 0"),
        ({"batch": 0}, ValueError, "batch must be a whole number of at least 1, got 0"),
        ({"evaluate_every": 0}, ValueError, "evaluate_every must be .* at least 1, got 0"),
        ({"validation": INPUTS}, TypeError, "validation must be tbrnn.Trials, got"),
        (
            {"validation": tbrnn.Trials(1e300 * np.ones_like(INPUTS), TARGETS)},
            ValueError,
            "inputs of validation must be finite in float32, got inf",
        ),
        ({"validation": tbrnn.Trials(INPUTS)}, ValueError, "validation must be Trials with target"),
        (
            {"validation": tbrnn.Trials(INPUTS[..., :2], TARGETS)},
            ValueError,
            "inputs of validation",
        ),
        ({"validation": tbrnn.Trials(INPUTS, INPUTS)}, ValueError, "targets of validation must be"),
        ({"validation_dataset": 0}, ValueError, "validation_dataset must be left out without val"),
        (
            {"validation": TRIALS, "validation_dataset": 1},
            ValueError,
            "validation_dataset must be a whole number from 0 to 0, got 1",
        ),
        (
            {"validation": tbrnn.Trials.stack([TRIALS, TRIALS])},
            ValueError,
            "validation_dataset must be given, one index per member, with 2 data sets, got None",
        ),
        ({"patience": 5}, ValueError, r"patience must be None or \(epochs, improvement\), got 5"),
        ({"patience": (0, 0.1)}, ValueError, "epochs of patience must be .* at least 1, got 0"),
        ({"patience": (5, -1.0)}, ValueError, "improvement of patience must be .* at least 0"),
        ({"guard": 2.0}, TypeError, "guard must be None or a tbrnn.Guard, got 2.0"),
        ({"seed": 1.5}, TypeError, "seed must be a whole number, or a sequence .*, got 1.5"),
        ({"seed": [-1]}, ValueError, r"seed\[0\] must be a whole number of at least 0, got -1"),
        ({"checkpoint": 5}, TypeError, "checkpoint must be a path, got 5"),
        ({"record_every": -1}, ValueError, "record_every must be .* at least 0, got -1"),
        ({"progress": "yes"}, TypeError, "progress must be True or False, got 'yes'"),
        ({"nets": "LowRankRNN"}, TypeError, "nets must be a model such as"),
        ({"nets": []}, ValueError, "nets must be .*, got an empty list"),
        ({"nets": [MODEL, 3]}, TypeError, r"nets\[1\] must be a model such as"),
        ({"nets": [MODEL] * 2, "members": 3}, ValueError, "nets must be one model, or one for"),
        ({"nets": MODEL.initial([0]), "members": 1}, ValueError, "members must be left out"),
    ],
)
def test_mistakes(options, error, message):
    with pytest.raises(error, match=message):
        tbrnn.fit(**{"nets": MODEL, "trials": TRIALS, "epochs": 1} | options)


def test_gradient_mistakes():
    both = tbrnn.Ensemble.concatenate([MODEL.initial([0]), replace(MODEL, rank=1).initial([0])])
    with pytest.raises(ValueError, match="has no single model"):
        tbrnn.gradient(both, TRIALS)
    with pytest.raises(TypeError, match="nets must be an Ensemble.*, got LowRankTBRNN"):
        tbrnn.gradient(MODEL, TRIALS)
    with pytest.raises(ValueError, match="trials must be Trials with targets"):
        tbrnn.gradient(MODEL.initial([0]), tbrnn.Trials(INPUTS))


@pytest.mark.parametrize(
    ("first", "last", "epochs", "error", "message"),
    [
        (0.0, 1e-3, 5, ValueError, "first must be a finite number above 0, got 0.0"),
        (1e-2, -1e-3, 5, ValueError, "last must be a finite number at least 0, got -0.001"),
        (1e-2, 1e-3, 0, ValueError, "epochs must be a whole number of at least 1, got 0"),
        (1e-2, 1e-3, 1.5, TypeError, "epochs must be a whole number"),
    ],
)
def test_schedule_mistakes(first, last, epochs, error, message):
    with pytest.raises(error, match=message):
        tbrnn.linear(first, last, epochs)
    with pytest.raises(error, match=message):
        tbrnn.cosine(first, last, epochs)
