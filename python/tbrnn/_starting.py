"""The networks that a training starts from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import DTypeLike

from tbrnn._arguments import check_finite, count, precision, whole
from tbrnn._cohorts import Cohort, Place, gather
from tbrnn._network import Network
from tbrnn._seeds import Entropy, Seed, entropies, member_entropies
from tbrnn.ensemble import Ensemble
from tbrnn.errors import mistake, wrong_type

Startable: TypeAlias = Network | Ensemble | Sequence[Network]


def starting_networks(
    nets: Startable,
    members: int | Sequence[int] | None,
    seed: int | Sequence[Seed],
    dtype: DTypeLike | None,
) -> Ensemble:
    """Networks with weights, and with the entropies that their noise depends on."""
    if isinstance(nets, Ensemble):
        if members is not None:
            raise mistake("members", "left out for an Ensemble", members)
        entropy = member_entropies(seed, nets.seeds)
        return _continued(nets, entropy, nets.dtype if dtype is None else precision(dtype))
    models = _models(nets)
    seeds = None if isinstance(seed, (int, np.integer)) else entropies(seed, "seed")
    numbers = _numbers(members, max(len(models), len(seeds or ())))
    if len(models) == 1:
        models = models * len(numbers)
    if len(models) != len(numbers):
        expected = f"one model, or one for each of the {len(numbers)} members"
        raise mistake("nets", expected, f"{len(models)} models")
    return networks(models, member_entropies(seed, [(n,) for n in numbers]), numbers, dtype)


def networks(
    models: Sequence[Network],
    seeds: Sequence[Entropy],
    numbers: Sequence[int],
    dtype: DTypeLike | None,
) -> Ensemble:
    """Fresh networks, one per model."""
    kind = precision("float32" if dtype is None else dtype)
    return Ensemble.concatenate(
        model.initial([seed], numbers=[number], dtype=kind)
        for model, seed, number in zip(models, seeds, numbers, strict=True)
    )


def _models(nets: Network | Sequence[Network]) -> list[Network]:
    expected = "a model such as tbrnn.LowRankRNN(...), a list of models, or an Ensemble"
    if isinstance(nets, Network):
        return [nets]
    if not isinstance(nets, (list, tuple)):
        raise wrong_type("nets", expected, nets)
    for i, model in enumerate(nets):
        if not isinstance(model, Network):
            raise wrong_type(f"nets[{i}]", "a model such as tbrnn.LowRankRNN(...)", model)
    if not nets:
        raise mistake("nets", expected, "an empty list")
    return list(nets)


def _numbers(members: int | Sequence[int] | None, default: int) -> list[int]:
    if members is None:
        return list(range(default))
    if isinstance(members, np.ndarray):
        members = members.tolist()
    if not isinstance(members, (list, tuple, range)):
        return list(range(count("members", members, least=1)))
    if not len(members):
        raise mistake("members", "at least one member", "none")
    return [whole(f"members[{i}]", number, least=0) for i, number in enumerate(members)]


def _continued(nets: Ensemble, seeds: Sequence[Entropy], dtype: np.dtype[np.floating]) -> Ensemble:
    """The same weights in a precision and with new entropies."""
    places: list[Place] = []
    for (cohort, row), seed in zip(nets.places(), seeds, strict=True):
        with np.errstate(over="ignore"):
            weights = cohort.parameters[[row]].astype(dtype)
        check_finite("nets", weights, f"finite in {dtype}")
        places.append((Cohort(cohort.model, weights, (cohort.numbers[row],), (seed,)), 0))
    return Ensemble(*gather(places))
