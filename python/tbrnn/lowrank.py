"""LINT: low-rank networks inferred from the activity of others."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tbrnn._arguments import choice, count
from tbrnn._checkpoint import described, open_checkpoint
from tbrnn._device import engine_word, plugin_for
from tbrnn._options import LearningRate, Patience, Stall, member_options
from tbrnn._packing import check_trials, dataset_of_members
from tbrnn._retry import Accept, check_accept, train_until_accepted
from tbrnn._seeds import Seed
from tbrnn._students import Rank, activity_to_match, fresh_students, settings_of, with_readout
from tbrnn._threads import thread_count
from tbrnn._training import Data, Manner
from tbrnn.callbacks import OnMemberEnd, OnSlice, callback
from tbrnn.ensemble import Ensemble
from tbrnn.errors import mistake, wrong_type
from tbrnn.guard import Guard
from tbrnn.models import MODELS
from tbrnn.models.low_rank import LowRankNetwork
from tbrnn.optimizers import Adam, check_optimizer
from tbrnn.runs import Runs
from tbrnn.trials import Trials


def lint(
    nets: Ensemble,
    student_class: type[LowRankNetwork],
    *,
    ranks: Iterable[Rank],
    trials: Trials,
    match: str = "rates",
    seed: int | Sequence[Seed] = 0,
    epochs: int | Sequence[int] = 10_000,
    lr: LearningRate | Sequence[LearningRate] = 1e-2,
    sigma: float | Sequence[float] | None = None,
    dataset: int | Sequence[int] | None = None,
    optimizer: Adam | None = None,
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
    threads: int | None = None,
    device: str | None = None,
    progress: bool | None = None,
    record_every: int = 10,
    statistics: int = 0,
    on_slice: OnSlice | None = None,
    on_member_end: OnMemberEnd | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
) -> Runs:
    """Train students of several ranks to reproduce the activity of each teacher.

    A teacher, of any class, runs on the trials without noise. A student is a fresh network with the
    teacher's units, alpha, cubic leak, form, noise of states and inputs, phi, scale, bias switches
    and, where its class has them, hard_orth and gated. A teacher of full rank has no scale; its
    students have scale 1 if its alpha is 1, as in the published "discrete" mode, else the scale of
    their class. A bulk is not passed on, nor are bounds, but those of the input weights. A student
    has input weights of its own and an identity readout, and is trained to::

        match="rates":   phi_out(x) = phi_out(x of the teacher)
        match="states":  x = x of the teacher

    in the mean squared error over all trials, steps and units (voltage form and LowRankGRU have no
    phi_out: there it stands for x, and both match x). Afterwards it is given the teacher's phi_out
    and a copy of its readout, so that its outputs can be compared with the task's targets. All
    students train in one call.

    Parameters
    ----------
    nets : Ensemble
        The teachers.
    student_class : type
        `LowRankRNN`, `LowRankTBRNN`, `LowRankHORNN` or `LowRankGRU`. Students of a LowRankGRU
        are networks of voltage form.
    ranks : iterable of int, or of (int, int) for LowRankHORNN
        One student per teacher and rank. Those of one rank start from equal weights, as
        ``ranks=[2, 2]`` of one teacher with two learning rates.
    trials : Trials
        Inputs and initial states are used. Targets and mask speak of outputs and are not.
    match : {"rates", "states"}, default "rates"
    seed : int, or one int or tuple of int per teacher, default 0
        An int: a student draws from ``SeedSequence((seed, teacher's number, class, *rank))`` with
        the class as a code, 2 for LowRankRNN, 4 for LowRankTBRNN, 6 for LowRankHORNN, 7 for
        LowRankGRU. One per teacher: from ``(*seed, class, *rank)``.
    epochs, lr, sigma
        As in `tbrnn.fit`, one value or one per student; lr is 1e-2 unless given.
    dataset : int or one per teacher, optional
        The data set of each teacher and its students; needed if `trials` holds several.
    validation : Trials, optional
        Inputs and initial states on which the best students are chosen, by the same match.
    validation_dataset : int or one per teacher, optional
        The validation data set of each teacher and its students.
    optimizer, train, clip, batch, evaluate_every, target_loss, stall, patience, guard
        As in `tbrnn.fit`, one value or one per student.
    accept, attempts
        As in `tbrnn.fit`; a function is given students with their teachers' readout.
    threads, device, progress, record_every, statistics, on_slice, on_member_end, checkpoint
        As in `tbrnn.fit`.

    Returns
    -------
    Runs
        One entry per student: all ranks of the first teacher, then of the second, ...;
        ``.teacher`` is the position of the teacher. Losses are those of the match.

    Raises
    ------
    ValueError, TypeError
        Naming the argument, what was expected and what was given, before any work.

    References
    ----------
    Valente, Pillow and Ostojic, "Extracting computational mechanisms from neural data using
    low-rank RNNs", NeurIPS 2022; in the form of "Beyond linear summation: Three-Body RNNs for
    modeling complex neural and biological systems" (full batch, trained input weights).

    Examples
    --------
    >>> import numpy as np, tbrnn
    >>> inputs = np.random.default_rng(0).normal(size=(8, 20, 1))
    >>> teachers = tbrnn.LowRankRNN(units=20, rank=1, inputs=1, outputs=1).initial([0, 1])
    >>> students = tbrnn.lint(
    ...     teachers, tbrnn.LowRankTBRNN, ranks=[1, 2], trials=tbrnn.Trials(inputs), epochs=20
    ... )
    >>> students.teacher.tolist(), students.rank.tolist()
    ([0, 0, 1, 1], [1, 2, 1, 2])
    >>> bool((students.best[0].w_out == teachers[0].w_out).all())
    True
    """
    choice("match", match, ("rates", "states"))
    check_accept(accept, attempts, fresh=True)
    check_optimizer(optimizer, fresh=True)
    listed = _checked(nets, student_class, ranks, match)
    check_trials(nets, trials)
    teacher = np.repeat(np.arange(len(nets)), len(listed))
    start = fresh_students(nets, student_class, listed, match, seed)
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
    index = dataset_of_members(dataset, trials, len(nets))
    held = None
    if validation is not None:
        check_trials(nets, validation, argument="validation")
        held = dataset_of_members(validation_dataset, validation, len(nets), "validation_dataset")
    elif validation_dataset is not None:
        raise mistake("validation_dataset", "left out without validation", validation_dataset)
    workers = thread_count(threads)
    manner = Manner(
        match="outputs",
        threads=workers,
        progress=progress,
        statistics=count("statistics", statistics, least=0),
        on_slice=callback("on_slice", on_slice),
        on_member_end=callback("on_member_end", on_member_end),
        dress=lambda runs, students: _dressed(runs, nets, teacher[students]),
    )
    plugin = plugin_for(device, start, "outputs", "mse")
    each = teacher.astype(np.int32)
    data = Data(list(activity_to_match(nets, trials, index, match, workers)), each)
    if validation is not None and held is not None:
        shown = list(activity_to_match(nets, validation, held, match, workers))
        data = replace(data, validation=shown, validation_dataset=each)
    words = {"match": match, "statistics": manner.statistics}
    words |= engine_word(plugin)
    with open_checkpoint(
        checkpoint,
        lambda: described(
            start, options, [trials, validation, nets], [index, held], accept, **words
        ),
    ) as kept:
        manner = replace(manner, checkpoint=kept, plugin=plugin)
        return train_until_accepted(start, data, options, manner, accept, attempts)


def _dressed(runs: Runs, nets: Ensemble, teacher: NDArray[np.int64]) -> Runs:
    """Students with their teachers' readout."""
    return replace(
        runs,
        best=with_readout(runs.best, nets, teacher),
        last=with_readout(runs.last, nets, teacher),
        teacher=teacher,
    )


def _checked(
    nets: Ensemble, student_class: type[LowRankNetwork], ranks: Iterable[Rank], match: str
) -> list[Rank]:
    if not isinstance(nets, Ensemble):
        raise wrong_type("nets", "an Ensemble of teachers", nets)
    low_rank = isinstance(student_class, type) and issubclass(student_class, LowRankNetwork)
    if not low_rank or student_class not in MODELS.values():
        raise wrong_type("student_class", "a class such as tbrnn.LowRankRNN", student_class)
    if not isinstance(ranks, Iterable):
        raise wrong_type("ranks", "a list of ranks such as range(1, 7)", ranks)
    if match == "states" and not settings_of(student_class, {"phi_out": None}):
        for teacher in nets.models:
            if teacher.form == "rate" and teacher.phi_out != "identity":
                expected = f"'rates': {student_class.__name__} reads out x, its teacher phi_out(x)"
                raise mistake("match", expected, "'states'")
    listed = list(ranks)
    if not listed:
        raise mistake("ranks", "at least one rank", "none")
    return listed
