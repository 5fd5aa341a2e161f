"""Principal components of activity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tbrnn._arguments import check_finite, real_array, whole
from tbrnn.errors import mistake

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PCA:
    """Principal components, as returned by `pca`.

    Attributes
    ----------
    mean : array (unit,)
    components : array (component, unit)
        Orthonormal, by falling variance; the entry of largest magnitude of each is positive.
    variances : array (unit,)
        All variances along components, divided by the number of samples less one.
    ratios : array (component,)
        Shares of the total variance.
    participation : float
        ``(sum v)^2 / sum v^2`` over all variances v, a count of the dimensions that are used.
    """

    mean: Array
    components: Array
    variances: Array

    @property
    def ratios(self) -> Array:
        """Shares of the total variance along the components."""
        return np.asarray(self.variances[: len(self.components)] / self.variances.sum())

    @property
    def participation(self) -> float:
        """The participation ratio of all variances."""
        return float(self.variances.sum() ** 2 / np.square(self.variances).sum())

    def project(self, states: ArrayLike) -> Array:
        """Coordinates (..., component) of states (..., unit)."""
        return np.asarray((self._of_units("states", states) - self.mean) @ self.components.T)

    def turn(self, vectors: ArrayLike) -> Array:
        """Coordinates (..., component) of differences, velocities or weights (..., unit).

        They are vectors, not places: the mean is not subtracted.
        """
        return np.asarray(self._of_units("vectors", vectors) @ self.components.T)

    def lift(self, coordinates: ArrayLike) -> Array:
        """States (..., unit) at coordinates (..., component)."""
        given = real_array("coordinates", coordinates).astype(np.float64)
        if given.shape[-1:] != (len(self.components),):
            expected = f"(..., component) with {len(self.components)} components"
            raise mistake("coordinates", expected, f"shape {given.shape}")
        return np.asarray(given @ self.components + self.mean)

    def _of_units(self, argument: str, values: ArrayLike) -> Array:
        given = real_array(argument, values).astype(np.float64)
        if given.shape[-1:] != self.mean.shape:
            expected = f"(..., unit) with {len(self.mean)} units"
            raise mistake(argument, expected, f"shape {given.shape}")
        return given


def pca(states: ArrayLike, components: int = 2) -> PCA:
    """Principal components of states, by the eigenvectors of their covariance.

    Parameters
    ----------
    states : array (..., unit)
        All leading axes are samples.
    components : int, default 2
        From 1 to the number of units.

    Returns
    -------
    PCA

    Raises
    ------
    ValueError
        For fewer than two samples, values that are not finite, or states that do not vary.
    TypeError
        If states are no array of real numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from tbrnn.analysis import pca
    >>> found = pca(np.arange(4.0)[:, None] * [3.0, 4.0], components=1)
    >>> found.components, found.ratios
    (array([[0.6, 0.8]]), array([1.]))
    """
    array = real_array("states", states)
    if array.ndim < 2 or array.size < 2 * max(1, array.shape[-1]):
        raise mistake("states", "(..., unit), two samples or more", f"shape {array.shape}")
    check_finite("states", array)
    samples = array.reshape(-1, array.shape[-1])
    count = whole("components", components, least=1, most=samples.shape[1])
    mean = samples.mean(axis=0, dtype=np.float64)
    centred = samples - mean
    variances, vectors = np.linalg.eigh(centred.T @ centred / (len(samples) - 1))
    if variances[-1] <= 0 or not np.ptp(samples, axis=0).any():  # rounding alone may vary
        raise mistake("states", "not constant", "states that are")
    leading = vectors.T[::-1][:count]
    peak = np.take_along_axis(leading, np.abs(leading).argmax(axis=1, keepdims=True), axis=1)
    signed = leading * np.where(peak < 0, -1.0, 1.0)
    return PCA(mean, signed, np.maximum(variances[::-1], 0.0))
