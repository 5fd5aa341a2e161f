"""The part of a three-body tensor that acts on the states a network can reach."""

from __future__ import annotations

import numpy as np

from tbrnn._ensembles import networks
from tbrnn._leak import linear_leak
from tbrnn._phi import value
from tbrnn.connectivity.tensors import tensor_of
from tbrnn.connectivity.terms import Array, basis, input_space, pairs, triples
from tbrnn.ensemble import Ensemble
from tbrnn.errors import mistake


def effective_tensor(nets: Ensemble) -> Array:
    """The tensor between the directions that states can take.

    A low-rank rate network that starts at 0 never leaves the span of ``[l, I]``, ``I = [W_in, b]``
    (of a hybrid ``[l, m, I]``, m of its pairs), so that, to first order in the states, for a phi
    with a slope at 0, only the parts of m and n in it matter. With P the orthogonal projector on
    that span, and on the vector of ones where phi(0) is not 0::

        W_eff = scale sum_R  l_R x (P m_R) x (P n_R)

    Networks that do the same thing can have unlike tensors and like effective ones. Compare
    canonical networks, ``effective_tensor(canonical(nets))``, or `symmetrised` tensors: otherwise
    the tensor depends on which vector is called m and which n.

    Parameters
    ----------
    nets : Ensemble
        Of LowRankTBRNN or LowRankHORNN, one model. With `hard_orth` l is the projected one.

    Returns
    -------
    array (member, unit, unit, unit), without the member axis for a network picked as ``nets[i]``

    Raises
    ------
    ValueError
        If the members have no three-body term, or several models, or leave the span: with a bulk,
        leaks of single units or cubic leaks.
    TypeError
        If `nets` is no Ensemble.

    References
    ----------
    Beyond linear summation: Three-Body RNNs for modeling complex neural and biological systems.

    Examples
    --------
    >>> import tbrnn
    >>> nets = tbrnn.LowRankTBRNN(units=30, rank=1, inputs=1, outputs=1).initial(range(4))
    >>> tbrnn.connectivity.effective_tensor(nets).shape
    (4, 30, 30, 30)
    """
    term, two = triples(networks("nets", nets)), pairs(nets)
    if term is None or nets.model.fixed is not None:
        expected = "low-rank networks with a three-body term, without a bulk"
        raise mistake("nets", expected, repr(nets))
    linear_leak(nets.model)
    reached = np.concatenate([term.l, input_space(nets)], axis=-1)
    if two is not None:
        reached = np.concatenate([reached, two.m], axis=-1)
    if value(nets.model.phi, np.zeros(1))[0]:
        reached = np.concatenate([reached, np.ones((*reached.shape[:2], 1))], axis=-1)
    span = basis(reached)
    m, n = (span @ (span.swapaxes(-1, -2) @ v) for v in (term.m, term.n))
    full = tensor_of(term.weight[:, None, None] * term.l, m, n)
    return full[0] if nets.single else full
