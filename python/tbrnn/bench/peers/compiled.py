"""PyTorch compiled: the eager loop through ``torch.compile``.

Measured with PyTorch 2.13 on one AVX-512 core of a busy machine, two-body rank 3, CPU time of an
epoch (eager took 5.5 to 6 ms there):

    one graph of all steps, C++ wrapper, tanh decomposed        4.4 ms, compiles for a minute
    graphs of 33 steps                                          4.8
              25 steps, (r n) m^T in place of r W               6.0
              25 steps, trials on the last axis                 7.2
              20 steps, trials last, products as fused sums     9
    graphs of 25 steps, tanh from the vector library            6.5
                        likewise, Python wrapper                6.6
                        likewise, max_autotune                  6.4

The `scan` operator of this version does not compile with gradients.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch._inductor import config

from tbrnn.bench.peers import eager
from tbrnn.bench.workloads import Workload


def training(workload: Workload, members: int, threads: int) -> Callable[[], list[float]]:
    """One epoch of one network per call."""
    config.cpp_wrapper = torch.get_default_device().type == "cpu"
    config.cpp.use_decompose_tanh = True
    steps = torch.compile(eager.steps, fullgraph=True, dynamic=False)
    return eager.adam(workload, threads, eager.Network(workload, steps).loss)
