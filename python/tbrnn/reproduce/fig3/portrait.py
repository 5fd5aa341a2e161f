"""One teacher of Fig 3: its states on a long trial, and its answers on a short one."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tbrnn.analysis import pca
from tbrnn.campaign.files import npz_bytes
from tbrnn.reproduce import seeds
from tbrnn.reproduce.campaign import Campaign
from tbrnn.reproduce.fig3.networks import accepted, test_trials
from tbrnn.reproduce.fig3.protocol import Protocol
from tbrnn.reproduce.record import Record
from tbrnn.tasks import FlipFlop

Array = NDArray[np.floating[Any]]

LONG = 2000  # steps


@dataclass(frozen=True, eq=False)
class Portrait:
    """What panel a shows.

    Attributes
    ----------
    path : array (time, 3)
        States of one long trial along their three leading components.
    ratios : array (3,)
        Shares of the variance along them.
    participation : array ()
        Participation ratio of all variances.
    inputs, targets, outputs : array (time, channel)
        Of the first test trial.
    """

    path: Array
    ratios: Array
    participation: Array
    inputs: Array
    targets: Array
    outputs: Array

    def bytes(self) -> bytes:
        """As an npz file, in float32."""
        arrays = {field.name: getattr(self, field.name) for field in fields(self)}
        return npz_bytes({name: array.astype(np.float32) for name, array in arrays.items()})


def read_portrait(path: Path) -> Portrait:
    """What `Portrait.bytes` has been written to."""
    with np.load(path) as arrays:
        return Portrait(**arrays)


def portrait(campaign: Campaign[Protocol, Record]) -> Portrait | None:
    """Of the first accepted teacher; None if there is none."""
    protocol, store, threads = campaign.protocol, campaign.store, campaign.threads
    teachers = accepted(store, "teacher")
    if not teachers:
        return None
    net = store.network(teachers[0].place)
    long = FlipFlop(bits=protocol.bits, steps=LONG).sample(
        1, seeds.data(protocol.seed, "fig3", "long")
    )
    states = net.simulate(long, rates=False, outputs=False, threads=threads).states
    found = pca(states, 3)
    short = test_trials(protocol, "teacher")
    outputs = net.simulate(short, states=False, rates=False, threads=threads).outputs
    return Portrait(
        found.project(states[0]),
        found.ratios,
        np.array(found.participation),
        short.inputs[0],
        np.asarray(short.targets)[0],
        outputs[0],
    )
