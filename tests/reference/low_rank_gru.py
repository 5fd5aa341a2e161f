"""Low-rank gated recurrent unit of the three-body RNN paper, under its published names."""

import numpy as np
from scipy.special import expit


def states(p, inputs, alpha):
    """States (trial, time, unit) in `cont` mode, without biases and noise."""
    x = np.zeros((len(inputs), len(p["M_hr"])))
    scale, course = 1 / len(p["M_hr"]), []
    for u in np.moveaxis(inputs, 1, 0):

        def drive(gate, y, u=u):
            recurrent = scale * (y @ p[f"N_h{gate}"]) @ p[f"M_h{gate}"].T
            return u @ p[f"W_i{gate}.weight"].T + recurrent

        reset, update = expit(drive("r", x)), expit(drive("z", x))
        candidate = np.tanh(drive("h", reset * x))
        x = x + alpha * ((1 - update) * candidate + update * x - x)
        course.append(x)
    return np.stack(course, axis=1)
