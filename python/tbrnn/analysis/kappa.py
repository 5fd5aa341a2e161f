"""Exact dynamics of a low-rank network in as many dimensions as its rank, and its flow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from tbrnn._arguments import real_array
from tbrnn._leak import linear_leak
from tbrnn._phi import Array, value
from tbrnn.analysis.reduced import Reduced
from tbrnn.ensemble import Ensemble
from tbrnn.errors import mistake
from tbrnn.trials import Trials, shown


@dataclass(frozen=True, eq=False)
class KappaDynamics:
    """Overlaps over time, as returned by `kappa_dynamics`; sample t is after input t.

    Attributes
    ----------
    kappa : array (member, trial, time, rank)
        Coordinates along the writing vectors, m of pairs and l of triples; pairs first.
    inputs : array (trial, time, input)
        Coordinates along the columns of W_in: the inputs, low-pass filtered.
    bias : array (time,)
        Coordinate along b.
    start : array (time,)
        Coordinate along the initial state.
    states : array (member, trial, time, unit)
        The states that these coordinates are of.

    The member axis is absent for a network picked as ``nets[i]``.
    """

    kappa: Array
    inputs: Array
    bias: Array
    start: Array
    states: Array


def kappa_dynamics(
    nets: Ensemble, inputs: ArrayLike | Trials, initial_states: ArrayLike | None = None
) -> KappaDynamics:
    """The noiseless dynamics of low-rank rate networks in the coordinates of their vectors.

    States stay in the span of the writing vectors l (three-body) or m (two-body), W_in, b and the
    initial state x_0. With alpha = dt/tau, exactly and for every rank::

        x_t  = sum_R l_R k_Rt + W_in v_t + b c_t + x_0 d_t
        k   <- k + alpha (-k + scale (m . phi(x)) (n . phi(x)))     of a triple (l, m, n)
        k   <- k + alpha (-k + scale (n . phi(x)))                  of a pair (m, n)
        v   <- v + alpha (-v + u)     c <- c + alpha (-c + 1)     d <- d - alpha d

    from k = v = c = 0, d = 1. Gates multiply the scales; with `hard_orth` l is the projected one.

    Parameters
    ----------
    nets : Ensemble
        Of one model in rate form.
    inputs : array (trial, time, input), or Trials
        Of Trials, one data set, the inputs and the initial states are used.
    initial_states : array (trial, unit), optional
        Zero unless given.

    Returns
    -------
    KappaDynamics

    Raises
    ------
    ValueError
        For networks in voltage form (phi takes their states out of the span) or of another drive,
        several models, or arrays of other shapes.
    TypeError
        If `nets` is no Ensemble, or an array has no real numbers.

    Notes
    -----
    The published helper projects simulated states on the first vector instead, which is exact only
    if that vector is orthogonal to W_in, and starts the filtered input at u_0.

    References
    ----------
    Mastrogiuseppe & Ostojic, Neuron 2018; Beyond linear summation: Three-Body RNNs for modeling
    complex neural and biological systems.

    Examples
    --------
    >>> import numpy as np, tbrnn
    >>> nets = tbrnn.LowRankTBRNN(units=30, rank=2, inputs=1, outputs=1).initial(range(3))
    >>> inputs = np.ones((4, 50, 1))
    >>> dynamics = tbrnn.analysis.kappa_dynamics(nets, inputs)
    >>> dynamics.kappa.shape
    (3, 4, 50, 2)
    >>> bool(np.allclose(dynamics.states, nets.simulate(inputs).states, atol=1e-5))
    True
    """
    reduced = Reduced.of(nets)
    if nets.model.form != "rate":
        raise mistake("nets", "networks of form='rate'", f"form={nets.model.form!r}")
    trials = _checked(nets, inputs, initial_states)
    alpha, u = linear_leak(nets.model), np.asarray(trials.inputs, np.float64)
    filtered = _low_pass(u, alpha)
    start: Array = np.power(1 - alpha, np.arange(1, trials.steps + 1))
    bias: Array = 1 - start
    rest = _without_kappa(reduced, filtered, bias, start, trials)
    kappa, states = np.empty((*rest.shape[:3], reduced.overlaps)), np.empty(rest.shape)
    k, x = np.zeros_like(kappa[:, :, 0]), np.zeros_like(states[:, :, 0])
    if trials.initial_states is not None:
        x = x + np.asarray(trials.initial_states, np.float64)
    for t in range(trials.steps):
        r = value(nets.model.phi, x)
        k = kappa[:, :, t] = k + alpha * (reduced.coefficients(r) - k)
        x = states[:, :, t] = reduced.along(k) + rest[:, :, t]
    if nets.single:
        kappa, states = kappa[0], states[0]
    return KappaDynamics(kappa, filtered, bias, start, states)


def flow(nets: Ensemble, kappa: ArrayLike, inputs: ArrayLike | None = None) -> Array:
    """The velocity of the overlaps under a constant input.

    With ``x = sum_R l_R k_R + W_in u + b`` (steady filtered input and bias)::

        F_R(k) = -k_R + scale (m_R . phi(x)) (n_R . phi(x))     three-body
        F_R(k) = -k_R + scale (n_R . phi(x))                    two-body, with m_R for l_R

    in units of 1/tau. Rate networks move by ``k <- k + alpha F(k)``. Roots of F are the fixed
    points in both forms. Without input and bias the two-body F of tanh networks is odd in k: fixed
    points come in pairs +-k. The three-body drive is even in k, and 0 is always stable.

    Parameters
    ----------
    nets : Ensemble
        Of one model with K overlaps, the sum of its ranks.
    kappa : array (..., K)
        Where; the same for all members.
    inputs : array (input,), optional
        The constant input u, zero unless given.

    Returns
    -------
    array (member, ..., K), without the member axis for a network picked as ``nets[i]``

    Raises
    ------
    ValueError
        For arrays of other shapes, networks of another drive, or several models.
    TypeError
        If `nets` is no Ensemble, or an array has no real numbers.

    References
    ----------
    Mastrogiuseppe & Ostojic, Neuron 2018; Beyond linear summation: Three-Body RNNs for modeling
    complex neural and biological systems.

    Examples
    --------
    >>> import numpy as np, tbrnn
    >>> model = tbrnn.LowRankRNN(units=30, rank=1, inputs=1, outputs=1, input_bias=False)
    >>> net = model.initial([0], dtype="float64")[0]
    >>> k = np.linspace(-1, 1, 5)[:, None]
    >>> bool(np.allclose(tbrnn.analysis.flow(net, k), -tbrnn.analysis.flow(net, -k)))
    True
    """
    reduced = Reduced.of(nets)
    points = _points(reduced, kappa, len(nets))
    velocity = reduced.velocity(points, reduced.drives(inputs))
    velocity = velocity.reshape(len(nets), *np.shape(kappa))
    return velocity[0] if nets.single else velocity


def flow_jacobian(nets: Ensemble, kappa: ArrayLike, inputs: ArrayLike | None = None) -> Array:
    """The derivative dF_R/dk_S of `flow`.

    At a fixed point its eigenvalues are those of the network in units of 1/tau; the network's
    other eigenvalues are -1.

    Parameters
    ----------
    nets : Ensemble
        Of one model with K overlaps, the sum of its ranks.
    kappa : array (..., K)
        Where; the same for all members.
    inputs : array (input,), optional
        The constant input u, zero unless given.

    Returns
    -------
    array (member, ..., K, K), without the member axis for a network picked as ``nets[i]``

    Raises
    ------
    ValueError, TypeError
        As `flow`.

    Examples
    --------
    >>> import tbrnn
    >>> model = tbrnn.LowRankTBRNN(units=30, rank=2, inputs=1, outputs=1, input_bias=False)
    >>> tbrnn.analysis.flow_jacobian(model.initial([0])[0], [0.0, 0.0])
    array([[-1.,  0.],
           [ 0., -1.]])
    """
    reduced = Reduced.of(nets)
    points = _points(reduced, kappa, len(nets))
    jacobian = reduced.jacobian(points, reduced.drives(inputs))
    jacobian = jacobian.reshape(len(nets), *np.shape(kappa), reduced.overlaps)
    return jacobian[0] if nets.single else jacobian


def _points(reduced: Reduced, kappa: ArrayLike, members: int) -> Array:
    points = real_array("kappa", kappa).astype(np.float64)
    if points.shape[-1:] != (reduced.overlaps,):
        raise mistake("kappa", f"(..., {reduced.overlaps})", f"shape {points.shape}")
    flat = points.reshape(1, -1, reduced.overlaps)
    return np.broadcast_to(flat, (members, *flat.shape[1:]))


def _low_pass(u: Array, alpha: float) -> Array:
    """v <- v + alpha (u - v) along time, from 0."""
    filtered, v = np.empty_like(u), np.zeros_like(u[:, 0])
    for t in range(u.shape[1]):
        v = filtered[:, t] = v + alpha * (u[:, t] - v)
    return filtered


def _without_kappa(
    reduced: Reduced, filtered: Array, bias: Array, start: Array, trials: Trials
) -> Array:
    """W_in v + b c + x_0 d (member, trial, time, unit)."""
    rest: Array = filtered @ reduced.w_in.swapaxes(1, 2)[:, None]
    rest = rest + bias[:, None] * reduced.bias[:, None, None]
    if trials.initial_states is not None:
        rest = rest + start[:, None] * np.asarray(trials.initial_states, np.float64)[:, None]
    return rest


def _checked(
    nets: Ensemble, inputs: ArrayLike | Trials, initial_states: ArrayLike | None
) -> Trials:
    trials = shown(inputs, initial_states)
    if trials.inputs.ndim != 3 or trials.inputs.shape[-1] != nets.model.inputs:
        expected = f"(trial, time, input) with {nets.model.inputs} inputs"
        raise mistake("inputs", expected, f"shape {trials.inputs.shape}")
    if trials.initial_states is not None and trials.initial_states.shape[-1] != nets.model.units:
        expected = f"(trial, unit) with {nets.model.units} units"
        raise mistake("initial_states", expected, f"shape {trials.initial_states.shape}")
    return trials
