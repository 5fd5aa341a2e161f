"""Low-rank networks as dynamical systems of their overlaps kappa.

    drive = sum_K write_K G_K        G_K = read_K . r               of a pair (m, n)
                                     G_K = (left_K . r) (right_K . r)   of a triple (l, m, n)

The pairs come first. Weights of the terms are inside read and left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from tbrnn._arguments import check_finite, real_array
from tbrnn._ensembles import networks
from tbrnn._leak import linear_leak
from tbrnn._network import Network
from tbrnn._phi import Array, bound, slope, value
from tbrnn.connectivity.terms import pairs, stacked, triples
from tbrnn.ensemble import Ensemble
from tbrnn.errors import mistake


@dataclass(frozen=True, eq=False)
class Reduced:
    """Members of one model: write (member, unit, K), read, left, right (member, unit, rank).

    K is the number of overlaps, the sum of the model's ranks.
    """

    model: Network
    write: Array
    read: Array
    left: Array
    right: Array
    w_in: Array  # (member, unit, input)
    bias: Array  # (member, unit)

    @classmethod
    def of(cls, nets: Ensemble) -> Reduced:
        """The reduction of an ensemble of one model; always with a member axis."""
        model = networks("nets", nets).model
        arrays, two, three = stacked(nets), pairs(nets), triples(nets)
        if (two is None and three is None) or model.fixed is not None:
            expected = "low-rank networks of pairs (m, n) and triples (l, m, n), without a bulk"
            raise mistake("nets", expected, repr(nets))
        linear_leak(model)
        none = np.zeros((len(nets), nets.model.units, 0))
        m, read = (none, none) if two is None else (two.m, two.weight[:, None, None] * two.n)
        l, left, right = (  # noqa: E741
            (none, none, none)
            if three is None
            else (three.l, three.weight[:, None, None] * three.m, three.n)
        )
        bias = arrays.get("b_in", np.zeros(none.shape[:2]))
        write = np.concatenate([m, l], axis=-1)
        return cls(nets.model, write, read, left, right, arrays["w_in"], bias)

    @property
    def overlaps(self) -> int:
        """Number K of overlaps."""
        return int(self.write.shape[-1])

    def drives(self, inputs: ArrayLike | None) -> Array:
        """W_in u + b (member, 1, unit) of a constant input (input,)."""
        return (self.w_in @ constant_input(self.model, inputs) + self.bias)[:, None]

    def coefficients(self, r: Array) -> Array:
        """G (member, point, K) at rates (member, point, unit)."""
        return np.concatenate([r @ self.read, (r @ self.left) * (r @ self.right)], axis=-1)

    def coefficient_slopes(self, r: Array) -> Array:
        """dG/dr (member, point, K, unit)."""
        left, right = self.left.swapaxes(1, 2)[:, None], self.right.swapaxes(1, 2)[:, None]
        three = (r @ self.right)[..., None] * left + (r @ self.left)[..., None] * right
        two = np.broadcast_to(
            self.read.swapaxes(1, 2)[:, None], (*r.shape[:2], self.read.shape[-1], r.shape[-1])
        )
        return np.concatenate([two, three], axis=2)

    def along(self, kappa: Array) -> Array:
        """sum_K write_K kappa_K (member, point, unit) for kappa (member, point, K)."""
        return kappa @ self.write.swapaxes(1, 2)

    def velocity(self, kappa: Array, drives: Array) -> Array:
        """F = -kappa + G(phi(write kappa + drives)), (member, point, K)."""
        return self.coefficients(value(self.model.phi, self.along(kappa) + drives)) - kappa

    def jacobian(self, kappa: Array, drives: Array) -> Array:
        """dF/dkappa (member, point, K, K)."""
        x = self.along(kappa) + drives
        slopes = self.coefficient_slopes(value(self.model.phi, x))
        through = slopes * slope(self.model.phi, x)[:, :, None, :]
        return through @ self.write[:, None] - np.eye(self.overlaps)

    def reach(self) -> Array | None:
        """Bounds of |G_K| (member, K), if phi has one: no fixed point lies beyond."""
        if (most := bound(self.model.phi)) is None:
            return None
        two = most * np.abs(self.read).sum(axis=1)
        three = most**2 * np.abs(self.left).sum(axis=1) * np.abs(self.right).sum(axis=1)
        return np.concatenate([two, three], axis=-1)


def constant_input(model: Network, inputs: ArrayLike | None) -> Array:
    """A checked constant input u (input,) in float64; zero unless given."""
    if inputs is None:
        return np.zeros(model.inputs)
    u = real_array("inputs", inputs).astype(np.float64)
    if u.shape != (model.inputs,):
        raise mistake("inputs", f"({model.inputs},) numbers", f"shape {u.shape}")
    check_finite("inputs", u)
    return u
