"""Fixed points of low-rank networks, found in the space of their overlaps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tbrnn._arguments import number, whole
from tbrnn._bar import each
from tbrnn._leak import linear_leak
from tbrnn._phi import Array, value
from tbrnn._seeds import generator
from tbrnn.analysis.reduced import Reduced
from tbrnn.analysis.roots import roots
from tbrnn.connectivity.terms import stacked
from tbrnn.ensemble import Ensemble
from tbrnn.errors import mistake

SOLVED = 1e-10  # |F| of a solution, relative to 1 + |kappa|
SAME = 1e-6  # distance of solutions that are one, relative to 1 + |kappa|


@dataclass(frozen=True, eq=False)
class FixedPoints:
    """Fixed points of one network under a constant input, as returned by `fixed_points`.

    Attributes
    ----------
    kappa : array (point, rank)
        Overlaps, ascending in the first of them.
    states : array (point, unit)
    outputs : array (point, output)
    eigenvalues : array (point, rank), complex
        Of the flow, in units of 1/tau; for rank one its slope. The other eigenvalues of the network
        are -1.
    stable : array (point,), bool
        Whether the network returns: ``|1 + alpha eigenvalue| < 1`` for all eigenvalues.
    complete : bool
        Whether these are all in the region that was searched (rank one), or those that were found
        from the starts (higher ranks).
    """

    kappa: Array
    states: Array
    outputs: Array
    eigenvalues: NDArray[np.complex128]
    stable: NDArray[np.bool_]
    complete: bool

    def __len__(self) -> int:
        return len(self.kappa)

    def __repr__(self) -> str:
        return f"FixedPoints({len(self)}, {int(self.stable.sum())} of them stable)"


def fixed_points(
    nets: Ensemble,
    inputs: ArrayLike | None = None,
    *,
    within: float | None = None,
    starts: int = 200,
    seed: int = 0,
) -> FixedPoints | list[FixedPoints]:
    """The fixed points of networks under a constant input, without simulation.

    The states ``x = sum_R l_R k_R + W_in u + b`` (rate form; phi of it in voltage form) where the
    `flow` of the overlaps is 0: as many unknowns as the rank, whatever the number of units. For
    rank one all roots are isolated by interval arithmetic; for higher ranks scipy's hybrid Powell
    method starts at random overlaps, on all scales between the largest possible and a thousandth of
    it.

    Parameters
    ----------
    nets : Ensemble
        Of one model. A bias acts in full, as it does after a while.
    inputs : array (input,), optional
        The constant input u, zero unless given.
    within : float, optional
        Largest magnitude of an overlap that is searched. By default what bounded nonlinearities
        (tanh, sigmoid) can reach; needed for the others.
    starts : int, default 200
        Random starts, for higher ranks.
    seed : int, default 0
        Starts are drawn from (seed, *entropy of the member).

    Returns
    -------
    FixedPoints, or a list with one for each member unless the network was picked as ``nets[i]``

    Raises
    ------
    ValueError
        If `within` is missing where it is needed, for a continuum of fixed points (rank one), for
        networks of another drive or several models, or for inputs of another shape.
    TypeError
        If `nets` is no Ensemble, or an argument of another type.

    References
    ----------
    Sussillo & Barak, Neural Comput. 2013; Mastrogiuseppe & Ostojic, Neuron 2018.

    Examples
    --------
    Two stable fixed points and the origin between them:

    >>> import numpy as np, tbrnn
    >>> model = tbrnn.LowRankRNN(units=30, rank=1, inputs=1, outputs=1, input_bias=False)
    >>> net = model.initial([0], dtype="float64")
    >>> vector = np.sqrt(3) * np.ones((1, 30, 1))
    >>> net = tbrnn.Ensemble.from_arrays(model, {**net.arrays, "m": vector, "n": vector})[0]
    >>> points = tbrnn.analysis.fixed_points(net)
    >>> points, points.stable
    (FixedPoints(3, 2 of them stable), array([ True, False,  True]))
    """
    reduced = Reduced.of(nets)
    count, first = whole("starts", starts, least=1), whole("seed", seed, least=0)
    drives, reach = reduced.drives(inputs), _reach(reduced, within)
    found = []
    for member, net in enumerate(each(nets, "fixed points", "networks")):
        alone = Reduced.of(net)
        if reduced.overlaps == 1:
            kappa = roots(alone, drives[member : member + 1], float(reach[member, 0]))[:, None]
        else:
            rng = generator((first, *net.seeds[0]))
            tries = _starts(reach[member], count, rng)
            kappa = _solutions(alone, drives[member : member + 1], tries, reach[member])
        found.append(_described(net, alone, kappa, drives[member]))
    return found[0] if nets.single else found


def _reach(reduced: Reduced, within: float | None) -> Array:
    """Half widths of the searched region (member, K)."""
    if within is not None:
        half = number("within", within, above=0)
        return np.full((len(reduced.write), reduced.overlaps), half)
    reach = reduced.reach()
    if reach is None:
        expected = f"given: nothing bounds the overlaps of a network of phi={reduced.model.phi!r}"
        raise mistake("within", expected, None)
    return 1.001 * reach + np.finfo(float).tiny


def _starts(reach: Array, count: int, rng: np.random.Generator) -> Array:
    directions = rng.uniform(-1, 1, (count, len(reach)))
    return directions * reach * 10.0 ** rng.uniform(-3, 0, (count, 1))


def _solutions(reduced: Reduced, drives: Array, starts: Array, reach: Array) -> Array:
    """Distinct roots of the flow of one member, (point, K)."""
    from scipy.optimize import root  # here, because it takes longer to import than the rest of us

    unit = np.minimum(1.0, reach)  # of each overlap: some may be small beside others

    def velocity(kappa: Array) -> Array:
        return np.asarray(reduced.velocity((kappa * unit)[None, None], drives)[0, 0] / unit)

    def jacobian(kappa: Array) -> Array:
        slopes = reduced.jacobian((kappa * unit)[None, None], drives)[0, 0]
        return np.asarray(slopes * unit / unit[:, None])

    distinct: list[Any] = []
    for start in starts:
        kappa = root(velocity, start / unit, jac=jacobian, tol=1e-13).x
        size = 1 + np.linalg.norm(kappa)
        solved = np.linalg.norm(velocity(kappa)) <= SOLVED * size
        if not solved or (np.abs(kappa * unit) > reach).any():
            continue
        if all(np.linalg.norm(kappa - other) > SAME * size for other in distinct):
            distinct.append(kappa)
    return np.array(sorted(distinct, key=tuple)).reshape(-1, reduced.overlaps) * unit


def _described(net: Ensemble, reduced: Reduced, kappa: Array, drives: Array) -> FixedPoints:
    model, arrays = net.model, stacked(net)
    x = reduced.along(kappa[None])[0] + drives
    states = x if model.form == "rate" else value(model.phi, x)
    outputs = value(model.phi_out or model.phi, x) if model.form == "rate" else states
    if model.readout == "matrix":
        outputs = outputs @ arrays["w_out"][0].T
        outputs = outputs + (arrays["b_out"][0] if model.output_bias else 0)
    jacobian = reduced.jacobian(kappa[None], drives[None])[0]
    eigenvalues = np.linalg.eigvals(jacobian).astype(np.complex128)
    stable = np.asarray((np.abs(1 + linear_leak(model) * eigenvalues) < 1).all(axis=-1))
    return FixedPoints(kappa, states, outputs, eigenvalues, stable, reduced.overlaps == 1)
