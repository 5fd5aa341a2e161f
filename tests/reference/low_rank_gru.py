"""Low-rank gated recurrent unit of the three-body RNN paper, with gates q (reset) and z (update):

q = sigmoid(v_r)    z = sigmoid(v_z)    g = phi(v_h)    h = (1 - z) g + z x
v_r = w_ir u + b_ir + s2 m_hr (n_hr^T x), likewise v_z;  v_h reads q x in place of x
x <- x + alpha (h - x) + sigma xi

Adjoint as the paper's supplement has it, by the chain rule.
"""

from .nonlinearities import SLOPE, VALUE


def preactivation(net, p, gate, y, u):
    recurrent = net.scale_two * (y @ p[f"n_h{gate}"]) @ p[f"m_h{gate}"].T
    return recurrent + u @ p[f"w_i{gate}"].T + p.get(f"b_i{gate}", 0)


def gates(net, p, x, u):
    q, z = (VALUE["sigmoid"](preactivation(net, p, gate, x, u)) for gate in "rz")
    return q, z, VALUE[net.phi](preactivation(net, p, "h", q * x, u))


def step(net, p, x, u, noise):
    _, z, g = gates(net, p, x, u)
    return x + net.alpha * ((1 - z) * g + z * x - x) + noise


def adjoint_step(net, p, x, u, after):
    """after = dL/d(next state), one row per trial -> dL/dx and the sums over trials of dL/dp."""
    q, z, g = gates(net, p, x, u)
    w = net.alpha * after
    d = {"z": w * (x - g) * z * (1 - z), "h": w * (1 - z) * SLOPE[net.phi](g)}
    v = through(net, p, "h", d["h"])
    d["r"] = v * x * q * (1 - q)
    dx = (1 - net.alpha) * after + w * z + v * q
    dx = dx + through(net, p, "z", d["z"]) + through(net, p, "r", d["r"])
    gradients = {}
    for gate, y in (("r", x), ("z", x), ("h", q * x)):
        e = d[gate]
        gradients[f"m_h{gate}"] = net.scale_two * e.T @ (y @ p[f"n_h{gate}"])
        gradients[f"n_h{gate}"] = net.scale_two * y.T @ (e @ p[f"m_h{gate}"])
        gradients[f"w_i{gate}"] = e.T @ u
        gradients |= {f"b_i{gate}": e.sum(0)} if f"b_i{gate}" in p else {}
    return dx, gradients


def through(net, p, gate, e):
    """dL/dy of a pre-activation's e."""
    return net.scale_two * (e @ p[f"m_h{gate}"]) @ p[f"n_h{gate}"].T
