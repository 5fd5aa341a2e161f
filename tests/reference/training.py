"""The published training loop: full batch, Adam, keep-best and both stopping rules."""

from dataclasses import dataclass, field

import numpy as np

from . import adam
from .loss import mean_squared_error
from .network import loss_and_gradient, matched, rollout


@dataclass
class Run:
    status: str = "capped"
    best: dict = field(default_factory=dict)
    last: dict = field(default_factory=dict)
    best_loss: float = np.inf
    best_epoch: int = -1
    losses: list = field(default_factory=list)
    epochs: int = 0
    before: float = np.nan


def train(net, p, data, *, epochs, lr, target_loss=1e-4, stall=None, match="outputs", noise=None):
    """data: keywords of loss_and_gradient; stall = (window, improvement); noise(epoch) or None."""
    run, moments, checked = Run(last=p, best=p), adam.start(p), np.inf
    for e in range(epochs):
        xi = None if noise is None else noise(e)
        loss, gradients = loss_and_gradient(net, p, **data, noise=xi, match=match)
        run.before = loss if e == 0 else run.before
        p, moments = adam.update(p, gradients, moments, lr(e), e + 1)
        loss = evaluate(net, p, data, match, None if noise is None else noise(e + 1))
        run.epochs = e + 1
        if not np.isfinite(loss):
            run.status = "diverged"
            return run
        run.losses.append(loss)
        run.last = p
        if loss < run.best_loss:
            run.best, run.best_loss, run.best_epoch = p, loss, e
        if loss < target_loss:
            run.status = "converged"
            return run
        if stall and e % stall[0] == 0:
            if checked - run.best_loss < stall[1]:
                run.status = "stalled"
                return run
            checked = run.best_loss
    return run


def evaluate(net, p, data, match, noise):
    states = rollout(net, p, data["inputs"], data.get("initial_states"), noise)
    y = matched(net, p, states, match)
    return mean_squared_error(y, data["targets"], data.get("mask"))[0]
