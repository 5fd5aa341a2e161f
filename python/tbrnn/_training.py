"""Training as `fit` and `lint` share it: members in a trainer, slices of time, the result."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tbrnn._bar import Bar
from tbrnn._checkpoint import Checkpoint
from tbrnn._cohorts import Cohort
from tbrnn._collecting import collect
from tbrnn._engine import Dataset, Trainer
from tbrnn._options import Options
from tbrnn._seeds import noise_keys
from tbrnn._statistics import note_statistics
from tbrnn.callbacks import OnMemberEnd, OnSlice, TellEnds, TellProgress
from tbrnn.ensemble import Ensemble
from tbrnn.runs import Runs

SLICE = 0.2  # seconds between two looks at the keyboard

Watcher: TypeAlias = Callable[["Training"], object]


@dataclass(frozen=True, eq=False)
class Data:
    """The engine's data sets and, for each member, which of them it is shown."""

    datasets: Sequence[Dataset]
    dataset: NDArray[np.int32]
    validation: Sequence[Dataset] = ()
    validation_dataset: NDArray[np.int32] | None = None

    def of(self, members: NDArray[np.int64]) -> Data:
        """The same for some members."""
        held = self.validation_dataset
        return replace(
            self,
            dataset=self.dataset[members],
            validation_dataset=None if held is None else held[members],
        )


@dataclass(frozen=True, eq=False)
class Manner:
    """What all members of a call have in common.

    `dress` makes of the runs of some members what the caller returns of them; `split` makes
    products of float32 of three of tf32.
    """

    match: str
    threads: int
    progress: bool | None
    statistics: int = 0
    on_slice: OnSlice | None = None
    on_member_end: OnMemberEnd | None = None
    checkpoint: Checkpoint | None = None
    loss: str = "mse"
    plugin: str = ""
    split: bool = False
    dress: Callable[[Runs, NDArray[np.int64]], Runs] = lambda runs, members: runs


class Training:
    """Members in one trainer, those that share a data set one after the other."""

    def __init__(self, nets: Ensemble, data: Data, options: Options, manner: Manner) -> None:
        self.nets, self.data, self.options, self.manner = nets, data, options, manner
        self.trainer = Trainer(manner.threads, manner.plugin)
        self.interrupted = False  # by Ctrl-C
        self.groups: list[NDArray[np.int64]] = []  # the members of each cohort of the trainer
        self.places = [(0, 0)] * len(nets)  # of each member, its cohort there and its row
        keys = noise_keys(nets.seeds)
        if manner.plugin:  # one launch for all members of a cohort
            for c, cohort in enumerate(nets.cohorts):
                members = np.flatnonzero(nets.order[:, 0] == c)
                self._add(cohort, members, keys[members])
            return
        for index in np.unique(data.dataset):
            for c, cohort in enumerate(nets.cohorts):
                members = np.flatnonzero((data.dataset == index) & (nets.order[:, 0] == c))
                if members.size:
                    self._add(cohort, members, keys[members])

    def _add(self, cohort: Cohort, members: NDArray[np.int64], keys: NDArray[np.uint64]) -> None:
        options, data = self.options.of(members), self.data.of(members)
        state = options.optimizer
        names = [name for name, _ in cohort.model.spec.fields]
        shown, which = np.unique(data.dataset, return_inverse=True)
        for row, member in enumerate(members.tolist()):
            self.places[member] = (len(self.groups), row)
        self.groups.append(members)
        self.trainer.add(
            cohort.model.spec,
            cohort.parameters[self.nets.order[members, 1]],
            [data.datasets[index] for index in shown],
            which.astype(np.int32),
            match=self.manner.match,
            loss=self.manner.loss,
            keys=keys,
            record_every=options.record_every,
            validation=data.validation,
            validation_dataset=data.validation_dataset,
            trained=options.trained(names),
            optimizer=None if state is None else state.blocks(range(len(members)), self.nets.dtype),
            split=self.manner.split,
            **options.each,
        )

    def running(self) -> NDArray[np.bool_]:
        """Which members have not ended by themselves: those that go on or were interrupted."""
        flags = np.empty(len(self.nets), dtype=bool)
        for g, members in enumerate(self.groups):
            flags[members] = ~self.trainer.ended(g)
        return flags

    def run(self, watchers: Sequence[Watcher] = ()) -> None:
        """Slices of training until all have finished, or Ctrl-C; between them, the watchers."""
        every = self.manner.statistics
        with Bar(int(self.options.each["epochs"].sum()), self.manner.progress) as bar:
            try:
                unfinished = True
                while unfinished:
                    unfinished = self.trainer.run(SLICE, every)
                    if every:
                        note_statistics(self, every)
                    bar.update(self.trainer)
                    for watch in watchers:
                        watch(self)
            except KeyboardInterrupt:
                self.interrupted = True
                self.trainer.interrupt()
                warnings.warn(
                    "training interrupted: the runs hold what was trained so far, "
                    'with the status "interrupted" where it was not finished',
                    RuntimeWarning,
                    stacklevel=5,
                )

    def runs(self, members: Sequence[int] | None = None) -> Runs:
        """What became of all members, or of some."""
        chosen = np.arange(len(self.nets)) if members is None else np.asarray(members)
        return self.manner.dress(collect(self, chosen), chosen)


def train(nets: Ensemble, data: Data, options: Options, manner: Manner) -> Runs:
    """Train all members to their ends."""
    ends = [] if manner.on_member_end is None else [TellEnds(manner.on_member_end)]
    slices = [] if manner.on_slice is None else [TellProgress(manner.on_slice)]
    training = Training(nets, data, options, manner)
    if manner.checkpoint is None:
        training.run([*ends, *slices])
    else:
        manner.checkpoint.restore(training)
        try:
            training.run([manner.checkpoint, *ends, *slices])
        finally:
            manner.checkpoint.save(training)
    for tell in ends:
        tell(training)  # of those that ended in a slice that was interrupted
    return training.runs()
