"""Groups of networks: where they lie in an embedding, how far from one another in a matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tbrnn._arguments import check_finite, number
from tbrnn.analysis.embedding import Embedding, checked_distances, positions_of
from tbrnn.errors import mistake

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Centroids:
    """Centres and ellipses of groups of points, as returned by `centroids`.

    Attributes
    ----------
    names : list of str
        The groups in order of first appearance.
    sizes : array (group,)
    centres : array (group, dimension)
        Means.
    distances : array (group, group)
        Between centres.
    half_axes : array (group, dimension)
        Half lengths of the ellipse's axes, longest first.
    axes : array (group, dimension, dimension)
        Unit vectors along them, ``axes[g, :, k]`` along half_axes[g, k].
    """

    names: list[str]
    sizes: NDArray[np.int64]
    centres: Array
    distances: Array
    half_axes: Array
    axes: Array


def centroids(
    points: ArrayLike | Embedding, groups: ArrayLike, *, sigmas: float = 1.5, floor: float = 1e-3
) -> Centroids:
    """The centre of each group of points and the ellipse of its covariance.

    An ellipse has half axes ``sigmas sqrt(max(v, floor))`` for the eigenvalues v of the group's
    covariance (divided by the number of points less one), as in Fig 4 of the three-body RNN study.
    A shift or rotation of all points moves centres and axes with them and changes nothing else.

    Parameters
    ----------
    points : array (network, dimension), or Embedding
    groups : array (network,)
        The name of each network's group.
    sigmas : float, default 1.5
        Size of the ellipses in standard deviations.
    floor : float, default 1e-3
        Least variance along an axis.

    Returns
    -------
    Centroids

    Raises
    ------
    ValueError
        If shapes do not agree or values are not finite.
    TypeError
        If points are no real numbers.

    Examples
    --------
    >>> from tbrnn.analysis import centroids
    >>> found = centroids([[0, 0], [0, 2], [3, 1]], ["a", "a", "b"])
    >>> found.names, found.distances[0, 1], found.half_axes[0].round(3)
    (['a', 'b'], np.float64(3.0), array([2.121, 0.047]))
    """
    positions = positions_of(points)
    if positions.ndim != 2 or positions.size == 0:
        raise mistake("points", "(network, dimension)", f"shape {positions.shape}")
    check_finite("points", positions)
    size, least = number("sigmas", sigmas, above=0), number("floor", floor, least=0)
    members = members_by_name(groups, len(positions))
    centres = np.array([positions[where].mean(axis=0) for where in members.values()])
    spread = np.array([_covariance(positions[where]) for where in members.values()])
    variances, axes = np.linalg.eigh(spread)
    return Centroids(
        list(members),
        np.array([len(where) for where in members.values()]),
        centres,
        np.linalg.norm(centres[:, None] - centres[None], axis=-1),
        size * np.sqrt(np.maximum(variances[:, ::-1], least)),
        axes[:, :, ::-1],
    )


@dataclass(frozen=True)
class BlockStatistics:
    """The distances between the members of two groups, as returned by `block_statistics`.

    Attributes
    ----------
    pairs : int
        Number of distances.
    mean, median : float
    std : float
        Of the population: divided by the number of distances.
    least, most : float
        The smallest and the largest distance.
    """

    pairs: int
    mean: float
    std: float
    median: float
    least: float
    most: float


def block_statistics(
    distances: ArrayLike, groups: ArrayLike
) -> dict[tuple[str, str], BlockStatistics]:
    """Statistics of a distance matrix within each group and between every two.

    Parameters
    ----------
    distances : array (network, network)
        Symmetric with zeros on the diagonal. Within a group each pair counts once.
    groups : array (network,)
        The name of each network's group.

    Returns
    -------
    dict
        (name, name) of groups in order of first appearance -> BlockStatistics. Groups of one
        network have no entry of their own.

    Raises
    ------
    ValueError
        If shapes do not agree, or for what is no matrix of distances.
    TypeError
        If distances are no real numbers.

    Examples
    --------
    >>> from tbrnn.analysis import block_statistics
    >>> blocks = block_statistics([[0, 1, 5], [1, 0, 7], [5, 7, 0]], ["a", "a", "b"])
    >>> sorted(blocks), blocks["a", "b"].mean
    ([('a', 'a'), ('a', 'b')], 6.0)
    """
    matrix = checked_distances(distances)
    members = members_by_name(groups, len(matrix))
    names, blocks = list(members), {}
    for i, first in enumerate(names):
        for second in names[i:]:
            block = matrix[np.ix_(members[first], members[second])]
            values = block[np.triu_indices(len(block), 1)] if first == second else block.ravel()
            if values.size:
                blocks[first, second] = _statistics(values)
    return blocks


def members_by_name(groups: ArrayLike, networks: int) -> dict[str, NDArray[np.int64]]:
    """Positions of each group's members, groups in order of first appearance."""
    names = np.asarray(groups)
    if names.shape != (networks,):
        raise mistake("groups", f"one name for each of the {networks} networks", names.shape)
    listed = [str(name) for name in names]
    return {name: np.flatnonzero([n == name for n in listed]) for name in dict.fromkeys(listed)}


def _covariance(points: Array) -> Array:
    centred = points - points.mean(axis=0)
    return np.asarray(centred.T @ centred / max(len(points) - 1, 1))


def _statistics(values: Array) -> BlockStatistics:
    return BlockStatistics(
        values.size,
        float(values.mean()),
        float(values.std()),
        float(np.median(values)),
        float(values.min()),
        float(values.max()),
    )
