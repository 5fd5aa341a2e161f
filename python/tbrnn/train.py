"""Training to a task or to given activity."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

from numpy.typing import DTypeLike

from tbrnn._arguments import choice, count
from tbrnn._checkpoint import described, open_checkpoint
from tbrnn._device import engine_word, plugin_for, splits_products
from tbrnn._options import LearningRate, Patience, Stall, member_options
from tbrnn._packing import MATCHES, check_loss, check_trials, dataset_of_members, pack
from tbrnn._retry import Accept, check_accept, train_until_accepted
from tbrnn._seeds import Seed
from tbrnn._starting import Startable, starting_networks
from tbrnn._threads import thread_count
from tbrnn._training import Data, Manner
from tbrnn.callbacks import OnMemberEnd, OnSlice, callback
from tbrnn.ensemble import Ensemble
from tbrnn.errors import mistake
from tbrnn.guard import Guard
from tbrnn.optimizers import Adam, OptimizerState, check_optimizer
from tbrnn.runs import Runs
from tbrnn.trials import Trials


def fit(
    nets: Startable,
    trials: Trials,
    *,
    members: int | Sequence[int] | None = None,
    seed: int | Sequence[Seed] = 0,
    epochs: int | Sequence[int] = 10_000,
    lr: LearningRate | Sequence[LearningRate] = 1e-3,
    match: str = "outputs",
    loss: str = "mse",
    sigma: float | Sequence[float] | None = None,
    dataset: int | Sequence[int] | None = None,
    optimizer: Adam | OptimizerState | None = None,
    train: Sequence[str] | None = None,
    clip: float | None | Sequence[float | None] = None,
    batch: int | None | Sequence[int | None] = None,
    validation: Trials | None = None,
    validation_dataset: int | Sequence[int] | None = None,
    evaluate_every: int | Sequence[int] = 1,
    target_loss: float | None | Sequence[float | None] = 1e-4,
    stall: Stall | None | Sequence[Stall | None] = (0.1, 1e-4),
    patience: Patience | None | Sequence[Patience | None] = None,
    guard: Guard | None | Sequence[Guard | None] = None,
    accept: Accept | None = None,
    attempts: int = 10,
    dtype: DTypeLike | None = None,
    threads: int | None = None,
    device: str | None = None,
    precision: str | None = None,
    progress: bool | None = None,
    record_every: int = 10,
    statistics: int = 0,
    on_slice: OnSlice | None = None,
    on_member_end: OnMemberEnd | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
) -> Runs:
    """Train an ensemble of networks, each to its own end.

    Every epoch shows all trials and, unless told otherwise, makes one step of Adam (full batch)
    along the gradient of the loss, the weighted mean squared error unless told otherwise::

        mse              sum(mask * (answer - targets)^2) / sum(mask)
        logistic         sum(mask * (log(1 + exp(answer)) - targets * answer)) / sum(mask)
        cross_entropy    sum(mask * -sum_o targets_o log(softmax(answer)_o)) / sum(mask)

    with the gradient by backpropagation through time. A member ends when its loss falls below
    `target_loss`, when it stalls, or after its epochs; a finished member costs nothing further. The
    weights of the smallest loss are kept. Members do not influence one another: alone or in
    company, on any number of threads, a member's numbers are the same bit for bit. The losses of an
    epoch are those after its last step.

    Ctrl-C stops within a second and returns what was trained so far, with a RuntimeWarning;
    unfinished members have the status "interrupted", and ``runs.interrupted`` is true.

    Parameters
    ----------
    nets : model, sequence of models, or Ensemble
        A model for all members, one model per member (of any classes, ranks and sizes), or networks
        whose training goes on from their weights.
    trials : Trials
        With targets.
    members : int or sequence of int, optional
        How many, or their numbers; 1, or one per model or seed, unless given. Not for an Ensemble.
        Members of one number and model start from equal weights, as ``members=[0, 0]`` with two
        learning rates.
    seed : int, or sequence of int or tuple of int, default 0
        An int: the member of number i draws its initial weights and its noise from
        ``SeedSequence((seed, i))``, so ``members=[3]`` trains member 3 of ``members=10``. A
        sequence: one entropy per member. An Ensemble draws noise only, from
        ``(seed, *its entropy)``.
    epochs : int or one per member, default 10_000
        At most so many.
    lr : float, `tbrnn.linear`, `tbrnn.cosine`, `tbrnn.constant`, or one per member, default 1e-3
        Learning rate of each epoch.
    match : {"outputs", "rates", "states"}, default "outputs"
        The answer that is compared with the targets: the readout, phi(x) (x in voltage form), or x.
    loss : {"mse", "cross_entropy", "logistic"}, default "mse"
        How it is compared. The other two are for outputs: "logistic" takes each output for the log
        odds of a target from 0 to 1; "cross_entropy" all outputs for the logits of the targets,
        which are probabilities (1 for the right class), with a mask (trial, time, 1) if any.
    sigma : float or one per member, optional
        State noise during training; the models' sigma unless given. The noise of an epoch depends
        on the member's entropy and the epoch alone.
    dataset : int or one per member, optional
        The data set of each member; needed if `trials` holds several.
    optimizer : `tbrnn.adam`, `tbrnn.adamw` or OptimizerState, optional
        Adam unless given. ``runs.optimizer`` of an earlier training, for an Ensemble of the same
        arrays, goes on with its moments and step counts, which each parameter array has for itself.
    train : tuple of str, optional
        Names of the parameter arrays that are trained, such as ``("l", "m", "n")``; the others stay
        as they are, bit for bit, and take no step. All unless given.
    clip : float, None, or one per member, optional
        Scale the gradient g of the trained arrays by ``min(1, clip / (|g| + 1e-6))``.
    batch : int, None, or one per member, optional
        Trials per step: each epoch goes through all trials in an order of its own, drawn from the
        member's entropy and the epoch; its last batch may be smaller. None: all trials, one step.
    validation : Trials, optional
        With targets. The best weights are those of the smallest validation loss then; `target_loss`
        and `stall` still look at the training loss. With state or input noise the networks are
        validated under it, as they are trained; `tbrnn.gradient` gives their losses without.
    validation_dataset : int or one per member, optional
        The validation data set of each member; needed if `validation` holds several.
    evaluate_every : int or one per member, default 1
        Epochs between two looks at the losses, for keeping the best weights and for ending. With
        mini-batches or a validation set a look costs a forward pass over those trials; the last
        epoch is always looked at.
    target_loss : float, None, or one per member, default 1e-4
        End as "converged" when the training loss is below; None never.
    stall : (window, improvement), None, or a list of one per member, default (0.1, 1e-4)
        Every `window` epochs (a number below 1: that fraction of the epochs, rounded down, and
        never if that is none), end as "stalled" if the best training loss has improved by less
        than `improvement` since the last such check. The first check always passes. None never.
    patience : (epochs, improvement), None, or a list of one per member, optional
        End as "stalled" when the loss (the validation loss, if there is one) has not fallen by more
        than `improvement` for so many epochs.
    guard : `tbrnn.Guard`, None, or one per member, optional
        Go some steps back with a smaller learning rate when a loss explodes, instead of ending as
        "diverged".
    accept : float or function, optional
        Fresh networks only. Draw a member anew and train it again until its last loss is at most
        this number, or until the function says so: it is given the Runs of an attempt and returns
        an array of one bool per member. Attempt a >= 2 of a member draws weights and noise from
        ``(*entropy, a)``.
    attempts : int, default 10
        At most so many; members that use them up are kept with the status "rejected".
    dtype : {"float32", "float64"}, optional
        Precision; float32 for models, an Ensemble's own unless given.
    threads : int, optional
        Default: ``TBRNN_THREADS``, or all processors this process may use.
    device : {"cpu", "cuda", "auto"}, optional
        What trains: the processor or a CUDA device. "auto": the device where there is one that
        computes all of the networks, else the processor. On a device all members of a model are
        trained at once.
        Default: ``TBRNN_DEVICE``, or "cpu".
    precision : {"float32", "tf32x3"}, optional
        What a CUDA device multiplies in float32. "tf32x3" makes each product of three on the tensor
        cores, whose factors have 11 binary digits, with an error of about 1e-7, that of float32. It
        serves the gradient of the matrix of RNN and EIRNN of more than 128 units, and the sums over
        pairs and their gradient of TBRNN and HORNN of more than 64, or of fewer units with more
        than 32 inputs or outputs; other networks are refused. Default: "float32".
    progress : bool, optional
        A progress bar always (True) or never (False). Default: on a terminal, after one second.
    record_every : int, default 10
        Epochs between two records of the history; 0 records nothing.
    statistics : int, default 0
        Epochs between two measurements of each member's activity on its trials without noise; 0
        measures nothing. Participation ratio of the covariance of the rates; their mean; spectral
        radius of the recurrent drive linearised at x = 0 (0 for a three-body drive, which has no
        linear part there unless phi(0) differs from 0); and the norm of the overlaps between the
        vectors that write and those that read, over N.
    on_slice : function, optional
        Called with a `tbrnn.Progress` about five times a second.
    on_member_end : function, optional
        Called once with the Runs of each member, soon after it has ended (with `accept`, after the
        attempt that decided); not for members that are interrupted. Both are called from the thread
        that called fit; an exception ends the training.
    checkpoint : path, optional
        A folder for the state of the training, saved every half minute and at the end. The same
        call goes on from there after a kill at any instant, to the same bits as without the kill;
        members that had ended are not trained again, and `on_member_end` hears of them anew.

    Returns
    -------
    Runs
        Status, losses, epochs and weights of each member.

    Raises
    ------
    ValueError, TypeError
        Naming the argument, what was expected and what was given, before any work.
    BackendUnavailable
        If ``device="cuda"`` cannot be used here; says why, and what to do.
    tbrnn.campaign.ChangedConfiguration, tbrnn.campaign.FolderInUse, OSError
        If `checkpoint` holds another training (the message lists what differs), is in use by
        another process, was made by a later version (ValueError), or cannot be written. What it
        holds stays.

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
    fresh = not isinstance(nets, Ensemble)
    check_accept(accept, attempts, fresh=fresh)
    check_optimizer(optimizer, fresh=fresh)
    start = starting_networks(nets, members, seed, dtype)
    check_trials(start, trials, match)
    check_loss(loss, match, trials)
    options = member_options(
        start,
        sigma=sigma,
        lr=lr,
        epochs=epochs,
        target_loss=target_loss,
        stall=stall,
        optimizer=optimizer,
        train=train,
        clip=clip,
        batch=batch,
        patience=patience,
        guard=guard,
        evaluate_every=evaluate_every,
        record_every=record_every,
    )
    index = dataset_of_members(dataset, trials, len(start))
    held = None
    if validation is not None:
        check_trials(start, validation, match, "validation")
        check_loss(loss, match, validation, "validation")
        held = dataset_of_members(validation_dataset, validation, len(start), "validation_dataset")
    elif validation_dataset is not None:
        raise mistake("validation_dataset", "left out without validation", validation_dataset)
    manner = Manner(
        match=match,
        loss=loss,
        threads=thread_count(threads),
        progress=progress,
        statistics=count("statistics", statistics, least=0),
        on_slice=callback("on_slice", on_slice),
        on_member_end=callback("on_member_end", on_member_end),
    )
    plugin = plugin_for(device, start, match, loss)
    split = splits_products(precision, plugin, start, match, loss)
    shown = (
        []
        if validation is None
        else pack(validation, start.dtype, with_targets=True, argument="validation")
    )
    data = Data(pack(trials, start.dtype, with_targets=True), index, shown, held)
    words = {"match": match, "loss": loss, "statistics": manner.statistics}
    words |= engine_word(plugin, split)
    with open_checkpoint(
        checkpoint,
        lambda: described(start, options, [trials, validation], [index, held], accept, **words),
    ) as kept:
        manner = replace(manner, checkpoint=kept, plugin=plugin, split=split)
        return train_until_accepted(start, data, options, manner, accept, attempts)
