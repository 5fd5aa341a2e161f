"""A training in a folder: what a kill at any instant cannot take away."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tbrnn._arguments import a_path
from tbrnn.campaign.folder import hold
from tbrnn.ensemble import Ensemble
from tbrnn.io import read_tensors, write_tensors

if TYPE_CHECKING:
    from tbrnn._options import Options
    from tbrnn._retry import Accept
    from tbrnn._training import Training
    from tbrnn.trials import Trials

EVERY = 30.0  # seconds between two saves; a kill costs at most so much work and one slice
RUNNING = "running.safetensors"
State = dict[str, Any]  # of one member, as the engine gives and takes it


class Checkpoint:
    """The states of a training's members in a folder that this process holds.

    ``running.safetensors`` holds the members that go on and is replaced at every save,
    ``finished-N.safetensors`` those that ended since the save before, written once. A file knows
    members by their numbers, the positions in the training unless given.
    """

    def __init__(self, folder: Path, numbers: NDArray[np.int64] | None = None) -> None:
        self._folder = folder
        self._numbers = numbers
        self._finished: set[int] = set()  # members that are in a file of finished ones
        self._saved = time.monotonic()

    def of_attempt(self, attempt: int, pending: NDArray[np.int64]) -> Checkpoint:
        """The checkpoint of one attempt, at the members that are still pending."""
        folder = self._folder / f"attempt-{attempt}"
        folder.mkdir(exist_ok=True)
        return Checkpoint(folder, pending)

    def restore(self, training: Training) -> None:
        """Give the members of a training that has not begun their states, where there are some."""
        running = self._folder / RUNNING
        positions = {number: i for i, number in enumerate(self._numbered(training))}
        for path in [*([running] if running.exists() else []), *self._segments()]:
            for number, state in _states(path).items():
                if number not in positions:  # another function accepted it
                    continue
                member = positions[number]
                training.trainer.restore(*training.places[member], state)
                if path != running:
                    self._finished.add(member)

    def __call__(self, training: Training) -> None:
        """Save if the last save is long enough ago; to be called between slices."""
        if time.monotonic() - self._saved >= EVERY:
            self.save(training)

    def save(self, training: Training) -> None:
        """Save every member; finished ones first, so that each is in some file at any instant."""
        ended: dict[int, State] = {}
        running: dict[int, State] = {}
        going_on, numbers, done = training.running(), self._numbered(training), set()
        for member, place in enumerate(training.places):
            if member in self._finished:
                continue
            state = training.trainer.state(*place)
            if state["status"] == "interrupted":
                state["status"] = "running"
            unfinished = going_on[member] or state["status"] == "running"
            (running if unfinished else ended)[numbers[member]] = state
            if not unfinished:
                done.add(member)
        if ended:
            _write(self._folder / f"finished-{len(self._segments()) + 1:05}.safetensors", ended)
            self._finished |= done
        _write(self._folder / RUNNING, running)
        self._saved = time.monotonic()

    def _numbered(self, training: Training) -> list[int]:
        """The number of each member."""
        positions = range(len(training.places))
        return list(positions) if self._numbers is None else self._numbers.tolist()

    def _segments(self) -> list[Path]:
        return sorted(self._folder.glob("finished-*.safetensors"))


@contextmanager
def open_checkpoint(
    folder: str | os.PathLike[str] | None, configuration: Callable[[], Mapping[str, Any]]
) -> Iterator[Checkpoint | None]:
    """The checkpoint of a training that a configuration describes; None without a folder."""
    if folder is None:
        yield None
        return
    path = a_path("checkpoint", folder)
    with hold(path, configuration()):
        yield Checkpoint(path)


def described(
    nets: Ensemble,
    options: Options,
    shown: Sequence[Trials | Ensemble | None],
    datasets: Sequence[NDArray[np.int32] | None],
    accept: Accept | None,
    **words: Any,
) -> dict[str, Any]:
    """All that decides the numbers of a training, as plain values.

    `shown` is what the members learn from: trials, teachers; `datasets` which of them each does.
    Large arrays stand as digests. Of a function `accept` nothing is known but that it is one.
    """
    state = options.optimizer
    teachers = [one for one in shown if isinstance(one, Ensemble)]
    if teachers:
        words["teachers"] = [cohort.model.described for one in teachers for cohort in one.cohorts]
    if any(one is not None and one.any() for one in datasets):
        words["datasets"] = [None if one is None else _short(one) for one in datasets]
    if accept is not None:
        words["accept"] = "a function" if callable(accept) else float(accept)
    return {
        **words,
        "dtype": str(nets.dtype),
        "models": [cohort.model.described for cohort in nets.cohorts],
        "order": nets.order.tolist(),
        "seeds": [list(seed) for seed in nets.seeds],
        "weights": _digest([nets]),
        "data": _digest([one for one in shown if one is not None]),
        "optimizer": "new" if state is None else _digest([state.first, state.second]),
        "steps": [] if state is None else [list(counts) for counts in state.counts],
        "train": options.train and list(options.train),
        "record_every": options.record_every,
        **{name: _short(values) for name, values in options.each.items()},
    }


def _digest(contents: Sequence[Trials | Ensemble]) -> str:
    """A short name for arrays."""
    digest = hashlib.blake2b(digest_size=8)
    for content in contents:
        for name, array in _arrays(content).items():
            digest.update(f"{name} {array.dtype} {array.shape}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _arrays(content: Trials | Ensemble) -> dict[str, NDArray[Any]]:
    if isinstance(content, Ensemble):
        return {str(c): cohort.parameters for c, cohort in enumerate(content.cohorts)}
    return content.arrays()


def _short(values: NDArray[Any]) -> Any:
    """One value if all members share it."""
    listed = [str(value) for value in values.tolist()]  # JSON knows no infinity
    return listed[0] if len(set(listed)) == 1 else listed


def _write(path: Path, states: Mapping[int, State]) -> None:
    """Arrays as tensors ``member.name``, all else as JSON beside them."""
    tensors, others = {}, {}
    for member, state in states.items():
        arrays = {k: value for k, value in state.items() if isinstance(value, np.ndarray)}
        tensors.update({f"{member}.{name}": array for name, array in arrays.items()})
        others[str(member)] = {k: value for k, value in state.items() if k not in arrays}
    write_tensors(path, others, tensors)


def _states(path: Path) -> dict[int, State]:
    others, tensors = read_tensors(path)
    states = {int(member): state for member, state in others.items()}
    for name, tensor in tensors.items():
        member, _, field = name.partition(".")
        states[int(member)][field] = tensor
    return states
