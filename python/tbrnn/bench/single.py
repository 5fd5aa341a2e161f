"""One network on one thread: milliseconds, the fraction of the FMA peak, and the peers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tbrnn.bench import peers
from tbrnn.bench.machine import Machine
from tbrnn.bench.measure import Job, disagreement, fastest
from tbrnn.bench.workloads import Workload

# The fractions of the workload table are for AVX-512. AVX2 has half the peak and may take 2.4 times
# as long; what has no fused multiply-add in hardware is held to nothing.
HELD_TO = {"avx512": 1.0, "avx2": 2 / 2.4}


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    workload: Workload
    ms: float
    peak: float  # GFLOP/s
    least_fraction: float
    peers: dict[str, float]  # milliseconds
    missing: dict[str, str]  # why a peer has none
    disagreement: str | None

    @property
    def ns(self) -> float:
        """Nanoseconds per trial, unit and step."""
        work = self.workload
        return 1e6 * self.ms / (work.trials * work.units * work.steps)

    @property
    def fraction(self) -> float:
        """The arithmetic floor over the time."""
        return self.workload.flop / (1e6 * self.ms * self.peak)

    @property
    def holds(self) -> bool:
        return self.fraction >= self.least_fraction and self.disagreement is None


def time_single(workload: Workload, sides: Sequence[str], machine: Machine) -> Row:
    """Time our side and the peers, as far as they are installed, on one workload."""
    here = ["ours", *(side for side in sides if peers.installed(side))]
    absent = {side: peers.package(side) for side in sides if side not in here}
    timings = fastest({side: Job(side=side, workload=workload.name) for side in here})
    ours = timings.of["ours"]
    return Row(
        workload=workload,
        ms=ours.ms,
        peak=max(machine.peak_one, ours.peak),
        least_fraction=workload.fraction * HELD_TO.get(machine.instruction_set, 0.0),
        peers={side: timing.ms for side, timing in timings.of.items() if side != "ours"},
        missing={**absent, **timings.missing},
        disagreement=disagreement(timings, workload.sigma),
    )
