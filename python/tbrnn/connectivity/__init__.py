"""Connectivity of networks and its reductions: tensors, canonical forms, truncations."""

from tbrnn.connectivity.cp import cp_factors, truncate_cp
from tbrnn.connectivity.effective import effective_tensor
from tbrnn.connectivity.forms import canonical
from tbrnn.connectivity.tensors import matrix, symmetrised, tensor, tensor_of
from tbrnn.connectivity.truncation import truncate_slices, truncate_svd

__all__ = [
    "canonical",
    "cp_factors",
    "effective_tensor",
    "matrix",
    "symmetrised",
    "tensor",
    "tensor_of",
    "truncate_cp",
    "truncate_slices",
    "truncate_svd",
]
