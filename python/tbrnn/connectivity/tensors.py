"""The full connectivity of a network: matrix W_ij and tensor W_ijk."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tbrnn._arguments import check_finite, real_array
from tbrnn._ensembles import networks
from tbrnn.connectivity.terms import Array, full_matrix, full_tensor, pairs, triples
from tbrnn.ensemble import Ensemble
from tbrnn.errors import mistake, wrong_type


def matrix(nets: Ensemble) -> Array:
    """The two-body connectivity that the dynamics see.

    ::

        W_ij = scale sum_R m_iR n_jR + C_ij          drive_i = sum_j W_ij r_j

    with the bulk C, if there is one, or w_hh of an RNN and w_hh_rnn of a HORNN. In a gated network
    what is trained is multiplied by g.

    Parameters
    ----------
    nets : Ensemble
        Of LowRankRNN, LowRankHORNN, RNN, EIRNN (with its signs), HORNN, or LowRankTBRNN with a
        bulk, one model.

    Returns
    -------
    array (member, unit, unit), without the member axis for a network picked as ``nets[i]``

    Raises
    ------
    ValueError
        If the members have no two-body term, or several models.
    TypeError
        If `nets` is no Ensemble.

    Notes
    -----
    The scale is the model's (1/N unless given), so that it is 1 in the published "discrete" mode;
    the published export divides by N there too.

    Examples
    --------
    >>> import tbrnn
    >>> nets = tbrnn.LowRankRNN(units=30, rank=2, inputs=1, outputs=1).initial(range(4))
    >>> tbrnn.connectivity.matrix(nets).shape
    (4, 30, 30)
    """
    networks("nets", nets)
    full, term = full_matrix(nets), pairs(nets)
    if term is not None:
        full = term.weight[:, None, None] * (term.m @ term.n.swapaxes(-1, -2))
    if nets.model.fixed is not None:
        bulk = np.asarray(nets.model.fixed, np.float64)
        full = np.repeat(bulk[np.newaxis], len(nets), axis=0) if full is None else full + bulk
    if full is None:
        raise mistake("nets", "networks with a two-body term", repr(nets))
    return full[0] if nets.single else full


def tensor(nets: Ensemble) -> Array:
    """The three-body connectivity that the dynamics see.

    ::

        W_ijk = scale sum_R l_iR m_jR n_kR          drive_i = sum_jk W_ijk r_j r_k

    or w_hh of a TBRNN and w_hh_tbrnn of a HORNN. With `hard_orth` l is the projected one. In a
    gated network the tensor is multiplied by 1 - g.

    Parameters
    ----------
    nets : Ensemble
        Of LowRankTBRNN, LowRankHORNN, TBRNN or HORNN, one model.

    Returns
    -------
    array (member, unit, unit, unit), without the member axis for a network picked as ``nets[i]``

    Raises
    ------
    ValueError
        If the members have no three-body term, or several models.
    TypeError
        If `nets` is no Ensemble.

    Notes
    -----
    The scale is the model's (1/N^2 unless given), so that it is 1 in the published "discrete"
    mode; the published export divides by N^2 there too, and ignores `hard_orth`. The dynamics see
    the symmetric part only, see `symmetrised`.

    Examples
    --------
    >>> import tbrnn
    >>> nets = tbrnn.LowRankTBRNN(units=30, rank=2, inputs=1, outputs=1).initial(range(4))
    >>> tbrnn.connectivity.tensor(nets).shape
    (4, 30, 30, 30)
    """
    networks("nets", nets)
    full, term = full_tensor(nets), triples(nets)
    if term is not None:
        full = tensor_of(term.weight[:, None, None] * term.l, term.m, term.n)
    if full is None:
        raise mistake("nets", "networks with a three-body term", repr(nets))
    return full[0] if nets.single else full


def tensor_of(l: ArrayLike, m: ArrayLike, n: ArrayLike) -> Array:  # noqa: E741
    """The sum of outer products of triples of vectors, ``W_ijk = sum_R l_iR m_jR n_kR``.

    Parameters
    ----------
    l, m, n : array (..., unit, rank)
        All of one shape.

    Returns
    -------
    array (..., unit, unit, unit)

    Raises
    ------
    ValueError
        For arrays of other shapes.
    TypeError
        If one has no real numbers.

    Examples
    --------
    >>> import tbrnn
    >>> tbrnn.connectivity.tensor_of([[1.0], [2.0]], [[3.0], [0.0]], [[0.0], [5.0]])[1]
    array([[ 0., 30.],
           [ 0.,  0.]])
    """
    columns = [real_array(name, v).astype(np.float64) for name, v in (("l", l), ("m", m), ("n", n))]
    if columns[0].ndim < 2:
        raise mistake("l", "(..., unit, rank)", f"shape {columns[0].shape}")
    for name, v in zip("mn", columns[1:], strict=True):
        if v.shape != columns[0].shape:
            raise mistake(name, f"of l's shape {columns[0].shape}", f"shape {v.shape}")
    return np.asarray(np.einsum("...ir,...jr,...kr->...ijk", *columns, optimize=True))


def symmetrised(tensor: ArrayLike) -> Array:
    """The part of a tensor that acts: ``(W_ijk + W_ikj) / 2``.

    The rest cancels in ``sum_jk W_ijk r_j r_k``. Tensors of networks that differ only in which
    vector is called m and which n are equal after it.

    Parameters
    ----------
    tensor : array (..., unit, unit, unit)

    Returns
    -------
    array of the same shape

    Raises
    ------
    ValueError
        For a tensor of another shape or with entries that are not finite.
    TypeError
        For networks, or an array without real numbers.

    Examples
    --------
    >>> import tbrnn
    >>> tbrnn.connectivity.symmetrised([[[0.0, 2.0], [0.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]])[0]
    array([[0., 1.],
           [1., 0.]])
    """
    full = three_way(tensor)
    return 0.5 * (full + full.swapaxes(-1, -2))


def three_way(tensor: ArrayLike) -> NDArray[np.float64]:
    """A checked finite tensor (..., unit, unit, unit) in float64."""
    if isinstance(tensor, Ensemble):
        raise wrong_type("tensor", "an array, as tbrnn.connectivity.tensor(nets)", tensor)
    full = real_array("tensor", tensor).astype(np.float64)
    if full.ndim < 3 or len(set(full.shape[-3:])) != 1 or full.size == 0:
        raise mistake("tensor", "(..., unit, unit, unit)", f"shape {full.shape}")
    check_finite("tensor", full)
    return full
