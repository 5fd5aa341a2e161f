"""Nonlinearities; each slope is written in terms of the value, as the engine has it.

The last four have parameters: relu(1.3 (x - 0.1)) with 0.2 of that slope below, tanh(0.6 x),
sigmoid(2.5 (x - 0.3)) and softplus log(1 + exp(5 y)) / 5 of y = 0.8 (x + 0.2).
"""

import numpy as np

VALUE = {
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
    "sigmoid": lambda x: 0.5 * (1 + np.tanh(0.5 * x)),
    "softplus": lambda x: np.logaddexp(0, x),
    "identity": lambda x: x,
    "leaky relu": lambda x: np.where(x > 0.1, 1.3, 0.26) * (x - 0.1),
    "slow tanh": lambda x: np.tanh(0.6 * x),
    "shifted sigmoid": lambda x: 0.5 * (1 + np.tanh(1.25 * (x - 0.3))),
    "sharp softplus": lambda x: np.logaddexp(0, 4 * (x + 0.2)) / 5,
}

SLOPE = {
    "tanh": lambda y: 1 - y**2,
    "relu": lambda y: (y > 0).astype(float),
    "sigmoid": lambda y: y * (1 - y),
    "softplus": lambda y: -np.expm1(-y),
    "identity": lambda y: np.ones_like(y),
    "leaky relu": lambda y: np.where(y > 0, 1.3, 0.26),
    "slow tanh": lambda y: 0.6 * (1 - y**2),
    "shifted sigmoid": lambda y: 2.5 * y * (1 - y),
    "sharp softplus": lambda y: -0.8 * np.expm1(-5 * y),
}
