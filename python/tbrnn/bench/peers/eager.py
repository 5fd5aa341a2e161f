"""PyTorch eager: autograd over a loop with as few operations per step as the equations allow.

Small networks are bound by the dispatch of operations, so everything that is not recurrent is one
product over all steps, and the step has four operations (two-body) or six (three-body). Measured
with PyTorch 2.13 on one AVX-512 core, rank 3, CPU time of an epoch:

    two-body    r W, with W = scale n m^T made once per epoch              5.5 ms
                (r n) m^T                                                  6.5
    three-body  one product and one square: 4 p q = (p + q)^2 - (p - q)^2  7.8
                (r m) * (r n), two products                                8.4
                r [m n] in one product, then split                         8.5
    tensor      (r W) r, N = 30, 256 trials of 99 steps                    127
                W times all r_j r_k                                        142
                the same for j <= k, weights symmetrised                   140
    Adam        fused                                                      5.5
                foreach, plain                                             5.7

A backward pass written by hand takes 4.4 ms for two-body; the benchmark keeps to autograd, as users
do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch.nn.functional import mse_loss

from tbrnn.bench.peers.gated import GatedNetwork
from tbrnn.bench.workloads import ALPHA, LEARNING_RATE, Workload


def training(workload: Workload, members: int, threads: int) -> Callable[[], list[float]]:
    """One epoch of one network per call."""
    network = GatedNetwork(workload) if workload.gated else Network(workload, steps)
    return adam(workload, threads, network.loss)


class Network:
    """The rollout and its loss; arrays are (time, trial, channel)."""

    def __init__(self, workload: Workload, steps: Callable[..., list[Any]]) -> None:
        self.workload, self.steps = workload, steps
        self.inputs, self.targets = (
            torch.tensor(np.swapaxes(array, 0, 1)) for array in workload.data()
        )
        fixed = workload.nets().model.fixed
        self.bulk = fixed if fixed is None else ALPHA * torch.tensor(np.asarray(fixed)).float().T

    def loss(self, p: dict[str, Any]) -> Any:
        first, *later = self.drive(p).unbind()
        matrices = recurrence(self.workload, p)
        rates = torch.stack(self.steps(first, later, *matrices, self.bulk))
        if self.workload.lint:
            return mse_loss(rates, self.targets)
        outputs = torch.addmm(p["b_out"], rates.flatten(0, 1), p["w_out"].T)
        return mse_loss(outputs, self.targets.flatten(0, 1))

    def drive(self, p: dict[str, Any]) -> Any:
        """alpha (W_in u + b) + sigma xi of all steps."""
        drive = torch.addmm(ALPHA * p["b_in"], self.inputs.flatten(0, 1), ALPHA * p["w_in"].T)
        drive = drive.unflatten(0, self.inputs.shape[:2])
        if self.workload.sigma:
            drive = torch.add(drive, torch.randn(drive.shape), alpha=self.workload.sigma)
        return drive


def recurrence(workload: Workload, p: dict[str, Any]) -> tuple[Any, Any]:
    """The matrices inside and outside of the square; none inside for two-body networks.

    Beside a bulk the two factors stay apart: their product would get a gradient of N^2 entries in
    every step.
    """
    if workload.full:
        return None, ALPHA * p["w_hh"].T
    if workload.tensor:
        return None, ALPHA * p["w_hh"].permute(2, 0, 1).flatten(1)
    if workload.bulk:
        return p["n"], (ALPHA / workload.units) * p["m"].T
    if not workload.three_body:
        return None, (ALPHA / workload.units) * p["n"] @ p["m"].T
    inner = torch.cat([p["m"] + p["n"], p["m"] - p["n"]], dim=1) / 2
    outer = (ALPHA / workload.units**2) * p["l"].T
    return inner, torch.cat([outer, -outer])


def steps(x: Any, drive: Sequence[Any], inner: Any, outer: Any, bulk: Any) -> list[Any]:
    """The rates of every step, those of the first drive before them."""
    rates = [torch.tanh(x)]
    for now in drive:
        x, r = step(x, rates[-1], now, inner, outer, bulk)
        rates.append(r)
    return rates


def step(x: Any, r: Any, now: Any, inner: Any, outer: Any, bulk: Any) -> tuple[Any, Any]:
    """x <- (1 - alpha) x + drive + f(r) outer with r = tanh(x), f(r) = r or (r inner)^2.

    With a bulk, f(r) = r inner, and r bulk is added. A tensor is multiplied with r twice.
    """
    features = r if inner is None else r @ inner
    if bulk is not None:
        now = torch.addmm(now, r, bulk)
    elif inner is not None:
        features = torch.square(features)
    x = torch.add(now, x, alpha=1 - ALPHA)
    if outer.shape[1] > x.shape[1]:
        matrices = (features @ outer).unflatten(1, (x.shape[1], x.shape[1]))
        x = torch.baddbmm(x.unsqueeze(2), matrices, features.unsqueeze(2)).squeeze(2)
    else:
        x = torch.addmm(x, features, outer)
    return x, torch.tanh(x)


def adam(
    workload: Workload, threads: int, loss: Callable[[dict[str, Any]], Any]
) -> Callable[[], list[float]]:
    """Forward, backward and update of one epoch."""
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(0)
    weights = workload.nets()[0].arrays
    p = {name: torch.tensor(w, requires_grad=True) for name, w in weights.items()}
    optimiser = torch.optim.Adam(list(p.values()), lr=LEARNING_RATE, fused=True)

    def epoch() -> list[float]:
        optimiser.zero_grad()
        value = loss(p)
        value.backward()
        optimiser.step()
        return [value.item()]

    return epoch
