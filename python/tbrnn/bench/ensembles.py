"""Many networks: what company, threads, the instruction set and JAX's vmap make of the time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from tbrnn import _core
from tbrnn.bench import peers
from tbrnn.bench.machine import LEAST_SCALING
from tbrnn.bench.measure import Job, disagreement, fastest

WORKLOAD = "two-body-3"
OURS = partial(Job, side="ours", workload=WORKLOAD)


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A number, its bounds, and where it comes from; or the reason why there is none."""

    text: str
    value: float | None = None
    unit: str = ""
    least: float | None = None
    most: float | None = None
    aim: float | None = None
    disagreement: str | None = None
    missing: bool = False  # a peer, which is the reason

    @property
    def holds(self) -> bool:
        if self.value is None:
            return True
        above = self.least is None or self.value >= self.least
        below = self.most is None or self.value <= self.most
        return above and below and self.disagreement is None


def thousand_members(threads: int) -> list[Figure]:
    """1,000 members on one thread against 1,000 times one member, and their memory."""
    jobs = {"one": OURS(), "many": OURS(members=1000, epochs=40)}
    timings = fastest(jobs).of
    one, many = 1000 * timings["one"].ms, timings["many"].ms
    text = f"1,000 members {many:.1f} ms, 1,000 times one member {one:.1f} ms"
    return [
        Figure(value=many / one, unit="x", most=1.05, text=text),
        Figure(value=timings["many"].memory, unit="MB", most=500, text="peak memory of the former"),
    ]


def threads_scale(threads: int) -> list[Figure]:
    """Eight members on one thread and on all."""
    if threads == 1:
        return [Figure(text="one thread was asked for")]
    jobs = {"one": OURS(members=8), "several": OURS(members=8, threads=threads)}
    one, several = (timing.ms for timing in fastest(jobs).of.values())
    text = f"8 members {one:.2f} ms on one thread, {several:.2f} ms on {threads}"
    return [Figure(value=one / several, unit="x", least=LEAST_SCALING * threads, text=text)]


def instruction_sets(threads: int) -> list[Figure]:
    """AVX2 against AVX-512 on one network."""
    names = ("avx512", "avx2")
    if not set(names) <= set(_core.engine()["available"]):
        return [Figure(text="this processor or this build lacks one of AVX-512 and AVX2")]
    jobs = {name: OURS(instruction_set=name) for name in names}
    wide, narrow = (timing.ms for timing in fastest(jobs).of.values())
    text = f"AVX2 {narrow:.3f} ms, AVX-512 {wide:.3f} ms"
    return [Figure(value=narrow / wide, unit="x", most=2.4, text=text)]


def jax_vmap(threads: int) -> list[Figure]:
    """64 members in JAX: under one vmap, and as its devices and caches like it best."""
    sides = ("jax vmap", "jax shards")
    if not peers.installed(sides[0]):
        return [Figure(text=peers.package(sides[0]), missing=True)]
    same = partial(Job, workload=WORKLOAD, members=64, threads=threads, seconds=3)
    timings = fastest({side: same(side=side) for side in ("ours", *sides)})
    wrong, ours = disagreement(timings, sigma=0), timings.of["ours"].ms
    return [Figure(text=reason, missing=True) for reason in timings.missing.values()] + [
        Figure(
            value=timings.of[side].ms / ours,
            unit="x",
            least=4,
            aim=10,
            text=f"64 members: {side} {timings.of[side].ms:.1f} ms, ours {ours:.1f} ms",
            disagreement=wrong,
        )
        for side in sides
        if side in timings.of
    ]


ENSEMBLES: dict[str, Callable[[int], list[Figure]]] = {
    "1000-members": thousand_members,
    "threads": threads_scale,
    "instruction-sets": instruction_sets,
    "jax-vmap": jax_vmap,
}
