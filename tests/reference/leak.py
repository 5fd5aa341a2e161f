"""The leaky step in both forms, with alpha = dt/tau (one, or one per unit) and noise sigma xi.

rate     x <- x + alpha (-x - cubic x^3 + drive(phi(x)) + w_in u + b_in) + sigma xi
voltage  x <- x + alpha (-x - cubic x^3 + phi(drive(x) + w_in u + b_in)) + sigma xi
"""

import numpy as np

from .nonlinearities import SLOPE, VALUE


def presynaptic(net, x):
    return VALUE[net.phi](x) if net.form == "rate" else x


def step(net, x, v, noise):
    h = v if net.form == "rate" else VALUE[net.phi](v)
    return x + np.asarray(net.alpha) * (h - x - net.cubic * x**3) + noise


def adjoint_drive(net, v, g):
    """dL/dv from g = dL/dx_t."""
    w = np.asarray(net.alpha) * g
    return w if net.form == "rate" else w * SLOPE[net.phi](VALUE[net.phi](v))


def adjoint_state(net, x, r, g, dr):
    """dL/dx_{t-1} from g = dL/dx_t and dr = dL/dr, with x = x_{t-1} and its presynaptic r."""
    leak = 1 - np.asarray(net.alpha) * (1 + 3 * net.cubic * x**2)
    return leak * g + (dr * SLOPE[net.phi](r) if net.form == "rate" else dr)
