"""Low-rank three-body RNN: drive = s3 l [(m^T r) * (n^T r)], the tensor sum_r l_r m_r n_r."""


def drive(p, r, scale_three):
    return scale_three * ((r @ p["m"]) * (r @ p["n"])) @ p["l"].T


def adjoint(p, r, d, scale_three):
    """d = dL/d(drive), one row per trial -> dL/dr and the sums over trials dL/dl, dL/dm, dL/dn."""
    a, b = r @ p["m"], r @ p["n"]
    e = scale_three * d @ p["l"]
    dr = (e * b) @ p["m"].T + (e * a) @ p["n"].T
    return dr, {"l": scale_three * d.T @ (a * b), "m": r.T @ (e * b), "n": r.T @ (e * a)}
