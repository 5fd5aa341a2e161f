"""Low-rank approximations of full three-body tensors by singular value decompositions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

import numpy as np
from numpy.typing import ArrayLike

from tbrnn._arguments import whole
from tbrnn._bar import each
from tbrnn.connectivity.networks import of_tensor
from tbrnn.connectivity.terms import Array
from tbrnn.ensemble import Ensemble
from tbrnn.errors import mistake


@overload
def truncate_svd(tensor: Ensemble, rank: int, *, mode: int = 0) -> Ensemble: ...
@overload
def truncate_svd(tensor: ArrayLike, rank: int, *, mode: int = 0) -> Array: ...
def truncate_svd(tensor: Ensemble | ArrayLike, rank: int, *, mode: int = 0) -> Ensemble | Array:
    """The best approximation whose unfolding along one mode has a given rank.

    Along mode 0 (the driven unit i)::

        W_ijk ~ sum_R u_iR A_Rjk        minimising |W - approximation|

    by the singular value decomposition of the (unit, unit^2) unfolding. This is the tensor train of
    ranks (1, rank, N, 1) and the optimum of the slice components (rank, 0, 0).

    Parameters
    ----------
    tensor : array (..., unit, unit, unit), or Ensemble
        One tensor, or one per member; or networks of full rank, TBRNN or HORNN, one model.
    rank : int
        From 1 to units.
    mode : {0, 1, 2}, default 0
        The axis i, j or k that is unfolded.

    Returns
    -------
    array of the same shape, or Ensemble of the same networks, unmasked, with the truncated one

    Raises
    ------
    ValueError
        For a tensor of another shape or with entries that are not finite, for networks without a
        full tensor, and for other ranks and modes.

    References
    ----------
    Eckart & Young, Psychometrika 1936; Oseledets, SIAM J. Sci. Comput. 2011 (tensor train).

    Examples
    --------
    >>> import numpy as np, tbrnn
    >>> full = np.random.default_rng(0).normal(size=(6, 6, 6))
    >>> rest = [np.linalg.norm(full - tbrnn.connectivity.truncate_svd(full, r)) for r in (1, 3, 6)]
    >>> bool(rest[0] > rest[1] > 1 > rest[2])
    True
    >>> nets = tbrnn.TBRNN(units=6, inputs=1, outputs=1).initial(range(4))
    >>> tbrnn.connectivity.truncate_svd(nets, rank=2)
    Ensemble(4 networks: 4 TBRNN)
    """

    def truncated(full: Array) -> Array:
        most = full.shape[-1]
        return _best(full, whole("rank", rank, least=1, most=most), axis)

    axis = whole("mode", mode, least=0, most=2)
    return of_tensor(tensor, truncated)


@overload
def truncate_slices(tensor: Ensemble, ranks: Sequence[int], *, sweeps: int = 50) -> Ensemble: ...
@overload
def truncate_slices(tensor: ArrayLike, ranks: Sequence[int], *, sweeps: int = 50) -> Array: ...
def truncate_slices(
    tensor: Ensemble | ArrayLike, ranks: Sequence[int], *, sweeps: int = 50
) -> Ensemble | Array:
    """A sum of slice components along all three modes.

    ::

        W_ijk ~ sum_R a_iR A_Rjk  +  sum_R b_jR B_Rik  +  sum_R c_kR C_Rij

    with ranks[0], ranks[1], ranks[2] terms (the model of sliceTCA). Starting from nothing, the
    three sums take turns in being refitted to what the other two leave, each by a singular value
    decomposition. The error never rises; one sum alone needs one turn.

    Parameters
    ----------
    tensor : array (..., unit, unit, unit), or Ensemble
        One tensor, or one per member; or networks of full rank, TBRNN or HORNN, one model.
    ranks : (int, int, int)
        Terms along each mode, each from 0 to units, not all 0.
    sweeps : int, default 50
        Rounds of the three refits.

    Returns
    -------
    array of the same shape, or Ensemble of the same networks, unmasked, with the truncated one

    Raises
    ------
    ValueError
        For a tensor of another shape or with entries that are not finite, for networks without a
        full tensor, and for other ranks.

    References
    ----------
    Pellegrino, Stein & Cayco-Gajic, Nat. Neurosci. 2024 (sliceTCA).

    Examples
    --------
    >>> import numpy as np, tbrnn
    >>> full = np.random.default_rng(0).normal(size=(6, 6, 6))
    >>> one = tbrnn.connectivity.truncate_slices(full, (2, 0, 0))
    >>> bool(np.allclose(one, tbrnn.connectivity.truncate_svd(full, 2)))
    True
    """
    rounds = whole("sweeps", sweeps, least=1)
    return of_tensor(tensor, lambda full: _slices(full, ranks, rounds))


def _slices(full: Array, ranks: Sequence[int], rounds: int) -> Array:
    terms = _checked_ranks(ranks, full.shape[-1])
    parts = {mode: np.zeros_like(full) for mode in terms}
    for _ in each(range(rounds if len(terms) > 1 else 1), "slices", "sweeps"):
        for mode, rank in terms.items():
            others = sum((part for other, part in parts.items() if other != mode), 0.0)
            parts[mode] = _best(full - others, rank, mode)
    return np.asarray(sum(parts.values()))


def _best(full: Array, rank: int, mode: int) -> Array:
    """Best approximation of the unfolding W along `mode`, folded back: U U^T W.

    U holds the leading eigenvectors of W W^T, the left singular vectors of W: several times as fast
    as the decomposition of the wide W. Singular values below 1e-8 of the largest are lost in it.
    """
    unfolded = np.moveaxis(full, mode - 3, -3)
    rows = unfolded.reshape(*unfolded.shape[:-2], -1)
    leading = np.linalg.eigh(rows @ rows.swapaxes(-1, -2))[1][..., -rank:]
    kept = leading @ (leading.swapaxes(-1, -2) @ rows)
    return np.moveaxis(kept.reshape(unfolded.shape), -3, mode - 3)


def _checked_ranks(ranks: Sequence[int], units: int) -> dict[int, int]:
    """Mode -> rank, of the modes that have terms."""
    if not isinstance(ranks, tuple | list) or len(ranks) != 3:
        raise mistake("ranks", "one rank for each of the three modes", repr(ranks))
    checked = [whole(f"ranks[{i}]", rank, least=0, most=units) for i, rank in enumerate(ranks)]
    if not any(checked):
        raise mistake("ranks", "above 0 along one mode at least", repr(ranks))
    return {mode: rank for mode, rank in enumerate(checked) if rank}
