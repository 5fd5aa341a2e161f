"""E/I network: W_ij = s_j |w_ij| off the diagonal, 0 on it; s_j = 1 for the first units, -1 for the
others (Zemlianova, Bose & Rinzel 2024). The derivative of |w| at 0 is 0."""

import numpy as np


def signs(p, excitatory):
    units = len(p["w_hh"])
    return np.where(np.arange(units) < excitatory, 1.0, -1.0) * (1 - np.eye(units))


def drive(p, r, excitatory):
    return r @ (signs(p, excitatory) * np.abs(p["w_hh"])).T


def adjoint(p, r, d, excitatory):
    s = signs(p, excitatory)
    return d @ (s * np.abs(p["w_hh"])), {"w_hh": s * np.sign(p["w_hh"]) * (d.T @ r)}
