"""The workloads that have figures to meet, and who computes them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Job:
    """One side of one workload; not on a GPU it is tiny."""

    workload: str
    side: str
    members: int = 1
    gpu: bool = True


@dataclass(frozen=True)
class Figure:
    """`must` and `aim` are milliseconds an epoch of all members on an H100."""

    letter: str
    workload: str
    sides: tuple
    members: int = 1
    must: float | None = None
    aim: float | None = None


SPLIT = "ours, tf32x3"  # products of float32 on tensor cores
ALL = ("ours", "eager", "graph", "jax")
FIGURES = (
    Figure("(a)", "two-body-3", (*ALL, "compile"), must=0.060, aim=0.030),
    Figure("(b)", "two-body-3", ("ours", "jax vmap"), members=1000, must=4.0, aim=2.0),
    Figure("(c)", "bulk-512", ALL, must=4.0, aim=2.0),
    Figure("(d)", "full-256", (*ALL, SPLIT), must=3.0, aim=1.8),
    Figure("(e)", "tensor-30", ALL, must=0.25, aim=0.12),
    Figure("(f)", "tensor-128", (*ALL, SPLIT), must=7.0, aim=4.5),
    Figure("noise", "two-body-3-noise", ALL),
    Figure("LINT", "lint-two-body-3", ALL),
    Figure("LINT", "lint-three-body-6", ALL),
    Figure("LINT", "lint-three-body-3", ("ours", "jax vmap"), members=1000),
)
TINY = (Figure("(a)", "two-body-3", ALL[:3]), Figure("(d)", "full-256", ("ours", "jax")))
TIMES_VMAP = {"must": 6.0, "aim": 10.0}  # (b): how many times as long JAX takes
