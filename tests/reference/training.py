"""The published training loop: Adam on batches, keep-best and the stopping rules."""

from dataclasses import dataclass, field

import numpy as np

from . import adam
from .loss import LOSS
from .network import loss_and_gradient, matched, rollout
from .shuffle import order


@dataclass
class Run:
    status: str = "capped"
    best: dict = field(default_factory=dict)
    last: dict = field(default_factory=dict)
    moments: dict = field(default_factory=dict)
    best_loss: float = np.inf
    best_epoch: int = -1
    looks: list = field(default_factory=list)  # epochs whose losses were looked at
    losses: list = field(default_factory=list)
    validation: list = field(default_factory=list)
    norms: list = field(default_factory=list)  # of each epoch's last step
    epochs: int = 0
    before: float = np.nan


def train(
    net,
    p,
    data,
    *,
    epochs,
    lr,
    target_loss=1e-4,
    stall=None,
    patience=None,
    match="outputs",
    loss="mse",
    noise=None,
    decay=0.0,
    clip=None,
    trained=None,
    moments=None,
    batch=None,
    key=0,
    validation=None,
    evaluate_every=1,
    project=lambda p: p,
):
    """data, validation: keywords of loss_and_gradient. stall = (window, improvement), patience =
    (epochs, improvement). noise(epoch): of all trials in the order they are shown in, those of the
    validation set last. project: of the parameters after each step.
    """
    moments = adam.start(p) if moments is None else moments
    run, best_training = Run(last=p, best=p, moments=moments), np.inf
    checked, window = np.inf, -1
    waited_for, waited_since = np.inf, -1
    trials = len(data["inputs"])

    def loss_of(p, data, epoch, first=0):
        xi = None if noise is None else noise(epoch)[first : first + len(data["inputs"])]
        return evaluate(net, p, data, match, loss, xi)

    run.before = loss_of(p, data, 0)
    for e in range(epochs):
        shown = np.arange(trials) if batch is None else order(key, e, trials)
        for first in range(0, trials, batch or trials):
            here = shown[first : first + (batch or trials)]
            xi = None if noise is None else noise(e)[first : first + len(here)]
            part = {name: array[here] for name, array in data.items()}
            _, gradients = loss_and_gradient(net, p, **part, noise=xi, match=match, loss=loss)
            size = adam.norm(gradients, trained)
            if clip:
                gradients = adam.clipped(gradients, size, clip)
            p, moments = adam.update(p, gradients, moments, lr(e), decay, trained)
            p = project(p)
        run.norms.append(size)
        run.epochs = e + 1
        if e % evaluate_every and e + 1 < epochs:
            continue
        value = loss_of(p, data, e + 1)
        if not np.isfinite(value):
            run.status = "diverged"
            return run
        check = value if validation is None else loss_of(p, validation, e + 1, trials)
        run.looks.append(e)
        run.losses.append(value)
        run.validation.append(np.nan if validation is None else check)
        run.last, run.moments = p, moments
        best_training = min(best_training, value)
        if check < run.best_loss:
            run.best, run.best_loss, run.best_epoch = p, check, e
        if value < target_loss:
            run.status = "converged"
            return run
        if stall and e // stall[0] > window:
            if checked - best_training < stall[1]:
                run.status = "stalled"
                return run
            checked, window = best_training, e // stall[0]
        if patience:
            if check < waited_for - patience[1]:
                waited_for, waited_since = check, e
            if e - waited_since >= patience[0]:
                run.status = "stalled"
                return run
    return run


def evaluate(net, p, data, match, loss, noise):
    states = rollout(net, p, data["inputs"], data.get("initial_states"), noise)
    y = matched(net, p, states, match)
    return LOSS[loss](y, data["targets"], data.get("mask"))[0]
