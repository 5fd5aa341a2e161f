"""Training to a task or to given activity, and the gradient that it follows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike, NDArray

from tbrnn import _engine
from tbrnn._arguments import choice, whole
from tbrnn._cohorts import by_name
from tbrnn._packing import MATCHES, check_trials, dataset_of_members, pack
from tbrnn._seeds import Seed
from tbrnn._starting import Startable, starting_networks
from tbrnn._threads import thread_count
from tbrnn._training import LearningRate, Stall, member_options, train
from tbrnn.activity import noise_of_members, simulation_keys
from tbrnn.ensemble import Ensemble
from tbrnn.runs import Runs
from tbrnn.trials import Floats, Trials


def fit(
    nets: Startable,
    trials: Trials,
    *,
    members: int | Sequence[int] | None = None,
    seed: int | Sequence[Seed] = 0,
    epochs: int | Sequence[int] = 10_000,
    lr: LearningRate | Sequence[LearningRate] = 1e-3,
    match: str = "outputs",
    sigma: float | Sequence[float] | None = None,
    dataset: int | Sequence[int] | None = None,
    target_loss: float | None | Sequence[float | None] = 1e-4,
    stall: Stall | None | Sequence[Stall | None] = (0.1, 1e-4),
    dtype: DTypeLike | None = None,
    threads: int | None = None,
    progress: bool | None = None,
    record_every: int = 10,
) -> Runs:
    """Train an ensemble of networks, each to its own end.

    Every epoch shows all trials (full batch) and makes one step of Adam (betas 0.9 and 0.999, eps
    1e-8, no weight decay) along the gradient of the weighted mean squared error::

        loss = sum(mask * (answer - targets)^2) / sum(mask)

    with the gradient by backpropagation through time. A member ends when its loss falls below
    `target_loss`, when it stalls, or after its epochs; a finished member costs nothing further. The
    weights of the smallest loss are kept. Members do not influence one another: alone or in
    company, on any number of threads, a member's numbers are the same bit for bit.

    Ctrl-C stops within a second and returns what was trained so far, with a RuntimeWarning;
    unfinished members have the status "interrupted".

    Parameters
    ----------
    nets : model, sequence of models, or Ensemble
        A model for all members, one model per member (of any classes, ranks and sizes), or networks
        whose training goes on from their weights with a new optimiser.
    trials : Trials
        With targets.
    members : int or sequence of int, optional
        How many, or their numbers; 1, or one per model or seed, unless given. Not for an Ensemble.
    seed : int, or sequence of int or tuple of int, default 0
        An int: the member of number i draws its initial weights and its noise from
        ``SeedSequence((seed, i))``, so ``members=[3]`` trains member 3 of ``members=10``. A
        sequence: one entropy per member. An Ensemble draws noise only, from
        ``(seed, *its entropy)``.
    epochs : int or one per member, default 10_000
        At most so many.
    lr : float, `tbrnn.linear`, `tbrnn.constant`, or one per member, default 1e-3
        Learning rate.
    match : {"outputs", "rates", "states"}, default "outputs"
        The answer that is compared with the targets: the readout, phi(x) (x in voltage form), or x.
    sigma : float or one per member, optional
        State noise during training; the models' sigma unless given. The noise of an epoch depends
        on the member's entropy and the epoch alone.
    dataset : int or one per member, optional
        The data set of each member; needed if `trials` holds several.
    target_loss : float, None, or one per member, default 1e-4
        End as "converged" when the loss after an update is below; None never.
    stall : (window, improvement), None, or a list of one per member, default (0.1, 1e-4)
        Every `window` epochs (a number below 1: that fraction of the epochs), end as "stalled" if
        the best loss has improved by less than `improvement` since the last such check. The first
        check always passes. None never.
    dtype : {"float32", "float64"}, optional
        Precision; float32 for models, an Ensemble's own unless given.
    threads : int, optional
        Default: ``TBRNN_THREADS``, or all processors this process may use.
    progress : bool, optional
        A progress bar always (True) or never (False). Default: on a terminal, after one second.
    record_every : int, default 10
        Epochs between two records of the loss; 0 records nothing.

    Returns
    -------
    Runs
        Status, losses, epochs and weights of each member.

    Raises
    ------
    ValueError, TypeError
        Naming the argument, what was expected and what was given, before any work.

    Notes
    -----
    The training loop of "Beyond linear summation: Three-Body RNNs for modeling complex neural and
    biological systems", with its two stopping rules as defaults.

    Examples
    --------
    >>> import numpy as np, tbrnn
    >>> inputs = np.random.default_rng(0).normal(size=(16, 20, 1))
    >>> trials = tbrnn.Trials(inputs, targets=np.tanh(0.2 * inputs.cumsum(axis=1)))
    >>> model = tbrnn.LowRankRNN(units=20, rank=1, inputs=1, outputs=1)
    >>> runs = tbrnn.fit(model, trials, members=3, seed=1, epochs=50, stall=None)
    >>> runs.status.tolist(), runs.epochs.tolist()
    (['capped', 'capped', 'capped'], [50, 50, 50])
    >>> bool((runs.best_loss < 0.5).all())
    True
    >>> alone = tbrnn.fit(model, trials, members=[2], seed=1, epochs=50, stall=None)
    >>> bool(alone.last_loss[0] == runs.last_loss[2])
    True
    """
    choice("match", match, MATCHES)
    start = starting_networks(nets, members, seed, dtype)
    check_trials(start, trials, match)
    index = dataset_of_members(dataset, trials, len(start))
    options = member_options(
        start, sigma=sigma, lr=lr, epochs=epochs, target_loss=target_loss, stall=stall
    )
    every = whole("record_every", record_every, least=0)
    workers = thread_count(threads)
    return train(
        start,
        pack(trials, start.dtype, with_targets=True),
        index,
        options,
        match=match,
        threads=workers,
        progress=progress,
        record_every=every,
    )


def gradient(
    nets: Ensemble,
    trials: Trials,
    *,
    match: str = "outputs",
    noise: bool | float | Sequence[float] = False,
    seed: int = 0,
    dataset: int | Sequence[int] | None = None,
    threads: int | None = None,
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
    noise, seed, dataset, threads
        As in `Ensemble.simulate`: equal arguments give equal noise.

    Returns
    -------
    loss : array (member,)
        Weighted mean squared error, see `tbrnn.fit`.
    gradients : dict
        Under the parameters' names, arrays (member, *shape).

    Raises
    ------
    ValueError, TypeError
        Naming the argument, what was expected and what was given.

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
    model = nets.model
    check_trials(nets, trials, match)
    index = dataset_of_members(dataset, trials, len(nets))
    loss, block = _engine.gradient(
        model.spec,
        nets.cohorts[0].parameters[nets.order[:, 1]],
        pack(trials, nets.dtype, with_targets=True),
        index,
        match=match,
        sigma=noise_of_members(nets, noise),
        keys=simulation_keys(nets, seed),
        epoch=0,
        threads=thread_count(threads),
    )
    return loss, by_name(model, block)
