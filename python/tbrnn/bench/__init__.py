"""The benchmark: the engine against the floor that arithmetic sets, and against its peers."""

from tbrnn.bench.suite import WORKLOADS, run

__all__ = ["WORKLOADS", "run"]
