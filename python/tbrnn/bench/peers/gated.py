"""PyTorch eager for the low-rank GRU: both gates in one product and one sigmoid, that of 1 - z.

A step has nine operations, two of them views of the gates; what inputs and biases drive comes from
one product over all steps.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn.functional import mse_loss

from tbrnn.bench.workloads import ALPHA, Workload


class GatedNetwork:
    """The rollout and its loss; arrays are (time, trial, channel)."""

    def __init__(self, workload: Workload) -> None:
        self.workload = workload
        self.inputs, self.targets = (
            torch.tensor(np.swapaxes(array, 0, 1)) for array in workload.data()
        )

    def loss(self, p: dict[str, Any]) -> Any:
        states = torch.stack(self.states(p))
        outputs = torch.addmm(p["b_out"], states.flatten(0, 1), p["w_out"].T)
        return mse_loss(outputs, self.targets.flatten(0, 1))

    def states(self, p: dict[str, Any]) -> list[Any]:
        """x <- x + alpha (1 - z) (g - x)."""
        scale = 1 / self.workload.units
        reset, update, candidate = (scale * p[f"n_h{i}"] @ p[f"m_h{i}"].T for i in "rzh")
        gates = torch.cat([reset, -update], dim=1)
        gate_drive = self.drive((p["w_ir"], p["b_ir"]), (-p["w_iz"], -p["b_iz"]))
        candidate_drive = self.drive((p["w_ih"], p["b_ih"]))
        x = torch.zeros(self.inputs.shape[1], self.workload.units)
        states = []
        for of_gates, of_candidate in zip(
            gate_drive.unbind(), candidate_drive.unbind(), strict=True
        ):
            q, renewed = torch.sigmoid(torch.addmm(of_gates, x, gates)).chunk(2, dim=1)
            g = torch.tanh(torch.addmm(of_candidate, q * x, candidate))
            x = torch.lerp(x, g, ALPHA * renewed)
            states.append(x)
        return states

    def drive(self, *layers: tuple[Any, Any]) -> Any:
        """W u + b of all steps, layers side by side."""
        w, b = (torch.cat(parts) for parts in zip(*layers, strict=True))
        return torch.addmm(b, self.inputs.flatten(0, 1), w.T).unflatten(0, self.inputs.shape[:2])
