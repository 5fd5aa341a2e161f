"""Two networks of rank one that do the same with other tensors (panel c)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import tbrnn
from tbrnn import connectivity
from tbrnn.analysis import similarity

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Example:
    """Teacher and student in canonical form.

    Attributes
    ----------
    tensors, effective : (array, array)
        Of teacher and student, (unit, unit, unit): all of it, and the part that acts on the states
        that the network can reach.
    """

    tensors: tuple[Array, Array]
    effective: tuple[Array, Array]

    def symmetrised(self) -> Example:
        """The same whichever vector is called m and which n: W_ijk and W_ikj at their mean."""
        first, second = (
            (connectivity.symmetrised(teacher), connectivity.symmetrised(student))
            for teacher, student in (self.tensors, self.effective)
        )
        return Example(first, second)

    @property
    def cosine(self) -> float:
        """Between the two tensors."""
        return similarity(*self.tensors, "cosine")

    @property
    def effective_cosine(self) -> float:
        """Between their effective parts."""
        return similarity(*self.effective, "cosine")


def example(teacher: tbrnn.Ensemble, student: tbrnn.Ensemble) -> Example:
    """Tensors of one teacher and its student, both with their l off the input space."""
    first, second = connectivity.canonical(teacher), connectivity.canonical(student)
    return Example(
        (connectivity.tensor(first), connectivity.tensor(second)),
        (connectivity.effective_tensor(first), connectivity.effective_tensor(second)),
    )
