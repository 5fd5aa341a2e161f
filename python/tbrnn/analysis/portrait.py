"""The flow of a network's states on a plane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tbrnn._arguments import check_finite, instance, number, real_array, whole
from tbrnn._ensembles import networks, one_network
from tbrnn.analysis.components import PCA
from tbrnn.analysis.reduced import constant_input
from tbrnn.ensemble import Ensemble
from tbrnn.errors import mistake

Array = NDArray[np.float64]


def velocity(nets: Ensemble, states: ArrayLike, inputs: ArrayLike | None = None) -> Array:
    """How fast states change under a constant input, ``(x' - x) / alpha`` for one step to x'.

    In units of 1/tau (of each unit, where they have their own) and without noise, from the engine's
    own step: for every model.

    Parameters
    ----------
    nets : Ensemble
        Members of equally many units and inputs.
    states : array (..., unit)
        The same for all members.
    inputs : array (input,), optional
        The constant input, zero unless given.

    Returns
    -------
    array (member, ..., unit), without the member axis for a network picked as ``nets[i]``

    Raises
    ------
    ValueError
        For arrays of other shapes, or with entries that are not finite.
    TypeError
        If `nets` is no Ensemble, or an array has no real numbers.

    Examples
    --------
    >>> import numpy as np, tbrnn
    >>> nets = tbrnn.LowRankRNN(units=30, rank=1, inputs=2, outputs=1).initial([0, 1])
    >>> tbrnn.analysis.velocity(nets, np.zeros((5, 7, 30)), inputs=[1.0, 0.0]).shape
    (2, 5, 7, 30)
    """
    model = networks("nets", nets).models[0]
    x, u = real_array("states", states).astype(np.float64), constant_input(model, inputs)
    if x.shape[-1:] != (model.units,):
        raise mistake("states", f"(..., unit) with {model.units} units", f"shape {x.shape}")
    check_finite("states", x)
    start = x.reshape(-1, model.units)
    shown = np.broadcast_to(u, (len(start), 1, len(u)))
    after = _in_float64(nets).simulate(shown, start, rates=False, outputs=False).states
    alpha = np.stack([np.broadcast_to(one.alpha, (1, one.units)) for one in nets.models])
    if nets.single:
        return np.asarray((after[:, 0] - start) / alpha[0]).reshape(x.shape)
    change = after[:, :, 0] - start
    return np.asarray(change / alpha).reshape(len(nets), *x.shape)


def _in_float64(nets: Ensemble) -> Ensemble:
    """The same weights: a difference of float32 states would be divided by a small alpha."""
    cohorts = [replace(one, parameters=one.parameters.astype(np.float64)) for one in nets.cohorts]
    return Ensemble(cohorts, nets.order, single=nets.single)


@dataclass(frozen=True, eq=False)
class PlaneFlow:
    """The flow on a plane, as returned by `plane_flow`.

    Attributes
    ----------
    plane : PCA
    x, y : array (point,)
        Coordinates of the grid's columns and rows.
    velocity : array (row, column, 2)
        The velocity's components along the plane.
    """

    plane: PCA
    x: Array
    y: Array
    velocity: Array


def plane_flow(
    net: Ensemble,
    plane: PCA,
    extent: Sequence[float],
    *,
    points: int = 100,
    inputs: ArrayLike | None = None,
) -> PlaneFlow:
    """The flow of one network on the plane of two principal components.

    Points of a grid are lifted to states, ``x = mean + sum_k c_k e_k``; their velocity is projected
    on the components e_k (as a vector: without the mean). It is in units of 1/tau; where units have
    leaks of their own, in one for all, of the mean alpha, so that stream lines are those of states.

    Parameters
    ----------
    net : Ensemble
        One network.
    plane : PCA
        Of two components.
    extent : (float, float)
        Half width and half height of the grid about the mean.
    points : int, default 100
        Of the grid, in each direction.
    inputs : array (input,), optional
        The constant input, zero unless given.

    Returns
    -------
    PlaneFlow
        For `tbrnn.plot.phase_portrait`.

    Raises
    ------
    ValueError
        For several networks, planes of other dimensions or units, or extents that are not two
        numbers above 0.
    TypeError
        If `net` is no Ensemble or `plane` no PCA.

    References
    ----------
    Beyond linear summation: Three-Body RNNs for modeling complex neural and biological systems,
    Fig 4; the published code subtracts the mean from velocities, too.

    Examples
    --------
    >>> import numpy as np, tbrnn
    >>> net = tbrnn.LowRankRNN(units=30, rank=1, inputs=1, outputs=1).initial([0])[0]
    >>> states = net.simulate(tbrnn.tasks.FlipFlop(bits=1).sample(8).inputs).states
    >>> plane = tbrnn.analysis.pca(states)
    >>> tbrnn.analysis.plane_flow(net, plane, (3.0, 1.0), points=20).velocity.shape
    (20, 20, 2)
    """
    net = one_network("net", net)
    axes = instance("plane", plane, PCA, "a PCA, as tbrnn.analysis.pca returns").components
    if len(axes) != 2:
        raise mistake("plane", "a PCA of 2 components", f"{len(axes)}")
    if axes.shape[1] != net.model.units:
        raise mistake("plane", f"a PCA of {net.model.units} units", f"{axes.shape[1]}")
    width, height = _halves(extent)
    count = whole("points", points, least=2)
    x, y = np.linspace(-width, width, count), np.linspace(-height, height, count)
    states = plane.lift(np.stack(np.meshgrid(x, y), axis=-1))
    alpha = np.asarray(net.model.alpha)
    change = velocity(net, states, inputs) * (alpha / alpha.mean())
    return PlaneFlow(plane, x, y, plane.turn(change))


def _halves(extent: Sequence[float]) -> list[float]:
    """Half width and half height."""
    halves = extent.tolist() if isinstance(extent, np.ndarray) else extent
    if not isinstance(halves, tuple | list) or len(halves) != 2:
        raise mistake("extent", "two numbers, half width and half height", repr(extent))
    return [number(f"extent[{i}]", half, above=0) for i, half in enumerate(halves)]
