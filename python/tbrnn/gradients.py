"""The gradient that a training follows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tbrnn import _engine
from tbrnn._arguments import choice
from tbrnn._cohorts import by_name
from tbrnn._device import plugin_for, splits_products
from tbrnn._ensembles import networks
from tbrnn._packing import MATCHES, check_loss, check_trials, dataset_of_members, pack
from tbrnn._threads import thread_count
from tbrnn.activity import input_noise_of_members, noise_of_members, simulation_keys
from tbrnn.ensemble import Ensemble
from tbrnn.trials import Floats, Trials


def gradient(
    nets: Ensemble,
    trials: Trials,
    *,
    match: str = "outputs",
    loss: str = "mse",
    noise: bool | float | Sequence[float] = False,
    seed: int = 0,
    dataset: int | Sequence[int] | None = None,
    threads: int | None = None,
    device: str | None = None,
    precision: str | None = None,
) -> tuple[NDArray[np.float64], dict[str, Floats]]:
    """The loss of each member and its gradient, as a training would compute them.

    Parameters
    ----------
    nets : Ensemble
        Of one model; its dtype is the precision.
    trials : Trials
        With targets.
    match : {"outputs", "rates", "states"}, default "outputs"
        The answer that is compared with the targets, as in `tbrnn.fit`.
    loss : {"mse", "cross_entropy", "logistic"}, default "mse"
        How it is compared, as in `tbrnn.fit`.
    noise, seed, dataset, threads
        As in `Ensemble.simulate`: equal arguments give equal noise.
    device : {"cpu", "cuda", "auto"}, optional
        What computes, as in `tbrnn.fit`.
    precision : {"float32", "tf32x3"}, optional
        How a CUDA device multiplies, as in `tbrnn.fit`.

    Returns
    -------
    loss : array (member,)
        See `tbrnn.fit`.
    gradients : dict
        Under the parameters' names, arrays (member, *shape).

    Raises
    ------
    ValueError, TypeError
        Naming the argument, what was expected and what was given.
    BackendUnavailable
        If ``device="cuda"`` cannot be used here; says why, and what to do.

    Examples
    --------
    >>> import numpy as np, tbrnn
    >>> nets = tbrnn.LowRankTBRNN(units=30, rank=2, inputs=1, outputs=1).initial(range(5))
    >>> trials = tbrnn.Trials(np.ones((4, 20, 1)), targets=np.zeros((4, 20, 1)))
    >>> loss, gradients = tbrnn.gradient(nets, trials)
    >>> loss.shape, gradients["m"].shape, gradients["b_out"].shape
    ((5,), (5, 30, 2), (5, 1))
    """
    choice("match", match, MATCHES)
    model = networks("nets", nets).model
    check_trials(nets, trials, match)
    check_loss(loss, match, trials)
    index = dataset_of_members(dataset, trials, len(nets))
    plugin = plugin_for(device, nets, match, loss)
    losses, block = _engine.gradient(
        model.spec,
        nets.cohorts[0].parameters[nets.order[:, 1]],
        pack(trials, nets.dtype, with_targets=True),
        index,
        match=match,
        loss=loss,
        sigma=noise_of_members(nets, noise),
        input_sigma=input_noise_of_members(nets, noise),
        keys=simulation_keys(nets, seed),
        epoch=0,
        threads=thread_count(threads),
        plugin=plugin,
        split=splits_products(precision, plugin, nets, match, loss),
    )
    return losses, by_name(model, block)
