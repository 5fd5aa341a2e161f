"""Scores of outputs and states against a reference, over arrays (member, trial, time, unit).

The member axis of the first argument may be missing; a reference without it is shared by all
members. Everything is computed in float64, one member at a time, so that an ensemble needs no
more memory than its largest member. Inputs are never modified.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tbrnn._arguments import check_finite, real_array
from tbrnn.analysis.metric import Metric
from tbrnn.errors import mistake

Array = NDArray[np.float64]
Score = Callable[[Array], Array | np.floating[Any]]  # of a member

SCORES = {
    metric.name: metric
    for metric in (
        Metric("accuracy", 1, "similarity", (0.0, 1.0), "a positive scale of the outputs"),
        Metric("squared_error", 1, "distance", (0.0, np.inf), "a shift and rotation of both"),
        Metric("r2_per_trial", 1, "similarity", (-np.inf, 1.0), "affine maps per unit of both"),
        Metric("r2_pooled", 1, "similarity", (-np.inf, 1.0), "scale, rotation, shift of both"),
        Metric("r2_across_trials", 1, "similarity", (-np.inf, 1.0), "affine maps per unit of both"),
    )
}


def accuracy(outputs: ArrayLike, targets: ArrayLike, mask: ArrayLike | None = None) -> Array:
    """Share of entries whose output has the target's sign (a similarity, 0 to 1).

    ``mean over (trial, time, channel) of [sign(o) = sign(y)]``, where ``sign(0) = 0``: a target of
    exactly 0 is met by an output of exactly 0 only.

    Invariant to a positive rescaling of the outputs.

    Parameters
    ----------
    outputs : array (member, trial, time, output) or (trial, time, output)
    targets : array (trial, time, output), or with the member axis
    mask : array (trial, time), (trial, time, 1) or (trial, time, output), optional
        Entries that are 0 do not count.

    Returns
    -------
    array (member,), or a number for one network without member axis

    Raises
    ------
    ValueError
        If shapes do not match or the mask leaves nothing to score.

    Examples
    --------
    >>> float(accuracy([[[0.2], [-3.0], [0.1], [-0.1]]], [[[1.0], [-1.0], [-1.0], [-1.0]]]))
    0.75
    """
    outputs, targets = _matched(outputs, targets, "outputs", "targets")
    counted = ... if mask is None else _counted(mask, targets.shape[-3:])

    def against(y: Array) -> Score:
        signs = np.sign(y)
        return lambda o: np.mean((np.sign(o) == signs)[counted])

    return _per_member(against, outputs, targets)


def squared_error(values: ArrayLike, reference: ArrayLike) -> Array:
    """Mean squared difference over (trial, time, unit) (a distance, 0 to infinity).

    Invariant to a common shift, and to a common rotation of units, of both arrays.

    Parameters
    ----------
    values : array (member, trial, time, unit) or (trial, time, unit)
    reference : array (trial, time, unit), or with the member axis

    Returns
    -------
    array (member,), or a number for one network without member axis

    Raises
    ------
    ValueError
        If shapes do not match.

    Examples
    --------
    >>> float(squared_error([[[1.0], [2.0]]], [[[1.0], [4.0]]]))
    2.0
    """
    values, reference = _matched(values, reference, "values", "reference")
    return _per_member(_mean_square, values, reference)


def r2_per_trial(states: ArrayLike, reference: ArrayLike) -> Array:
    """Coefficient of determination of every trial (a similarity, -infinity to 1).

    For trial b the unweighted mean over units of the R2 along time, as Table 1 of the three-body
    RNN study scores students (before it averages over trials)::

        R2_b = 1/N sum_i ( 1 - SSE_bi / SST_bi )
        SSE_bi = sum_t (x_bti - y_bti)^2        SST_bi = sum_t (y_bti - mean_t y_bti)^2

    A unit whose reference is constant in the trial (SST = 0) counts 1 if it is met exactly, else 0.
    Units with little variance can make the mean hugely negative; ``r2_pooled`` is its sturdier
    companion. With rates instead of states it is the rate R2. Invariant to an affine map of a unit
    that is applied to both arrays, not to rotations.

    Parameters
    ----------
    states : array (member, trial, time, unit) or (trial, time, unit)
        What the students do.
    reference : array (trial, time, unit), or with the member axis
        What they should do.

    Returns
    -------
    array (member, trial), or (trial,) for one network without member axis

    Raises
    ------
    ValueError
        If shapes do not match.

    Examples
    --------
    >>> reference = [[[0.0], [1.0], [2.0]], [[5.0], [5.0], [5.0]]]
    >>> r2_per_trial([[[0.0], [1.0], [1.0]], [[5.0], [5.0], [5.0]]], reference)
    array([0.5, 1. ])
    """
    states, reference = _matched(states, reference, "states", "reference")
    return _per_member(_r2_of_trials, states, reference)


def r2_pooled(states: ArrayLike, reference: ArrayLike) -> Array:
    """One coefficient of determination over all trials, steps and units (a similarity, at most 1).

    ::

        R2 = 1 - sum_bti (x_bti - y_bti)^2 / sum_bti (y_bti - mean_bt y_bti)^2

    The variance is taken about each unit's own mean over trials and time, so a unit counts by how
    much it moves. A constant reference (SST = 0) gives 1 if it is met exactly, else 0. Invariant to
    a common scale and rotation, and to a shift of each unit, of both arrays.

    Parameters
    ----------
    states : array (member, trial, time, unit) or (trial, time, unit)
        What the students do.
    reference : array (trial, time, unit), or with the member axis
        What they should do.

    Returns
    -------
    array (member,), or a number for one network without member axis

    Raises
    ------
    ValueError
        If shapes do not match.

    Examples
    --------
    >>> float(r2_pooled([[[0.0], [1.0], [1.0]]], [[[0.0], [1.0], [2.0]]]))
    0.5
    """
    states, reference = _matched(states, reference, "states", "reference")
    return _per_member(_r2_of_all, states, reference)


def r2_across_trials(values: ArrayLike, reference: ArrayLike) -> Array:
    """Coefficient of determination across trials, averaged (a similarity, -infinity to 1).

    For every unit and step the R2 across trials, then the unweighted mean over both, as Table 2 of
    the three-body RNN study scores networks::

        R2 = mean over (t, i) of ( 1 - SSE_ti / SST_ti )
        SSE_ti = sum_b (x_bti - y_bti)^2        SST_ti = sum_b (y_bti - mean_b y_bti)^2

    A unit whose reference is the same in all trials at a step (SST = 0) counts 1 there if it is met
    exactly, else 0. Invariant to an affine map of a unit that is applied to both arrays.

    Parameters
    ----------
    values : array (member, trial, time, unit) or (trial, time, unit)
        What the networks do; for Table 2 their outputs.
    reference : array (trial, time, unit), or with the member axis
        What they should do.

    Returns
    -------
    array (member,), or a number for one network without member axis

    Raises
    ------
    ValueError
        If shapes do not match.

    Examples
    --------
    >>> reference = [[[0.0], [5.0]], [[1.0], [5.0]], [[2.0], [5.0]]]
    >>> float(r2_across_trials([[[0.0], [5.0]], [[1.0], [5.0]], [[1.0], [5.0]]], reference))
    0.75
    """
    values, reference = _matched(values, reference, "values", "reference")
    return _per_member(_r2_of_steps, values, reference)


def _mean_square(y: Array) -> Score:
    squares = _squares_about(y)
    return lambda x: squares(x).mean()


def _r2_of_trials(y: Array) -> Score:
    squares = _squares_about(y)
    sst = np.square(y - y.mean(axis=1, keepdims=True)).sum(axis=1)
    sst[np.ptp(y, axis=1) == 0] = 0.0
    return lambda x: _explained(squares(x).sum(axis=1), sst).mean(axis=-1)


def _r2_of_steps(y: Array) -> Score:
    """Trials and time change places: what is a sum over the steps of a trial is one over trials."""
    score = _r2_of_trials(y.swapaxes(0, 1))
    return lambda x: score(x.swapaxes(0, 1)).mean()


def _r2_of_all(y: Array) -> Score:
    squares = _squares_about(y)
    sst = np.square(y - y.mean(axis=(0, 1))).sum(axis=(0, 1))
    sst[np.ptp(y, axis=(0, 1)) == 0] = 0.0
    return lambda x: _explained(squares(x).sum(), sst.sum())


def _squares_about(y: Array) -> Callable[[Array], Array]:
    """(x - y)^2, each time in the same place: new memory takes longer than the numbers."""
    place = np.empty_like(y)
    return lambda x: np.square(np.subtract(x, y, out=place), out=place)


def _explained(sse: Array, sst: Array) -> Array:
    constant = sst == 0
    share = 1.0 - sse / np.where(constant, 1.0, sst)
    return np.where(constant, np.where(sse == 0, 1.0, 0.0), share)


def _matched(values: ArrayLike, reference: ArrayLike, name: str, other: str) -> tuple[Array, Array]:
    values, reference = _real(name, values), _real(other, reference)
    for word, array in ((name, values), (other, reference)):
        if array.ndim not in (3, 4) or array.size == 0:
            axes = "(trial, time, unit) or (member, trial, time, unit), without empty axes"
            raise mistake(word, axes, f"shape {array.shape}")
    compared = values.shape if reference.ndim == 4 else values.shape[-3:]
    if compared != reference.shape:
        raise mistake(name, f"of {other}'s shape {reference.shape}", f"shape {values.shape}")
    return values, reference


def _real(argument: str, given: ArrayLike) -> NDArray[Any]:
    """An array of real numbers, which may be objects."""
    array = np.asarray(given)
    return real_array(argument, array.astype(np.float64) if array.dtype == object else array)


def _counted(mask: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    weights = real_array("mask", mask)
    check_finite("mask", weights)
    counted = weights != 0
    if counted.ndim == 2:
        counted = counted[:, :, None]
    shapes = ((*shape[:2], 1), shape)
    if counted.shape not in shapes:
        raise mistake("mask", f"of shape {shapes[0]} or {shapes[1]}", f"shape {np.shape(mask)}")
    if not counted.any():
        raise mistake("mask", "nonzero somewhere", "zeros only")
    return np.broadcast_to(counted, shape)


def _per_member(against: Callable[[Array], Score], values: Array, reference: Array) -> Array:
    """What is the reference's alone is computed once where members share it."""
    if reference.ndim == 3:
        score = against(np.asarray(reference, np.float64))
        return np.array([score(x) for x in values] if values.ndim == 4 else score(values))
    pairs = zip(values, reference, strict=True)
    return np.array([against(np.asarray(y, np.float64))(x) for x, y in pairs])
