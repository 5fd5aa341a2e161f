"""Where random numbers come from: a network's entropy is what the network is, never its place.

Initial weights draw from Generator(Philox(SeedSequence(entropy))). State noise is drawn inside the
engine from a key that the same entropy gives through a spawn key of its own, so the two streams
never meet.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tbrnn._arguments import whole
from tbrnn.errors import mistake, wrong_type

Seed: TypeAlias = int | Sequence[int]
Entropy: TypeAlias = tuple[int, ...]

NOISE = (0x6E6F697365,)  # spawn key of the noise streams: "noise" in ASCII


def entropy(seed: Seed, argument: str = "seed") -> Entropy:
    """An int or a sequence of ints as a tuple of non-negative ints."""
    if isinstance(seed, (int, np.integer)):
        return (whole(argument, seed, least=0),)
    if isinstance(seed, (tuple, list, np.ndarray)):
        return tuple(whole(f"{argument}[{i}]", word, least=0) for i, word in enumerate(seed))
    raise wrong_type(argument, "a whole number or a tuple of whole numbers", seed)


def entropies(seeds: Sequence[Seed], argument: str = "seeds") -> list[Entropy]:
    """One entropy per member."""
    if isinstance(seeds, (str, bytes)) or not hasattr(seeds, "__len__"):
        expected = "a sequence with one int or tuple of ints per member"
        if argument == "seed":
            expected = f"a whole number, or {expected}"
        raise wrong_type(argument, expected, seeds)
    return [entropy(seed, f"{argument}[{i}]") for i, seed in enumerate(seeds)]


def member_entropies(seed: Seed | Sequence[Seed], members: Sequence[Entropy]) -> list[Entropy]:
    """(seed, *member) for each member if `seed` is an int, else the given entropies."""
    if isinstance(seed, (int, np.integer)):
        return [(*entropy(seed), *member) for member in members]
    given = entropies(seed, "seed")
    if len(given) != len(members):
        expected = f"an int, or one int or tuple for each of the {len(members)} members"
        raise mistake("seed", expected, f"{len(given)} entries")
    return given


def generator(seed: Entropy) -> np.random.Generator:
    """The stream of a network's initial weights."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(seed)))


def noise_keys(seeds: Sequence[Entropy]) -> NDArray[np.uint64]:
    """The engine's noise key of each member."""
    sequences = [np.random.SeedSequence(seed, spawn_key=NOISE) for seed in seeds]
    return np.array([s.generate_state(1, np.uint64)[0] for s in sequences], dtype=np.uint64)
