"""The terms of a drive as float64 arrays with a member axis.

    drive(r) = weight sum_R m_R (n_R . r)  +  weight sum_R l_R (m_R . r) (n_R . r)

of low rank, where the weight of a term is the model's scale times its share of a gate; l is
projected off the input space if the model says hard_orth. Of full rank a term is a matrix or a
tensor, times its share of a gate. So these are the numbers that the dynamics see.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from tbrnn.ensemble import Ensemble
from tbrnn.models import EIRNN, HORNN, RNN, TBRNN, LowRankHORNN, LowRankRNN, LowRankTBRNN

Array = NDArray[np.float64]

DEPENDENT = 1e-6  # part of a column outside those before it; its square stands in hard_orth.hpp


@dataclass(frozen=True, eq=False)
class Pairs:
    """The two-body term: weight (member,), m and n (member, unit, rank)."""

    weight: Array
    m: Array
    n: Array


@dataclass(frozen=True, eq=False)
class Triples:
    """The three-body term: weight (member,), l, m and n (member, unit, rank)."""

    weight: Array
    l: Array  # noqa: E741 - the paper's letter
    m: Array
    n: Array


def stacked(nets: Ensemble) -> dict[str, Array]:
    """All parameters of an ensemble of one model in float64, always with a member axis."""
    arrays = {name: np.asarray(array, np.float64) for name, array in nets.arrays.items()}
    return {name: array[np.newaxis] if nets.single else array for name, array in arrays.items()}


def pairs(nets: Ensemble) -> Pairs | None:
    """The two-body term of each member; None for a model without one."""
    model, arrays = nets.model, stacked(nets)
    if not isinstance(model, LowRankRNN | LowRankHORNN):
        return None
    tag = "_rnn" if isinstance(model, LowRankHORNN) else ""
    weight = np.full(len(nets), model.scales[0])
    if isinstance(model, LowRankHORNN) and model.gated:
        weight = weight * expit(arrays["gate"])
    return Pairs(weight, arrays["m" + tag], arrays["n" + tag])


def triples(nets: Ensemble) -> Triples | None:
    """The three-body term of each member; None for a model without one."""
    model, arrays = nets.model, stacked(nets)
    if not isinstance(model, LowRankTBRNN | LowRankHORNN):
        return None
    tag = "_tbrnn" if isinstance(model, LowRankHORNN) else ""
    weight = np.full(len(nets), model.scales[1])
    if isinstance(model, LowRankHORNN) and model.gated:
        weight = weight * expit(-arrays["gate"])
    l = arrays["l" + tag]  # noqa: E741
    if isinstance(model, LowRankTBRNN) and model.hard_orth:
        space = basis(input_space(nets))
        l = l - space @ (space.swapaxes(-1, -2) @ l)  # noqa: E741
    return Triples(weight, l, arrays["m" + tag], arrays["n" + tag])


def full_matrix(nets: Ensemble) -> Array | None:
    """The matrix of a two-body term of full rank (member, unit, unit), or None."""
    model, arrays = nets.model, stacked(nets)
    if isinstance(model, RNN | EIRNN):
        return model.effective(arrays["w_hh"])
    if not isinstance(model, HORNN):
        return None
    share = expit(arrays["gate"]) if model.gated else np.ones(len(nets))
    return np.asarray(share[:, None, None] * arrays["w_hh_rnn"])


def full_tensor(nets: Ensemble) -> Array | None:
    """The tensor of a three-body term of full rank (member, unit, unit, unit), or None."""
    model, arrays = nets.model, stacked(nets)
    if isinstance(model, TBRNN):
        return arrays["w_hh"]
    if not isinstance(model, HORNN):
        return None
    share = expit(-arrays["gate"]) if model.gated else np.ones(len(nets))
    return np.asarray(share[:, None, None, None] * arrays["w_hh_tbrnn"])


def input_space(nets: Ensemble) -> Array:
    """I = [W_in, b] (member, unit, input + 1), or W_in alone without input bias."""
    arrays = stacked(nets)
    bias = [arrays["b_in"][..., np.newaxis]] if "b_in" in arrays else []
    return np.concatenate([arrays["w_in"], *bias], axis=-1)


def basis(columns: Array) -> Array:
    """Orthonormal columns (..., unit, column) of the same span, by Gram-Schmidt.

    A column that depends on those before it has zeros in its place. Rounding to float32 leaves a
    part of it outside, which is no direction of its own to the engine, and none here.
    """
    found = np.zeros_like(columns)
    for k in range(columns.shape[-1]):
        whole = left = columns[..., k, np.newaxis]
        for _ in range(2):  # once leaves a part inside that is large beside a small rest
            left = left - found @ (found.swapaxes(-1, -2) @ left)
        length = np.linalg.norm(left, axis=-2, keepdims=True)
        outside = length > DEPENDENT * np.linalg.norm(whole, axis=-2, keepdims=True)
        unit = np.divide(left, length, out=np.zeros_like(left), where=outside)
        found[..., k] = unit[..., 0]
    return found
