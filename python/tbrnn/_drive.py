"""The recurrent drive: vectors that write and vectors that read, or a full matrix."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tbrnn._phi import slope, value
from tbrnn.models import EIRNN, HORNN, RNN, TBRNN, LeakyGRU, LowRankTBRNN

if TYPE_CHECKING:
    from tbrnn.ensemble import Ensemble


def overlap(net: Ensemble) -> float:
    """Norm of the overlaps of writing with reading vectors, over N.

    ``n_r . m_s / N`` of a pairwise drive, ``m_r . l_s / N`` and ``n_r . l_s / N`` of a three-body
    drive, for all r and s; the root of the sum of their squares. NaN for a network of full rank; of
    a LowRankGRU, the vectors of the candidate.
    """
    if not net.model.ranks:
        return np.nan
    squares = [
        np.sum((read.T @ write / len(write)) ** 2)
        for write, reads in _vectors(net)
        for read in reads
    ]
    return float(np.sqrt(sum(squares)))


def spectral_radius(net: Ensemble) -> float:
    """Largest magnitude of an eigenvalue of d drive / d x at x = 0, without inputs.

    A pairwise drive gives ``slope scale m n^T``, or ``slope w_hh`` of full rank. A three-body drive
    is linear at 0 only where phi(0) is not 0, and gives 0 otherwise. In voltage form the drive
    reads x, and its sum goes through phi. Of gated networks it is that of the candidate, with a
    reset gate at sigmoid(0).
    """
    model = net.model
    above = np.nextafter(np.zeros(model.units), 1)  # a relu has its slope to the right
    at_rest = value(model.phi, above) if model.form == "rate" else np.zeros(model.units)
    jacobian = _full(net, at_rest)
    if model.fixed is not None:
        jacobian += np.asarray(model.fixed)
    for factor, (write, reads) in zip(_factors(net), _vectors(net), strict=True):
        if len(reads) == 1:
            jacobian += factor * write @ reads[0].T
        else:
            m, n = reads
            jacobian += (
                factor * write @ ((at_rest @ m)[:, None] * n.T + (at_rest @ n)[:, None] * m.T)
            )
    if not np.isfinite(jacobian).all():
        return np.nan
    return float(slope(model.phi, above)[0] * np.abs(np.linalg.eigvals(jacobian)).max())


def _full(net: Ensemble, at_rest: NDArray[Any]) -> NDArray[Any]:
    """d drive / d r of the terms of full rank."""
    model, arrays = net.model, {n: a.astype(np.float64) for n, a in net.arrays.items()}
    if isinstance(model, RNN | EIRNN):
        return model.effective(arrays["w_hh"])
    if isinstance(model, LeakyGRU):
        return np.asarray(arrays["w_hh"])
    if isinstance(model, TBRNN):
        return _of_tensor(arrays["w_hh"], at_rest)
    if not isinstance(model, HORNN):
        return np.zeros((model.units, model.units))
    gate = 1 / (1 + np.exp(-arrays["gate"]))
    two, three = (gate, 1 - gate) if model.gated else (1.0, 1.0)
    return np.asarray(two * arrays["w_hh_rnn"] + three * _of_tensor(arrays["w_hh_tbrnn"], at_rest))


def _of_tensor(tensor: NDArray[Any], at_rest: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(tensor @ at_rest + tensor.swapaxes(1, 2) @ at_rest)


def _vectors(net: Ensemble) -> Iterator[tuple[NDArray[Any], list[NDArray[Any]]]]:
    """Of each term of the drive, the vectors that write and those that read, (unit, rank)."""
    arrays = {name: array.astype(np.float64) for name, array in net.arrays.items()}
    if "m_rnn" in arrays:
        yield arrays["m_rnn"], [arrays["n_rnn"]]
        yield arrays["l_tbrnn"], [arrays["m_tbrnn"], arrays["n_tbrnn"]]
    elif "l" in arrays:
        yield _written(net, arrays), [arrays["m"], arrays["n"]]
    elif "m_hh" in arrays:
        yield arrays["m_hh"], [arrays["n_hh"]]
    elif "m" in arrays:
        yield arrays["m"], [arrays["n"]]


def _written(net: Ensemble, arrays: dict[str, NDArray[Any]]) -> NDArray[Any]:
    """l, or with hard_orth its part outside the input space."""
    model = net.model
    if not (isinstance(model, LowRankTBRNN) and model.hard_orth):
        return arrays["l"]
    columns = [arrays["w_in"], *([arrays["b_in"][:, None]] if model.input_bias else [])]
    space = np.concatenate(columns, axis=1)
    inside: NDArray[Any] = space @ np.linalg.lstsq(space, arrays["l"], rcond=None)[0]
    return np.array(arrays["l"] - inside)


def _factors(net: Ensemble) -> list[float]:
    """The scale of each low-rank term, with the gate where there is one."""
    pairwise, three_body = net.model.scales
    if "m_hh" in net.arrays:
        return [0.5 * pairwise]
    if "m_rnn" not in net.arrays:
        return [three_body if "l" in net.arrays else pairwise] if net.model.ranks else []
    if not getattr(net.model, "gated", False):
        return [pairwise, three_body]
    gate = 1 / (1 + np.exp(-float(net.arrays["gate"])))
    return [gate * pairwise, (1 - gate) * three_body]
