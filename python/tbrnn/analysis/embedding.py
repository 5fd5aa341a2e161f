"""Networks as points whose distances are like those of a matrix: multidimensional scaling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tbrnn._arguments import number, real_array, whole
from tbrnn._extras import extra
from tbrnn._seeds import generator
from tbrnn.errors import mistake

Array = NDArray[np.float64]

FLOAT32 = 1e-6  # rounding of a distance that was computed in float32, relative to the largest


@dataclass(frozen=True, eq=False)
class Embedding:
    """Points of networks, as returned by `classical_mds` and `smacof`.

    Attributes
    ----------
    points : array (network, dimension)
    stress : float
        ``sum_{a < b} ( |p_a - p_b| - D_ab )^2``.
    stresses : array (start,)
        Of every start, in order; the points are those of the best.
    """

    points: Array
    stress: float
    stresses: Array

    def __repr__(self) -> str:
        networks, dimensions = self.points.shape
        return (
            f"Embedding({networks} networks in {dimensions} dimensions, stress {self.stress:.4g})"
        )


def positions_of(points: ArrayLike | Embedding) -> Array:
    """Points (network, dimension) as they are given or embedded."""
    given = points.points if isinstance(points, Embedding) else points
    return real_array("points", given).astype(np.float64)


def classical_mds(distances: ArrayLike, dimensions: int = 2) -> Embedding:
    """Classical multidimensional scaling: principal coordinates of a distance matrix.

    With J the centring matrix and the leading eigenpairs of ``B = -1/2 J D^2 J = V S V^T``::

        p = V sqrt(S)

    Exact for distances between points of a Euclidean space of so many dimensions. Deterministic:
    axes are ordered by spread, and the coordinate of largest magnitude on each is positive.

    Parameters
    ----------
    distances : array (network, network)
        Symmetric, with zeros on the diagonal, at least 0.
    dimensions : int, default 2
        From 1 to one less than the number of networks.

    Returns
    -------
    Embedding

    Raises
    ------
    ValueError
        For matrices that are not of distances, and if one of so many leading eigenvalues of B is
        negative beyond rounding, or all distances are 0.

    References
    ----------
    Torgerson, Psychometrika 1952.

    Examples
    --------
    >>> from tbrnn.analysis import classical_mds
    >>> classical_mds([[0, 3, 4], [3, 0, 5], [4, 5, 0]]).stress < 1e-20
    True
    """
    matrix, size = _checked(distances, dimensions)
    squared = np.square(matrix)
    rows = squared.mean(axis=1, keepdims=True)
    scalar_products = -0.5 * (squared - rows - rows.T + squared.mean())
    values, vectors = np.linalg.eigh(scalar_products)
    values, vectors = values[::-1][:size], vectors[:, ::-1][:, :size]
    rounding = FLOAT32 * values[0]
    if values[0] <= 0 or values[-1] < -rounding:
        given = f"those that span {int((values > rounding).sum())}"
        raise mistake("distances", f"of points that span {size} dimensions", given)
    points = _signed(vectors * np.sqrt(np.maximum(values, 0.0)))
    stress = _stress(points, matrix)
    return Embedding(points, stress, np.array([stress]))


def smacof(
    distances: ArrayLike,
    dimensions: int = 2,
    *,
    starts: int = 4,
    sweeps: int = 300,
    tolerance: float = 1e-6,
    seed: int = 0,
) -> Embedding:
    """Metric multidimensional scaling: the points of least stress that were found.

    Scikit-learn's SMACOF (scaling by majorising a complicated function) lowers the stress::

        sum_{a < b} ( |p_a - p_b| - D_ab )^2

    from the classical solution and from random points; the best end is returned, turned to its
    principal axes, with the coordinate of largest magnitude on each positive.

    Parameters
    ----------
    distances : array (network, network)
        Symmetric, with zeros on the diagonal, at least 0.
    dimensions : int, default 2
        From 1 to one less than the number of networks.
    starts : int, default 4
        The first is the classical solution, the others are random.
    sweeps : int, default 300
        Most updates of a start.
    tolerance : float, default 1e-6
        A start ends when an update lowers the stress, relative to the sum of squared distances, by
        less.
    seed : int, default 0
        Of the random points.

    Returns
    -------
    Embedding

    Raises
    ------
    ValueError
        As `classical_mds`.
    ModuleNotFoundError
        Without scikit-learn, which the extra `analysis` installs.

    References
    ----------
    de Leeuw, 1977; Borg & Groenen, Modern Multidimensional Scaling, 2005.

    Examples
    --------
    >>> from tbrnn.analysis import smacof
    >>> smacof([[0, 3, 4], [3, 0, 5], [4, 5, 0]]).points.shape
    (3, 2)
    """
    extra("sklearn", "smacof")
    classical = classical_mds(distances, dimensions)
    matrix, size = _checked(distances, dimensions)
    rng = generator((whole("seed", seed, least=0),))
    limits = whole("sweeps", sweeps, least=1), number("tolerance", tolerance, above=0)
    first = [classical.points]
    for _ in range(whole("starts", starts, least=1) - 1):
        first.append(matrix.max() * rng.uniform(-0.5, 0.5, (len(matrix), size)))
    ends = [_majorised(matrix, points, *limits) for points in first]
    stresses = np.array([_stress(points, matrix) for points in ends])
    best = int(stresses.argmin())
    return Embedding(_principal(ends[best]), float(stresses[best]), stresses)


def _majorised(matrix: Array, points: Array, sweeps: int, tolerance: float) -> Array:
    from sklearn.manifold import smacof as sklearn_smacof

    moved, _ = sklearn_smacof(
        matrix,
        metric=True,
        n_components=points.shape[1],
        init=points,
        n_init=1,
        max_iter=sweeps,
        eps=tolerance,
        random_state=0,
        normalized_stress=False,
    )
    return np.asarray(moved, np.float64)


def _principal(points: Array) -> Array:
    centred = points - points.mean(axis=0)
    return _signed(centred @ np.linalg.svd(centred, full_matrices=False)[2].T)


def _signed(points: Array) -> Array:
    peak = np.take_along_axis(points, np.abs(points).argmax(axis=0, keepdims=True), axis=0)
    return np.asarray(points * np.where(peak < 0, -1.0, 1.0))


def _stress(points: Array, matrix: Array) -> float:
    between = np.linalg.norm(points[:, None] - points[None], axis=-1)
    return float(np.square(between - matrix).sum() / 2)


def _checked(distances: ArrayLike, dimensions: int) -> tuple[Array, int]:
    matrix = checked_distances(distances)
    if len(matrix) < 2:
        raise mistake("distances", "(network, network) of two at least", f"shape {matrix.shape}")
    return matrix, whole("dimensions", dimensions, least=1, most=len(matrix) - 1)


def checked_distances(distances: ArrayLike) -> Array:
    """A symmetric matrix with a zero diagonal; what float32 rounding left beside is removed."""
    matrix = real_array("distances", distances).astype(np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not matrix.size:
        raise mistake("distances", "(network, network)", f"shape {matrix.shape}")
    rounding = FLOAT32 * np.abs(matrix).max()
    if not np.isfinite(matrix).all() or matrix.min() < -rounding:
        raise mistake("distances", "finite and at least 0", "other entries")
    if np.abs(matrix - matrix.T).max() > rounding or matrix.diagonal().max() > rounding:
        raise mistake("distances", "symmetric with zeros on the diagonal", "another matrix")
    matrix = np.maximum(0.5 * (matrix + matrix.T), 0.0)
    np.fill_diagonal(matrix, 0.0)
    return matrix
