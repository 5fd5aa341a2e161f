"""What the figures are relative to: the processor and its FMA peak, measured in the same run."""

from __future__ import annotations

import os
from dataclasses import dataclass

from tbrnn import _core
from tbrnn.bench.measure import pinned

LEAST_SCALING = 0.95  # per thread: 1.9 for two


@dataclass(frozen=True)
class Machine:
    """The processor, and its FMA peak in GFLOP/s (float32) with one thread and with several."""

    version: str
    processor: str
    cores: int
    instruction_set: str
    load: float  # average over the last minute, before the run
    threads: int
    peak_one: float
    peak_all: float

    @property
    def scaling(self) -> float:
        """Peak of all threads over that of one."""
        return self.peak_all / self.peak_one

    @property
    def void(self) -> bool:
        """Did the threads not have a processor each to themselves?"""
        return self.scaling < LEAST_SCALING * self.threads


def this_machine(threads: int) -> Machine:
    """Describe the processor and measure its peaks, in turns."""
    engine, load = _core.engine(), os.getloadavg()[0]
    peaks = {1: 0.0, threads: 0.0}
    for _ in range(4):
        for count in peaks:
            peaks[count] = max(peaks[count], fma_peak(count))
    return Machine(
        version=engine["version"],
        processor=engine["processor"],
        cores=engine["cores"],
        instruction_set=engine["instruction_set"],
        load=load,
        threads=threads,
        peak_one=peaks[1],
        peak_all=peaks[threads],
    )


def fma_peak(threads: int) -> float:
    """The highest rate of several short windows, in GFLOP/s."""
    with pinned(threads):
        return max(_core.fma_peak(threads, 0.05) for _ in range(5))
