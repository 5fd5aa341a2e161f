"""Our side: the engine's own training loop, nothing subtracted."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from tbrnn import _core
from tbrnn._seeds import noise_keys
from tbrnn.bench.workloads import LEARNING_RATE, Workload

A_DAY = 86_400.0  # seconds: one call trains to the end


class Engine:
    """Members of one workload, trained from their initial weights again and again.

    `plugin` is the file of another engine; unless given, the processor trains. `split` makes its
    products of float32 of three of tf32.
    """

    def __init__(
        self,
        workload: Workload,
        members: int,
        threads: int,
        plugin: str = "",
        split: bool = False,
    ) -> None:
        nets = workload.nets(members)
        self.dataset = _core.Dataset(*workload.data())
        self.match = "rates" if workload.lint else "outputs"
        self.model, self.parameters = nets.model, nets.cohorts[0].parameters
        self.keys = noise_keys(nets.seeds)
        self.members, self.threads, self.plugin, self.split = members, threads, plugin, split

    def train(self, epochs: int) -> tuple[float, float]:
        """Seconds per epoch of all members, and their mean loss afterwards."""
        trainer = _core.Trainer(self.threads, self.plugin)
        trainer.add(
            self.model.spec,
            self.parameters,
            [self.dataset],
            np.zeros(self.members, dtype=np.int32),
            match=self.match,
            keys=self.keys,
            sigma=self._each(self.model.sigma),
            lr_first=self._each(LEARNING_RATE),
            lr_last=self._each(LEARNING_RATE),
            lr_epochs=self._each(1).astype(np.int64),
            epochs=self._each(epochs).astype(np.int64),
            target_loss=self._each(0),
            stall_window=self._each(0).astype(np.int64),
            stall_improvement=self._each(0),
            record_every=0,
            split=self.split,
        )
        start = time.perf_counter()
        trainer.run(A_DAY)
        seconds = time.perf_counter() - start
        return seconds / epochs, float(np.mean(trainer.result(0)["last_loss"]))

    def _each(self, value: float) -> NDArray[np.float64]:
        return np.full(self.members, value, dtype=np.float64)
