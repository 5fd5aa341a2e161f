"""Presets of experiments: YAML in ``configs/``, checked key by key, named by a hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, model_validator

from tbrnn._arguments import choice, whole

PRESETS = ("quick", "paper")


class Section(BaseModel):
    """Part of a configuration: frozen, unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class LearningRate(Section):
    """Linear from ``first`` to ``last`` over ``epochs``, constant afterwards.

    A number stands for a constant rate.
    """

    first: PositiveFloat
    last: PositiveFloat
    epochs: PositiveInt

    @model_validator(mode="before")
    @classmethod
    def _from_number(cls, given: Any) -> Any:
        constant = isinstance(given, float)
        return {"first": given, "last": given, "epochs": 1} if constant else given


class Training(Section):
    """Learning rate, most epochs, and how often a stalled loss is looked for."""

    lr: LearningRate
    epochs: PositiveInt
    stall_window: PositiveInt


class Preset(Section):
    """Everything that decides the numbers of an experiment, the seed included."""

    preset: str
    seed: Annotated[int, Field(ge=0)] = 0
    runs: PositiveInt

    @property
    def hash(self) -> str:
        """First 16 digits of the SHA-256 of the protocol as canonical JSON."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


AnyPreset = TypeVar("AnyPreset", bound=Preset)


def preset_content(
    experiment: str, preset: str, *, seed: int = 0, runs: int | None = None
) -> dict[str, Any]:
    """The content of ``configs/EXPERIMENT_PRESET.yaml`` with a seed, and fewer runs.

    Raises
    ------
    ValueError
        If the preset, the seed or the number of runs is invalid.
    """
    choice("preset", preset, PRESETS)
    path = files("tbrnn") / "configs" / f"{experiment}_{preset}.yaml"
    content: dict[str, Any] = yaml.safe_load(path.read_text())
    content["seed"] = whole("seed", seed, least=0)
    if runs is not None:
        content["runs"] = whole("runs", runs, least=1)
    return content


def load_preset(
    kind: type[AnyPreset], experiment: str, preset: str, *, seed: int = 0, runs: int | None = None
) -> AnyPreset:
    """The protocol of a preset; see `preset_content`."""
    return kind.model_validate(preset_content(experiment, preset, seed=seed, runs=runs))


def differences(protocol: Preset, other: Preset) -> list[str]:
    """One entry, ``key: value, other's value``, for each number that is not the same.

    Examples
    --------
    >>> from tbrnn.reproduce.fig4 import load_protocol
    >>> differences(load_protocol("paper", runs=10), load_protocol("paper"))
    ['runs: 10, published 30']
    """
    ours, theirs = (_flat(one.model_dump(mode="json")) for one in (protocol, other))
    apart = [key for key in {**theirs, **ours} if ours.get(key) != theirs.get(key)]
    return [
        f"{key}: {ours.get(key)}, published {theirs.get(key)}"
        for key in apart
        if key not in ("preset", "seed")
    ]


def _flat(content: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Dotted keys and their values."""
    flat: dict[str, Any] = {}
    for key, value in content.items():
        nested = isinstance(value, Mapping)
        flat.update(_flat(value, f"{above}{key}.") if nested else {f"{above}{key}": value})
    return flat
