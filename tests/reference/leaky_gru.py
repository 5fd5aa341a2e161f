"""Leaky unit with one gate s, of full rank (leaky_gru of the similarity study):

s = sigmoid(w_iu u + b_iu + w_hu x)    g = phi(w_ih u + b_ih + w_hh x)
x <- (1 - s) x + s ((1 - alpha) x + alpha g) + sigma xi

The published reset gate is never used and is left out. Adjoint by the chain rule.
"""

from .nonlinearities import SLOPE, VALUE


def preactivation(p, of, x, u):
    return x @ p[f"w_h{of}"].T + u @ p[f"w_i{of}"].T + p.get(f"b_i{of}", 0)


def gates(net, p, x, u):
    return VALUE["sigmoid"](preactivation(p, "u", x, u)), VALUE[net.phi](
        preactivation(p, "h", x, u)
    )


def step(net, p, x, u, noise):
    s, g = gates(net, p, x, u)
    return (1 - s) * x + s * ((1 - net.alpha) * x + net.alpha * g) + noise


def adjoint_step(net, p, x, u, after):
    """after = dL/d(next state), one row per trial -> dL/dx and the sums over trials of dL/dp."""
    s, g = gates(net, p, x, u)
    d = {
        "u": after * net.alpha * (g - x) * s * (1 - s),
        "h": after * s * net.alpha * SLOPE[net.phi](g),
    }
    dx, gradients = after * (1 - s * net.alpha), {}
    for of, e in d.items():
        dx = dx + e @ p[f"w_h{of}"]
        gradients |= {f"w_h{of}": e.T @ x, f"w_i{of}": e.T @ u}
        gradients |= {f"b_i{of}": e.sum(0)} if f"b_i{of}" in p else {}
    return dx, gradients
