"""What one network is and how it is trained: sections of a YAML file, checked key by key."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from math import inf
from types import NoneType
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from tbrnn.campaign.wording import in_one_line
from tbrnn.errors import WrongValue, mistake
from tbrnn.guard import Guard


class Section(BaseModel):
    """Part of a configuration: frozen, unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class DrawnTrials(Section):
    """How many trials a task draws to train, validate and test on, and from which seed."""

    train: PositiveInt = 128
    validation: NonNegativeInt = 0
    test: PositiveInt = 500
    seed: NonNegativeInt = 0


class LearningRate(Section):
    """From ``first`` to ``last`` within ``epochs`` (of the whole training unless given).

    A number stands for a constant rate.
    """

    schedule: Literal["linear", "cosine"] = "linear"
    first: PositiveFloat
    last: NonNegativeFloat
    epochs: PositiveInt | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_number(cls, given: Any) -> Any:
        if isinstance(given, (int, float)) and not isinstance(given, bool):
            if not 0 < given < inf:
                raise ValueError("a finite number above 0")
            return {"first": given, "last": given}
        return given


class Optimizer(Section):
    """``adam``, or ``adamw`` with a weight decay; a word stands for its defaults."""

    name: Literal["adam", "adamw"] = "adam"
    decay: NonNegativeFloat | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_word(cls, given: Any) -> Any:
        return {"name": given} if isinstance(given, str) else given

    @field_validator("decay")
    @classmethod
    def _of_adamw(cls, decay: float | None, info: ValidationInfo) -> float | None:
        if decay is not None and info.data.get("name") == "adam":
            raise ValueError("left out for adam")
        return decay


class GuardOptions(Section):
    """Options of `tbrnn.Guard`, under its names and with its defaults."""

    loss: PositiveFloat = Guard.loss
    back: PositiveInt = Guard.back
    factor: Annotated[float, Field(gt=0, le=1)] = Guard.factor
    growth: Annotated[float, Field(ge=1)] = Guard.growth
    most: PositiveInt = Guard.most


class Training(Section):
    """Options of `tbrnn.fit`, under its names and with its defaults."""

    epochs: PositiveInt = 10_000
    loss: Literal["mse", "cross_entropy", "logistic"] = "mse"
    lr: LearningRate = LearningRate(first=1e-3, last=1e-3)
    optimizer: Optimizer = Optimizer()
    clip: PositiveFloat | None = None
    batch: PositiveInt | None = None
    sigma: NonNegativeFloat | None = None
    evaluate_every: PositiveInt = 1
    target_loss: NonNegativeFloat | None = 1e-4
    stall: tuple[PositiveFloat, NonNegativeFloat] | None = (0.1, 1e-4)
    patience: tuple[PositiveInt, NonNegativeFloat] | None = None
    guard: GuardOptions | None = None
    accept: NonNegativeFloat | None = None
    attempts: PositiveInt = 10
    dtype: Literal["float32", "float64"] = "float32"
    record_every: NonNegativeInt = 10


class Configuration(Section):
    """One network: a task, its trials, a model, a training and a seed.

    ``task`` and ``model`` name a class and its settings. ``task`` may instead name a file of
    trials; ``trials`` is left out then.
    """

    task: dict[str, Any]
    trials: DrawnTrials | None = None
    model: dict[str, Any]
    training: Training = Training()
    seed: NonNegativeInt = 0


class SweepConfiguration(Section):
    """Many networks: sections that all share, the keys that vary, and seeds.

    ``grid`` maps dotted keys, as ``model.rank`` or ``training.lr``, to the values that they take;
    every combination is trained with every seed. ``seeds`` is a count or a list.
    """

    task: dict[str, Any] = {}
    trials: dict[str, Any] | None = None
    model: dict[str, Any] = {}
    training: dict[str, Any] = {}
    grid: dict[str, Annotated[list[Any], Field(min_length=1)]] = {}
    seeds: Annotated[list[NonNegativeInt], Field(min_length=1)] = [0]

    @field_validator("seeds", mode="before")
    @classmethod
    def _count(cls, given: Any) -> Any:
        if not isinstance(given, int) or isinstance(given, bool):
            return given
        if given < 1:
            raise ValueError("a count of at least 1, or a list")
        return list(range(given))


def checked_configuration(content: Mapping[str, Any]) -> Configuration:
    """One network's configuration from plain values.

    Raises
    ------
    ValueError
        In one line that names every wrong key.

    Examples
    --------
    >>> network = {"class": "LowRankRNN", "units": 30, "rank": 1}
    >>> task = {"class": "FlipFlop", "bits": 1}
    >>> checked_configuration({"task": task, "model": network}).training.epochs
    10000
    >>> checked_configuration({"task": task, "model": network, "trials": {"sed": 5}})
    Traceback (most recent call last):
        ...
    tbrnn.errors.WrongValue: trials.sed is an unknown key; trials has train, validation, test, seed
    """
    try:
        return Configuration.model_validate(plain_values(content))
    except ValidationError as error:
        raise WrongValue(in_one_line(error, Configuration, "a configuration")) from None


def checked_sweep(content: Mapping[str, Any]) -> SweepConfiguration:
    """A sweep's configuration from plain values; `checked_configuration` says how it fails."""
    if "seed" in content:
        raise WrongValue("seed must be left out for a sweep; tbrnn train takes it")
    try:
        return SweepConfiguration.model_validate(plain_values(content))
    except ValidationError as error:
        raise WrongValue(in_one_line(error, SweepConfiguration, "a sweep")) from None


def plain_values(value: Any, key: str = "") -> Any:
    """The same as a YAML file would have it: words, numbers, lists, and dictionaries of such."""
    if isinstance(value, np.ndarray | np.generic):
        return plain_values(value.tolist(), key)
    if isinstance(value, set | frozenset):
        return plain_values(sorted(value), key)
    if isinstance(value, Mapping):
        inner = f"{key}." if key else ""
        return {name: plain_values(entry, f"{inner}{name}") for name, entry in value.items()}
    if isinstance(value, list | tuple | range):
        return [plain_values(entry, f"{key}[{i}]") for i, entry in enumerate(value)]
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if not isinstance(value, str | int | float | NoneType):
        raise mistake(key, "written as in a YAML file", f"{value!r} ({type(value).__name__})")
    return value


def with_value(content: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    """A copy of nested dictionaries in which a dotted key has another value.

    Examples
    --------
    >>> with_value({"model": {"class": "LowRankRNN", "rank": 1}}, "model.rank", 2)
    {'model': {'class': 'LowRankRNN', 'rank': 2}}
    """
    *sections, last = key.split(".")
    changed = section = dict(content)
    for depth, name in enumerate(sections, start=1):
        inner = section.get(name)
        if inner is not None and not isinstance(inner, dict):
            place = ".".join(sections[:depth])
            raise WrongValue(f"{key} cannot be set: {place} is {inner!r}, not a section")
        section[name] = dict(inner or {})
        section = section[name]
    section[last] = value
    return changed


def short_hash(content: Any) -> str:
    """First 12 digits of the SHA-256 of plain values as canonical JSON."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]
