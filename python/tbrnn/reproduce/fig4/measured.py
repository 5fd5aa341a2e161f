"""What Fig 4 shows: distances between networks, and what each of them remembers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import tbrnn
from tbrnn.analysis import pairwise_distance
from tbrnn.campaign.files import npz_bytes
from tbrnn.trials import Trials

Array = NDArray[np.float64]

REST = 1000  # steps without input after a pulse


@dataclass(frozen=True, eq=False)
class Measured:
    """The networks of a Fig 4 side by side.

    Attributes
    ----------
    groups : array (network,) of str
        What each network is.
    runs : array (network,)
    distance, centred : array (network, network)
        One minus the uncentred and the centred alignment of states on the test trials.
    cosine : array (network,)
        Between the two states that a network is in long after one pulse, +1 or -1.
    answers : array (network, 2)
        The outputs there; a network that remembers answers +1 and -1.
    """

    groups: NDArray[np.str_]
    runs: NDArray[np.int64]
    distance: Array
    centred: Array
    cosine: Array
    answers: Array

    @property
    def remember(self) -> NDArray[np.bool_]:
        """Which networks still answer with the pulse's sign, by half at least."""
        return np.asarray((self.answers * [1, -1] > 0.5).all(axis=1))

    def cosines(self, group: str) -> Array:
        """The cosines of those networks of a group that remember."""
        return np.asarray(self.cosine[(self.groups == group) & self.remember])

    def bytes(self) -> bytes:
        """As an npz file."""
        return npz_bytes({field.name: getattr(self, field.name) for field in fields(self)})


def read_measured(path: Path) -> Measured:
    """What `Measured.bytes` has been written to."""
    with np.load(path) as arrays:
        return Measured(**arrays)


def measure(
    groups: Sequence[str],
    runs: Sequence[int],
    nets: Sequence[tbrnn.Ensemble],
    test: Trials,
    threads: int | None = None,
) -> Measured:
    """Compare networks on the test trials, and leave each alone after one pulse.

    Parameters
    ----------
    groups, runs : sequence
        Of each network.
    nets : sequence of Ensemble
        One network each.
    test : Trials
    threads : int, optional
        All processors by default.
    """
    shown = [net.simulate(test, rates=False, outputs=False, threads=threads) for net in nets]
    states = [one.states for one in shown]
    ends = [remembered(net, threads) for net in nets]
    return Measured(
        np.array(groups),
        np.array(runs),
        pairwise_distance(states, "cka_uncentred"),
        pairwise_distance(states, "cka_centred"),
        np.array([cosine(*pair) for pair, _ in ends]),
        np.array([answers for _, answers in ends]),
    )


def cosine(first: Array, second: Array) -> float:
    """Between two states; not a number where one of them is 0."""
    lengths = np.linalg.norm(first) * np.linalg.norm(second)
    return float(first @ second / lengths) if lengths > 0 else float("nan")


def remembered(net: tbrnn.Ensemble, threads: int | None = None) -> tuple[Array, Array]:
    """States (pulse, unit) and answers (pulse,) long after one pulse, +1 or -1."""
    pulses = np.zeros((2, 1 + REST, 1))
    pulses[:, 0, 0] = 1, -1
    shown = net.simulate(pulses, rates=False, threads=threads)
    return (
        np.asarray(shown.states[:, -1], np.float64),
        np.asarray(shown.outputs[:, -1, 0], np.float64),
    )
