"""What is timed: a table of trainings, their arithmetic, and the figures they are held to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tbrnn.ensemble import Ensemble
from tbrnn.models import RNN, TBRNN, LowRankGRU, LowRankRNN, LowRankTBRNN
from tbrnn.tasks import FlipFlop

ALPHA = 0.2
LEARNING_RATE = 1e-3
TEACHER = 10_000  # seed of the teacher, far from those of the members
ENLARGED = 4.0  # recurrent weights: at their tiny initial values no loss would show their drive

BULK = (0.8, 0)  # gain and seed of a fixed matrix
LEAK_AND_TANH = 23  # FLOP per trial, unit and step; 20 of them for tanh
LOSS_ON_ALL_UNITS = 5
GATES = 103  # of a gated unit in place of 23: 60 for two gates and tanh, 43 for what they multiply


@dataclass(frozen=True)
class Workload:
    """One training: forward, loss, backward and Adam on flip-flop trials.

    `must` and `aim` are milliseconds per epoch on one AVX-512 core with an FMA peak of 272 GFLOP/s;
    `fraction` is `must` as a fraction of the FMA peak, to which every AVX-512 core is held.
    """

    name: str
    rank: int
    bits: int
    must: float
    aim: float
    fraction: float
    three_body: bool = False
    lint: bool = False  # match the rates of a teacher, identity readout
    sigma: float = 0.0
    units: int = 30
    trials: int = 128
    steps: int = 100
    full: bool = False  # a trained matrix in place of the low rank
    bulk: bool = False  # a fixed matrix beside it
    tensor: bool = False  # a trained three-body tensor in place of the low rank
    gated: bool = False

    @property
    def flop(self) -> float:
        """Arithmetic of an epoch: 6 (K + C) + 23 per trial, unit and step.

        K sums over units (recurrent ones and outputs) and C drives of units (recurrent ones and
        inputs) cost a multiply-add forward and two backward, and so does each entry of a row of a
        trained matrix and of the symmetric part of a tensor; one of a fixed matrix costs one
        backward. Each product of two rates adds 6. A loss on all units adds 5. A gated unit
        is driven three times, and has 103 in place of 23.
        """
        drives = 3 if self.gated else 1
        sums = self.rank * (2 if self.three_body else drives) + (0 if self.lint else self.bits)
        flop = 6 * (sums + drives * (self.rank + self.bits)) + LOSS_ON_ALL_UNITS * self.lint
        flop += GATES if self.gated else LEAK_AND_TANH
        flop += self.units * (6 * self.full + 4 * self.bulk)
        flop += 3 * (self.units + 1) * (self.units + 1) * self.tensor
        return float(flop * self.trials * self.steps * self.units)

    def data(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Inputs and targets (trial, time, channel): the flip-flop, or a teacher's rates on it."""
        task = FlipFlop(bits=self.bits, steps=self.steps).sample(self.trials, seed=0)
        inputs, targets = (np.asarray(a, np.float32) for a in (task.inputs, task.targets))
        if self.lint:
            teacher = self._nets([TEACHER], rank=self.bits, readout="identity")
            targets = np.asarray(teacher.simulate(inputs, threads=1).rates, np.float32)[0]
        return inputs, targets

    def nets(self, members: int = 1) -> Ensemble:
        """Networks before training."""
        readout = "identity" if self.lint else "matrix"
        return self._nets(range(members), rank=self.rank, readout=readout)

    def _nets(self, seeds: range | list[int], *, rank: int, readout: str) -> Ensemble:
        sizes: dict[str, Any] = {
            "units": self.units,
            "inputs": self.bits,
            "outputs": self.units if readout == "identity" else self.bits,
            "alpha": ALPHA,
            "sigma": self.sigma,
            "readout": readout,
        }
        if self.full:
            return RNN(**sizes).initial(seeds)
        if self.tensor:
            return enlarged(TBRNN(**sizes).initial(seeds), "w_hh")
        if self.gated:
            nets = LowRankGRU(rank=rank, **sizes).initial(seeds)
            return enlarged(nets, *LowRankGRU.published.values())
        bulk = BULK if self.bulk else None
        model = (LowRankTBRNN if self.three_body else LowRankRNN)(rank=rank, bulk=bulk, **sizes)
        nets = model.initial(seeds)
        return enlarged(nets, "l", "m", "n") if self.three_body else nets


def enlarged(nets: Ensemble, *names: str) -> Ensemble:
    """The networks with some arrays multiplied."""
    larger = {name: ENLARGED * nets.arrays[name] for name in names}
    return Ensemble.from_arrays(nets.model, {**nets.arrays, **larger}, seeds=nets.seeds)


# name, rank, bits, must, aim, fraction
SINGLE = (
    Workload("two-body-3", 3, 3, 0.25, 0.18, 0.55),
    Workload("two-body-3-noise", 3, 3, 0.45, 0.35, 0.30, sigma=0.05),
    Workload("two-body-1", 1, 1, 0.16, 0.12, 0.41),
    Workload("lint-two-body-3", 3, 3, 0.25, 0.18, 0.46, lint=True),
    Workload("lint-three-body-3", 3, 3, 0.29, 0.21, 0.49, lint=True, three_body=True),
    Workload("lint-two-body-6", 6, 3, 0.34, 0.25, 0.49, lint=True),
    Workload("lint-three-body-6", 6, 3, 0.44, 0.31, 0.49, lint=True, three_body=True),
)
LARGE = (
    Workload("bulk-512", 2, 2, 180, 140, 0.71, units=512, trials=32, steps=1000, bulk=True),
    Workload("full-256", 0, 3, 260, 205, 0.74, units=256, trials=256, steps=500, full=True),
    Workload("tensor-30", 0, 30, 14, 10.5, 0.65, trials=256, steps=99, tensor=True),
    Workload("tensor-128", 0, 3, 850, 700, 0.70, units=128, trials=256, steps=99, tensor=True),
)
GATED = (Workload("gru-1", 1, 1, 0.45, 0.33, 0.51, gated=True),)
BY_NAME = {workload.name: workload for workload in (*SINGLE, *LARGE, *GATED)}
