"""CP decomposition of full three-body tensors, by tensorly."""

from __future__ import annotations

from typing import overload

import numpy as np
from numpy.typing import ArrayLike

from tbrnn._arguments import number, whole
from tbrnn._bar import each
from tbrnn._extras import extra
from tbrnn.connectivity.networks import of_tensor
from tbrnn.connectivity.tensors import tensor_of, three_way
from tbrnn.connectivity.terms import Array
from tbrnn.ensemble import Ensemble

RIDGE = 1e-10  # of least squares whose normal equations are singular, of a tensor of norm 1


def cp_factors(
    tensor: ArrayLike, rank: int, *, sweeps: int = 100, tolerance: float = 1e-8
) -> tuple[Array, Array, Array]:
    """Triples of vectors whose outer products approximate a tensor.

    ::

        W_ijk ~ sum_R l_iR m_jR n_kR

    by alternating least squares (tensorly's ``parafac``) from the left singular vectors of the
    three unfoldings; of each component the three vectors get equal length. The optimum is local.
    As l, m, n of a `LowRankTBRNN` with ``scale=1`` they are a network.

    Parameters
    ----------
    tensor : array (..., unit, unit, unit)
        One tensor, or one per member.
    rank : int
        Number of components, from 1 to units.
    sweeps : int, default 100
        Most rounds of least squares.
    tolerance : float, default 1e-8
        Rounds end when the relative error changes by less.

    Returns
    -------
    l, m, n : array (..., unit, rank)

    Raises
    ------
    ValueError
        For a tensor of another shape or with entries that are not finite, and for other ranks.
    TypeError
        For networks: take `tbrnn.connectivity.tensor` of them.
    ModuleNotFoundError
        Without tensorly, which the extra `analysis` installs.

    References
    ----------
    Kolda & Bader, SIAM Review 2009.

    Examples
    --------
    >>> import numpy as np, tbrnn
    >>> rng = np.random.default_rng(0)
    >>> full = tbrnn.connectivity.tensor_of(*rng.normal(size=(3, 6, 2)))
    >>> l, m, n = tbrnn.connectivity.cp_factors(full, rank=2)
    >>> bool(np.allclose(tbrnn.connectivity.tensor_of(l, m, n), full, atol=1e-2))
    True
    """
    extra("tensorly", "cp_factors")
    full = three_way(tensor)
    units = full.shape[-1]
    rank = whole("rank", rank, least=1, most=units)
    limits = whole("sweeps", sweeps, least=1), number("tolerance", tolerance, above=0)
    one_by_one = full.reshape(-1, units, units, units)
    tensors = each(one_by_one, "CP", "tensors")
    factors = np.array([_decompose(one, rank, *limits) for one in tensors])
    vectors = factors.reshape(*full.shape[:-3], 3, units, rank)
    l, m, n = np.moveaxis(vectors, -3, 0)  # noqa: E741
    return l, m, n


@overload
def truncate_cp(
    tensor: Ensemble, rank: int, *, sweeps: int = 100, tolerance: float = 1e-8
) -> Ensemble: ...
@overload
def truncate_cp(
    tensor: ArrayLike, rank: int, *, sweeps: int = 100, tolerance: float = 1e-8
) -> Array: ...
def truncate_cp(
    tensor: Ensemble | ArrayLike, rank: int, *, sweeps: int = 100, tolerance: float = 1e-8
) -> Ensemble | Array:
    """The approximation of a tensor by `cp_factors`.

    Parameters
    ----------
    tensor : array (..., unit, unit, unit), or Ensemble
        One tensor, or one per member; or networks of full rank, TBRNN or HORNN, one model.
    rank : int
        Number of components, from 1 to units.
    sweeps : int, default 100
        Most rounds of least squares.
    tolerance : float, default 1e-8
        Rounds end when the relative error changes by less.

    Returns
    -------
    array of the tensor's shape, or Ensemble of the same networks, unmasked, with the truncated one

    Raises
    ------
    ValueError
        As `cp_factors`, and for networks without a full tensor.
    ModuleNotFoundError
        Without tensorly, which the extra `analysis` installs.

    Examples
    --------
    >>> import numpy as np, tbrnn
    >>> full = np.random.default_rng(0).normal(size=(6, 6, 6))
    >>> tbrnn.connectivity.truncate_cp(full, rank=2).shape
    (6, 6, 6)
    """

    def truncated(full: Array) -> Array:
        return tensor_of(*cp_factors(full, rank, sweeps=sweeps, tolerance=tolerance))

    return of_tensor(tensor, truncated)


def _decompose(full: Array, rank: int, sweeps: int, tolerance: float) -> Array:
    """l, m, n (3, unit, rank) of one tensor."""
    from tensorly.decomposition import parafac

    unfolded = [np.moveaxis(full, mode, 0).reshape(len(full), -1) for mode in range(3)]
    start = [np.linalg.svd(rows, full_matrices=False)[0][:, :rank] for rows in unfolded]
    size = np.linalg.norm(full)
    if size == 0:
        return np.zeros((3, len(full), rank))
    options = {"n_iter_max": sweeps, "init": (None, start), "tol": tolerance}
    try:
        _, factors = parafac(full, rank, **options)
    except np.linalg.LinAlgError:  # more components than the tensor has: of many the smallest
        _, factors = parafac(full / size, rank, l2_reg=RIDGE, **options)
        factors[0] = factors[0] * size
    vectors: Array = np.stack(factors)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    common = np.cbrt(np.prod(lengths, axis=0, keepdims=True))
    stretch: Array = np.divide(common, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    return vectors * stretch
