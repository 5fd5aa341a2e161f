"""Trials for training and for testing: drawn from a task, or read from files."""

from __future__ import annotations

import hashlib
import inspect
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tbrnn import tasks
from tbrnn.campaign.classes import completed, named_class
from tbrnn.campaign.configuration import DrawnTrials
from tbrnn.errors import Mistake, WrongValue
from tbrnn.trials import Trials

TASKS: dict[str, type] = {
    name: getattr(tasks, name) for name in tasks.__all__ if name != tasks.Task.__name__
}
ARRAYS = ("inputs", "targets", "mask", "initial_states")
TRAINING, TEST, VALIDATION = 0, 1, 2  # second words of the seeds
FILES = {"training": "file", "validation": "validation", "test": "test"}


@dataclass(frozen=True, eq=False)
class Source:
    """What networks are trained, validated and tested on.

    Attributes
    ----------
    training : Trials
    validation, test : Trials or None
        None if there are none.
    described : dict
        The task and its trials in full, of plain values.
    files : dict
        Names of the user's files behind the trials, with digests of their content.
    """

    training: Trials
    validation: Trials | None
    test: Trials | None
    described: dict[str, Any]
    files: dict[str, str]

    @property
    def channels(self) -> tuple[int, int]:
        """Numbers of inputs and of outputs."""
        return _channels(self.training)


def source(task: Mapping[str, Any], trials: DrawnTrials | None, folder: Path) -> Source:
    """The trials of a configuration's sections ``task`` and ``trials``.

    Training trials are ``task.sample(train, seed=(seed, 0))``; those of tests and validation have
    the seeds ``(seed, 1)`` and ``(seed, 2)``.

    Raises
    ------
    ValueError, OSError
        If a key is unknown or missing, a value is wrong, or a file cannot be read.

    Examples
    --------
    >>> drawn = source({"class": "FlipFlop", "bits": 2}, None, Path())
    >>> drawn.training, drawn.test.trials
    (Trials(128 trials, 100 steps, 2 inputs, 2 targets, pulses, first, last), 500)
    """
    if "file" in task:
        if trials is not None:
            raise WrongValue("trials must be left out for a task that is a file")
        return _read(task, folder)
    if "class" not in task:
        raise WrongValue("task.class is missing, or task.file for trials of your own")
    return _drawn(task, trials or DrawnTrials(), folder)


def _drawn(task: Mapping[str, Any], trials: DrawnTrials, folder: Path) -> Source:
    if not isinstance(task["class"], str):
        raise WrongValue(f"task.class must be the name of a task, got {task['class']!r}")
    given = {key: value for key, value in task.items() if key != "class"}
    refusals = Mistake if task["class"] in TASKS else (TypeError, ValueError)
    cls = named_class(str(task["class"]), TASKS, tasks.Task, folder)
    settings = completed("task", cls, given)
    try:
        rule = cls(**settings)
        drawn = {
            name: rule.sample(number, seed=(trials.seed, word))
            for name, number, word in (
                ("training", trials.train, TRAINING),
                ("validation", trials.validation, VALIDATION),
                ("test", trials.test, TEST),
            )
            if number
        }
    except refusals as error:
        raise WrongValue(f"task {task['class']}: {error}") from error
    described = {"task": {"class": task["class"], **settings}, "trials": trials.model_dump()}
    own = (
        {} if task["class"] in TASKS else {str(task["class"]): _digest(Path(inspect.getfile(cls)))}
    )
    return _source(drawn, described, own)


def _read(task: Mapping[str, Any], folder: Path) -> Source:
    known = FILES.values()
    for key in task:
        if key not in known:
            raise WrongValue(f"task.{key} is an unknown key; trials in files: {', '.join(known)}")
    names = {key: str(name) for key, name in task.items() if name is not None}
    if "file" not in names:
        raise WrongValue("task.file must be given beside other trials in files")
    read = {name: _trials(folder / names[key]) for name, key in FILES.items() if key in names}
    return _source(read, {"task": names}, {name: _digest(folder / name) for name in names.values()})


def _source(drawn: Mapping[str, Trials], described: dict[str, Any], own: dict[str, str]) -> Source:
    for name, trials in drawn.items():
        if trials.targets is None:
            raise WrongValue(f"task: targets of the {name} trials are missing")
        if trials.datasets > 1:
            raise WrongValue(f"task: {name} trials must be one data set, got {trials.datasets}")
    if len({_channels(trials) for trials in drawn.values()}) > 1:
        listed = ", ".join(f"{name} {trials!r}" for name, trials in drawn.items())
        raise WrongValue(f"task: all trials must have as many inputs and targets, got {listed}")
    return Source(drawn["training"], drawn.get("validation"), drawn.get("test"), described, own)


def _channels(trials: Trials) -> tuple[int, int]:
    return trials.inputs.shape[-1], np.asarray(trials.targets).shape[-1]


def _trials(path: Path) -> Trials:
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
    except (ValueError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise WrongValue(f"{path}: no npz file of plain arrays ({error})") from error
    for name in arrays:
        if name not in ARRAYS:
            raise WrongValue(f"{path}: {name} is an unknown array; known are {', '.join(ARRAYS)}")
    if "inputs" not in arrays:
        raise WrongValue(f"{path}: inputs are missing")
    try:
        return Trials(**arrays)
    except Mistake as error:
        raise WrongValue(f"{path}: {error}") from error


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
