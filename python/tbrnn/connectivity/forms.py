"""Canonical forms: one representative of all low-rank vectors that give the same dynamics."""

from __future__ import annotations

import numpy as np

from tbrnn._ensembles import networks
from tbrnn.connectivity.terms import Array, Triples, pairs, stacked, triples
from tbrnn.ensemble import Ensemble
from tbrnn.errors import mistake
from tbrnn.models import LowRankGRU, LowRankHORNN

DEPENDENT = 1e-5  # a column with less of its length outside the others is dependent on them
TIE = 1e-6  # lengths that differ by less are equal: float32 rounding must not rename vectors


def canonical(nets: Ensemble) -> Ensemble:
    """The same networks with their low-rank vectors in canonical form.

    Pairs (m, n): with the singular value decomposition ``m n^T = U S V^T``,
    ``m = U sqrt(S)`` and ``n = V sqrt(S)``, singular values descending; the entry of largest
    magnitude in each column of m is positive.

    Triples (l, m, n): with ``c_R = (|l_R| |m_R| |n_R|)^(1/3)`` each vector of component R gets the
    length c_R, components are sorted by ascending c_R, and the longer of the two original vectors
    m_R, n_R (by a part in a million at least) is called m. Signs stay. With `hard_orth` l is
    projected off the input space first; projecting once more changes nothing, so the model stays.

    The three pairs of a LowRankGRU are treated one by one.

    States and outputs of the networks are unchanged (up to rounding). Bounds of the vectors, if the
    model has some, may not hold for the new ones: training on would clip these.

    Parameters
    ----------
    nets : Ensemble
        Of one model.

    Returns
    -------
    Ensemble
        Of the same model, numbers and seeds, in float64.

    Raises
    ------
    ValueError
        If the columns of an l, m or n of a three-body term depend linearly on one another (less
        than 1e-5 of a column's length lies outside the span of the columns before it): then the
        components of the sum are not unique.
    TypeError
        If `nets` is no Ensemble.

    Notes
    -----
    Published as ``normalize_tensor``, which compares the lengths of m and n for rank 1 only and
    tests independence by signed entries; here both are done as they are meant.

    References
    ----------
    Beyond linear summation: Three-Body RNNs for modeling complex neural and biological systems.

    Examples
    --------
    >>> import numpy as np, tbrnn
    >>> nets = tbrnn.LowRankTBRNN(units=30, rank=2, inputs=1, outputs=1).initial(range(4))
    >>> lengths = np.linalg.norm(tbrnn.connectivity.canonical(nets).l, axis=1)
    >>> bool((lengths[:, 0] <= lengths[:, 1]).all())
    True
    """
    arrays = stacked(networks("nets", nets))
    tags = ("_rnn", "_tbrnn") if isinstance(nets.model, LowRankHORNN) else ("", "")
    if (two := pairs(nets)) is not None:
        arrays["m" + tags[0]], arrays["n" + tags[0]] = canonical_columns(two.m, two.n)
    if isinstance(nets.model, LowRankGRU):
        for gate in ("hr", "hz", "hh"):
            m, n = f"m_{gate}", f"n_{gate}"
            arrays[m], arrays[n] = canonical_columns(arrays[m], arrays[n])
    if (three := triples(nets)) is not None:
        names = [letter + tags[1] for letter in "lmn"]
        arrays.update(zip(names, canonical_triples(three), strict=True))
    same = Ensemble.from_arrays(nets.model, arrays, numbers=nets.numbers.tolist(), seeds=nets.seeds)
    return same[0] if nets.single else same


def canonical_columns(m: Array, n: Array) -> tuple[Array, Array]:
    """m and n of the same product, with equal column lengths and orthogonal columns each."""
    (of_m, m), (of_n, n) = np.linalg.qr(m), np.linalg.qr(n)  # the product is of_m (m n^T) of_n^T
    left, values, right = np.linalg.svd(m @ n.swapaxes(-1, -2))
    root = np.sqrt(values[:, None])
    m, n = of_m @ left * root, of_n @ right.swapaxes(-1, -2) * root
    peak = np.take_along_axis(m, np.abs(m).argmax(axis=1, keepdims=True), axis=1)
    sign = np.where(peak < 0, -1.0, 1.0)
    return m * sign, n * sign


def canonical_triples(term: Triples) -> tuple[Array, Array, Array]:
    """l, m and n of equal column lengths, the longer of m and n first, short components first."""
    vectors = {"l": term.l, "m": term.m, "n": term.n}
    for name, columns in vectors.items():
        _check_independent(name, columns)
    length = {name: np.linalg.norm(v, axis=1, keepdims=True) for name, v in vectors.items()}
    common = np.cbrt(length["l"] * length["m"] * length["n"])
    l, m, n = (common / length[name] * vectors[name] for name in "lmn")  # noqa: E741
    swap = length["n"] > (1 + TIE) * length["m"]
    m, n = np.where(swap, n, m), np.where(swap, m, n)
    order = np.argsort(common, axis=-1, kind="stable")
    l, m, n = (np.take_along_axis(v, order, axis=-1) for v in (l, m, n))  # noqa: E741
    return l, m, n


def _check_independent(name: str, columns: Array) -> None:
    """Gram-Schmidt by QR: |R_kk| is what is left of column k outside the columns before it."""
    left = np.abs(np.diagonal(np.linalg.qr(columns)[1], axis1=-2, axis2=-1))
    dependent = left <= DEPENDENT * np.linalg.norm(columns, axis=1)
    if dependent.any():
        member, column = np.argwhere(dependent)[0]
        given = f"column {column} of member {member} in the span of those before it"
        raise mistake(name, "a matrix of linearly independent columns", given)
