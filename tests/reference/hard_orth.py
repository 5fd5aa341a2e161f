"""hard_orth: l without its part in the input space I = [w_in, b_in], L - I (I^T I)^+ I^T L."""

import numpy as np


def input_space(p):
    return np.column_stack([p["w_in"]] + ([p["b_in"]] if "b_in" in p else []))


def project(p):
    space = input_space(p)
    return p["l"] - space @ np.linalg.pinv(space) @ p["l"]


def adjoint(p, h):
    """h = dL/dl_eff -> dL/dl, and what it adds to dL/dw_in and dL/db_in."""
    space = input_space(p)
    q = np.linalg.pinv(space.T @ space)
    b = q @ space.T @ p["l"]
    off = np.eye(len(space)) - space @ q @ space.T
    d_space = -off @ h @ b.T - off @ p["l"] @ (h.T @ space) @ q
    gradients = {"l": off @ h, "w_in": d_space[:, : p["w_in"].shape[1]]}
    return gradients | ({"b_in": d_space[:, -1]} if "b_in" in p else {})
