"""What the pictures of Table 2 show: the proteins, and the networks of one run."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tbrnn.campaign.files import npz_bytes
from tbrnn.reproduce.campaign import Campaign
from tbrnn.reproduce.record import Record
from tbrnn.reproduce.table2.networks import MODELS, trials_of
from tbrnn.reproduce.table2.protocol import Protocol

Array = NDArray[np.floating[Any]]

UNIT = 0  # that is drawn


@dataclass(frozen=True, eq=False)
class Pictures:
    """One run of a Table 2.

    Attributes
    ----------
    course : array (time, protein)
        Concentrations in the trial whose first frame has the widest range, that frame included.
    mean, std : array (time,)
        Over trials, of the mean over proteins.
    answers : array (network, time)
        What RNN, TBRNN and HORNN give for one protein of the trial, after the first frame.
    matrix : array (unit, unit)
        Of the RNN.
    tensor : array (unit, unit, unit)
        Of the TBRNN.
    """

    course: Array
    mean: Array
    std: Array
    answers: Array
    matrix: Array
    tensor: Array

    def bytes(self) -> bytes:
        """As an npz file, in float32."""
        arrays = {field.name: getattr(self, field.name) for field in fields(self)}
        return npz_bytes({name: array.astype(np.float32) for name, array in arrays.items()})


def read_pictures(path: Path) -> Pictures:
    """What `Pictures.bytes` has been written to."""
    with np.load(path) as arrays:
        return Pictures(**arrays)


def pictures_of(campaign: Campaign[Protocol, Record]) -> Pictures:
    """The first run."""
    store, protocol, threads = campaign.store, campaign.protocol, campaign.threads
    trials, _ = trials_of(protocol, 0)
    assert trials.initial_states is not None
    frames = np.concatenate([trials.initial_states[:, None], np.asarray(trials.targets)], axis=1)
    trial = int(np.ptp(frames[:, 0], axis=1).argmax())
    nets = [store.network((name, 0, None)) for name in MODELS]
    answers = [
        net.simulate(trials, states=False, rates=False, threads=threads).outputs for net in nets
    ]
    population = frames.mean(axis=2)
    return Pictures(
        frames[trial],
        population.mean(axis=0),
        population.std(axis=0),
        np.array([np.asarray(answer)[trial, :, UNIT] for answer in answers]),
        np.asarray(nets[0].w_hh),
        np.asarray(nets[1].w_hh),
    )
