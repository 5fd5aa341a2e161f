"""The leaky step in both forms, with alpha = dt/tau and additive noise sigma xi.

rate     x <- x + alpha (-x + drive(phi(x)) + w_in u + b_in) + sigma xi
voltage  x <- x + alpha (-x + phi(drive(x) + w_in u + b_in)) + sigma xi
"""

from .nonlinearities import SLOPE, VALUE


def presynaptic(net, x):
    return VALUE[net.phi](x) if net.form == "rate" else x


def step(net, x, v, noise):
    h = v if net.form == "rate" else VALUE[net.phi](v)
    return x + net.alpha * (h - x) + noise


def adjoint_drive(net, v, g):
    """dL/dv from g = dL/dx_t."""
    w = net.alpha * g
    return w if net.form == "rate" else w * SLOPE[net.phi](VALUE[net.phi](v))


def adjoint_state(net, r, g, dr):
    """dL/dx_{t-1} from g = dL/dx_t and dr = dL/dr of the presynaptic r."""
    return (1 - net.alpha) * g + (dr * SLOPE[net.phi](r) if net.form == "rate" else dr)
