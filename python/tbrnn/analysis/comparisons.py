"""How alike the activity, or the weights, of networks are: similarities and distances by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from tbrnn._arguments import check_finite, choice, real_array
from tbrnn.analysis.cka import Array, alignment
from tbrnn.analysis.metric import Metric
from tbrnn.errors import mistake, wrong_type
from tbrnn.trials import Floats

CKA_IGNORES = "shift, rotation and scale of either; one order of samples for both"
COMPARISONS = {
    metric.name: metric
    for metric in (
        Metric("cka_debiased", 1, "similarity", (-1.0, 1.0), CKA_IGNORES),
        Metric("cka_centred", 1, "similarity", (0.0, 1.0), CKA_IGNORES),
        Metric("cka_uncentred", 1, "similarity", (0.0, 1.0), CKA_IGNORES.removeprefix("shift, ")),
        Metric("cosine", 1, "similarity", (-1.0, 1.0), "a positive scale of either"),
    )
}


def similarity(x: ArrayLike, y: ArrayLike, metric: str = "cka_debiased") -> float:
    """The similarity of two networks' activity: 1 if they are the same, less if not.

    ``"cka_debiased"``, ``"cka_centred"`` and ``"cka_uncentred"`` are linear centred kernel
    alignments. The plug-in form is::

        CKA = |X^T Y|_F^2 / ( |X^T X|_F |Y^T Y|_F )

    with samples in rows and, if centred, the mean of every column removed. It is far from 0 for
    independent activity of few samples; the debiased form, which uses the unbiased estimator of the
    Hilbert-Schmidt independence criterion in all three places, is not, and can be negative.
    ``"cosine"`` is the cosine of the angle between two arrays of one shape, for example tensors::

        cos = sum x y / sqrt( sum x^2 sum y^2 )

    Parameters
    ----------
    x, y : array (trial, time, unit) or (sample, unit)
        The same trials in the same order; numbers of units may differ. For "cosine", arrays of any
        one shape.
    metric : str, default "cka_debiased"
        A name in ``COMPARISONS``, where range and invariances are.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        For unknown names, other shapes, different numbers of samples, values that are not finite
        and activity that does not vary (is 0, if uncentred); fewer than 4 samples if debiased.
    TypeError
        If an array has no real numbers.

    Notes
    -----
    Fig 4 of the three-body RNN study uses uncentred, Table 2 centred alignment. Arrays are never
    modified; products are accumulated in float64.

    References
    ----------
    Kornblith et al., ICML 2019; Song et al., JMLR 2012 and Murphy et al., 2024 (debiased).

    Examples
    --------
    >>> import numpy as np, tbrnn
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.normal(size=(2, 40, 30))
    >>> [round(tbrnn.analysis.similarity(x, y, m), 2) for m in ("cka_debiased", "cka_centred")]
    [-0.01, 0.42]
    """
    return float(_similarities({"x": x, "y": y}, metric)[0, 1])


def distance(x: ArrayLike, y: ArrayLike, metric: str = "cka_debiased") -> float:
    """One minus the `similarity`: 0 if the same, more if not.

    It obeys no triangle inequality.

    Parameters
    ----------
    x, y : array (trial, time, unit) or (sample, unit)
        The same trials in the same order; numbers of units may differ. For "cosine", arrays of any
        one shape.
    metric : str, default "cka_debiased"
        A name in ``COMPARISONS``, see `similarity`.

    Returns
    -------
    float

    Raises
    ------
    ValueError, TypeError
        As `similarity`.

    Examples
    --------
    >>> import numpy as np, tbrnn
    >>> x = np.random.default_rng(0).normal(size=(40, 30))
    >>> tbrnn.analysis.distance(x, 3 - 2 * x[:, ::-1], "cka_centred")
    0.0
    """
    return 1.0 - similarity(x, y, metric)


def pairwise_similarity(activity: Sequence[ArrayLike], metric: str = "cka_debiased") -> Array:
    """The similarities of all pairs of networks, see `similarity`.

    Parameters
    ----------
    activity : sequence of arrays (trial, time, unit) or (sample, unit)
        One per network, or one array with a leading member axis: the same trials in the same order
        for all.
    metric : str, default "cka_debiased"

    Returns
    -------
    array (network, network)
        Symmetric, with ones on the diagonal.

    Raises
    ------
    ValueError, TypeError
        As `similarity`; the network is named.

    Notes
    -----
    A hundred networks of 30 units on 50,000 samples take 10 s of processor time, and 0.2 GB of
    memory beside the activity.

    Examples
    --------
    >>> import numpy as np, tbrnn
    >>> nets = tbrnn.LowRankRNN(units=30, rank=1, inputs=1, outputs=1).initial(range(3))
    >>> states = nets.simulate(tbrnn.tasks.FlipFlop(bits=1).sample(20).inputs).states
    >>> tbrnn.analysis.pairwise_similarity(states, "cka_uncentred").shape
    (3, 3)
    """
    if not hasattr(activity, "__len__") or len(activity) == 0:
        raise wrong_type("activity", "a sequence with an array for each network", activity)
    return _similarities({f"activity[{i}]": x for i, x in enumerate(activity)}, metric)


def pairwise_distance(activity: Sequence[ArrayLike], metric: str = "cka_debiased") -> Array:
    """One minus the similarities of all pairs, see `pairwise_similarity`.

    Parameters
    ----------
    activity : sequence of arrays (trial, time, unit) or (sample, unit)
        One per network, or one array with a leading member axis: the same trials in the same order
        for all.
    metric : str, default "cka_debiased"
        A name in ``COMPARISONS``, see `similarity`.

    Returns
    -------
    array (network, network)
        Symmetric, with zeros on the diagonal.

    Raises
    ------
    ValueError, TypeError
        As `similarity`; the network is named.

    Examples
    --------
    >>> import tbrnn
    >>> tbrnn.analysis.pairwise_distance([[1.0, 0.0], [0.0, 2.0], [1.0, 0.0]], "cosine")
    array([[0., 1., 0.],
           [1., 0., 1.],
           [0., 1., 0.]])
    """
    return np.asarray(1.0 - pairwise_similarity(activity, metric))


def _similarities(activity: Mapping[str, ArrayLike], metric: str) -> Array:
    """All pairs (network, network) of activity by the name that mistakes give it."""
    kind = choice("metric", metric, tuple(COMPARISONS))
    arrays = {name: real_array(name, values) for name, values in activity.items()}
    for name, array in arrays.items():
        check_finite(name, array)
    if kind == "cosine":
        values = _cosines(arrays)
    else:
        values = alignment(_samples(arrays), kind.removeprefix("cka_"))
    values = np.clip(np.triu(values) + np.triu(values, 1).T, *COMPARISONS[kind].range)
    np.fill_diagonal(values, 1.0)
    return values


def _cosines(arrays: Mapping[str, Floats]) -> Array:
    first, shape = next((name, array.shape) for name, array in arrays.items())
    for name, array in arrays.items():
        if array.shape != shape:
            raise mistake(name, f"of {first}'s shape {shape}", f"shape {array.shape}")
    rows = np.stack([np.asarray(array, np.float64).ravel() for array in arrays.values()])
    lengths = np.linalg.norm(rows, axis=1)
    if not lengths.all():
        raise mistake(list(arrays)[lengths.argmin()], "not 0 everywhere", "zeros")
    rows /= lengths[:, None]
    return np.asarray(rows @ rows.T)


def _samples(arrays: Mapping[str, Floats]) -> dict[str, Floats]:
    """Activity as (sample, unit)."""
    first, samples = next((name, array.shape[:-1]) for name, array in arrays.items())
    for name, array in arrays.items():
        if array.ndim not in (2, 3) or array.size == 0:
            expected = "(trial, time, unit) or (sample, unit), without empty axes"
            raise mistake(name, expected, f"shape {array.shape}")
        if array.shape[:-1] != samples:
            raise mistake(name, f"of {first}'s samples {samples}", f"shape {array.shape}")
    return {name: array.reshape(-1, array.shape[-1]) for name, array in arrays.items()}
