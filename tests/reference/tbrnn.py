"""Full three-body network: drive_i = sum_jk W_ijk r_j r_k. Three-Body RNN paper, TBRNN."""

import numpy as np


def drive(p, r):
    return np.einsum("ijk,bj,bk->bi", p["w_hh"], r, r)


def adjoint(p, r, d):
    """d = dL/d(drive), one row per trial -> dL/dr and the sum over trials dL/dW."""
    both = p["w_hh"] + p["w_hh"].swapaxes(1, 2)
    dr = np.einsum("bi,ijk,bk->bj", d, both, r)
    return dr, {"w_hh": np.einsum("bi,bj,bk->ijk", d, r, r)}
