"""Low-rank RNN: drive = s2 m (n^T r). Three-body RNN paper; adjoint by the chain rule."""


def drive(p, r, scale_two):
    return scale_two * (r @ p["n"]) @ p["m"].T


def adjoint(p, r, d, scale_two):
    """d = dL/d(drive), one row per trial -> dL/dr and the sums over trials dL/dm, dL/dn."""
    q, e = r @ p["n"], scale_two * d @ p["m"]
    return e @ p["n"].T, {"m": scale_two * d.T @ q, "n": r.T @ e}
