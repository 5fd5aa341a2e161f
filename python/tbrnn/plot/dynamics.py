"""Flows: on a plane of states, and of the overlap of a rank-one network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tbrnn._arguments import instance, number
from tbrnn._ensembles import one_network
from tbrnn._phi import bound
from tbrnn.errors import mistake
from tbrnn.plot._axes import axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tbrnn.analysis import FixedPoints, PlaneFlow
    from tbrnn.ensemble import Ensemble

Array = NDArray[np.float64]

STREAM = "#8a9bb0"
CURVE = "#4c78a8"
POINT = "#d1495b"
ROUNDING = 1e-9  # of a root at 0
FAINT = 0.35  # opacity of points that lie off the plane


def phase_portrait(
    field: PlaneFlow, fixed_points: FixedPoints | None = None, *, ax: Axes | None = None
) -> Axes:
    """Stream lines of states on a plane; stable fixed points filled, the others open.

    The stream lines are those of states on the plane, which do not rest where a fixed point off the
    plane is projected. Such points are faint: around them, within a step of the grid, not both
    components of the velocity change sign.

    Parameters
    ----------
    field : PlaneFlow
        What `tbrnn.analysis.plane_flow` returned.
    fixed_points : FixedPoints, optional
        What `tbrnn.analysis.fixed_points` returned for the same network and input; projected on the
        plane, and left out where they fall outside.
    ax : Axes, optional
        Where to draw.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If the fixed points are of another number of units.
    TypeError
        If `field` is no PlaneFlow, or `fixed_points` are not those of one network.

    Examples
    --------
    >>> import tbrnn
    >>> net = tbrnn.LowRankRNN(units=30, rank=1, inputs=1, outputs=1).initial([0])[0]
    >>> states = net.simulate(tbrnn.tasks.FlipFlop(bits=1).sample(8).inputs).states
    >>> field = tbrnn.analysis.plane_flow(net, tbrnn.analysis.pca(states), (3, 1), points=20)
    >>> ax = tbrnn.plot.phase_portrait(field, tbrnn.analysis.fixed_points(net))
    >>> ax.get_xlabel()
    'PC1'
    """
    from tbrnn.analysis import FixedPoints, PlaneFlow

    instance("field", field, PlaneFlow, "a PlaneFlow, as tbrnn.analysis.plane_flow returns")
    if fixed_points is not None:
        expected = "FixedPoints of one network, as tbrnn.analysis.fixed_points(nets[i])"
        instance("fixed_points", fixed_points, FixedPoints, expected)
        units = fixed_points.states.shape[1]
        if units != len(field.plane.mean):
            raise mistake("fixed_points", f"of {len(field.plane.mean)} units", f"{units}")
    ax = axes(ax)
    along, across = np.moveaxis(field.velocity, -1, 0)
    ax.streamplot(
        field.x, field.y, along, across, color=STREAM, linewidth=0.7, arrowsize=0.7, density=1.2
    )
    ax.set_xlim(field.x[0], field.x[-1])
    ax.set_ylim(field.y[0], field.y[-1])
    if fixed_points is not None:
        _projected(ax, field, fixed_points)
    ax.set_xlabel("PC1")
    ax.set_ylabel("PC2")
    return ax


def kappa_flow(
    net: Ensemble,
    inputs: ArrayLike | None = None,
    *,
    within: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """The flow F(kappa) of a rank-one network, and its roots: stable ones filled, the others open.

    Parameters
    ----------
    net : Ensemble
        One network with one overlap.
    inputs : array (input,), optional
        The constant input, zero unless given.
    within : float, optional
        Half width of the picture; a quarter more than the largest root unless given, and 1 if
        there is none but 0. It must be given for a phi without a bound, whose roots are searched in
        the picture alone.
    ax : Axes, optional
        Where to draw.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        For several networks or higher ranks, or without `within` where it is needed.
    TypeError
        If `net` is no Ensemble.

    Examples
    --------
    >>> import tbrnn
    >>> net = tbrnn.LowRankTBRNN(units=30, rank=1, inputs=1, outputs=1).initial([0])[0]
    >>> tbrnn.plot.kappa_flow(net, within=1.0).get_ylabel()
    'F(κ)'
    """
    from tbrnn.analysis import fixed_points, flow

    net = one_network("net", net)
    if sum(net.model.ranks) != 1:
        raise mistake("net", "of rank 1", repr(net))
    points = fixed_points(net, inputs, within=None if bound(net.model.phi) else within)
    assert not isinstance(points, list)
    roots = points.kappa[:, 0]
    largest = np.abs(roots).max(initial=0.0)
    usual = 1.25 * largest if largest > ROUNDING else 1.0
    half = usual if within is None else number("within", within, above=0)
    kappa = np.linspace(-half, half, 801)
    ax = axes(ax)
    ax.axhline(0, color="0.7", lw=0.8)
    ax.plot(kappa, flow(net, kappa[:, None], inputs)[:, 0], color=CURVE, lw=1.3)
    ax.set_xlim(kappa[0], kappa[-1])
    _points(ax, np.stack([roots, np.zeros(len(roots))], axis=1), points.stable)
    ax.locator_params("x", nbins=5)
    ax.set_xlabel("κ")
    ax.set_ylabel("F(κ)")
    return ax


def _projected(ax: Axes, field: PlaneFlow, points: FixedPoints) -> None:
    """Points on the plane, and faint beneath those off it, which a legend then names."""
    from matplotlib.lines import Line2D

    places = field.plane.project(points.states)
    low, high = (field.x[0], field.y[0]), (field.x[-1], field.y[-1])
    shown = ((places >= low) & (places <= high)).all(axis=1)
    on = np.array([_rests(field, x, y) for x, y in places[shown]], bool)
    places, stable = places[shown], points.stable[shown]
    if not on.all():
        _points(ax, places[~on], stable[~on], FAINT)
        mark = Line2D([], [], marker="o", ls="", color=POINT, alpha=FAINT)
        ax.legend(
            [mark], ["off the plane"], loc="lower right", bbox_to_anchor=(1, 1), frameon=False
        )
    _points(ax, places[on], stable[on])


def _rests(field: PlaneFlow, x: float, y: float) -> bool:
    """Whether both components of the velocity change sign about a place."""
    row, column = np.abs(field.y - y).argmin(), np.abs(field.x - x).argmin()
    around = field.velocity[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
    low, high = around.min(axis=(0, 1)), around.max(axis=(0, 1))
    return bool(((low <= 0) & (high >= 0)).all())


def _points(ax: Axes, places: Array, stable: NDArray[np.bool_], alpha: float = 1.0) -> None:
    """Filled where stable, open and beneath elsewhere: two of them may look like one."""
    for filled, face in ((False, "white"), (True, POINT)):
        x, y = places[stable == filled].T
        ax.plot(x, y, "o", color=POINT, mfc=face, ms=6 if filled else 7, alpha=alpha, zorder=3)
