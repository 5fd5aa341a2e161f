"""Full-rank RNN: drive = W r. Three-body RNN paper; adjoint by the chain rule."""


def drive(p, r):
    return r @ p["w_hh"].T


def adjoint(p, r, d):
    """d = dL/d(drive), one row per trial -> dL/dr and the sum over trials dL/dW."""
    return d @ p["w_hh"], {"w_hh": d.T @ r}
