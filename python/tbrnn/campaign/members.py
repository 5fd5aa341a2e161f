"""The networks of a campaign: each with its full description, and the id that follows from it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from pathlib import Path
from typing import Any

from tbrnn._network import Network
from tbrnn._seeds import Entropy
from tbrnn.campaign.classes import completed
from tbrnn.campaign.configuration import (
    Configuration,
    SweepConfiguration,
    Training,
    checked_configuration,
    short_hash,
    with_value,
)
from tbrnn.campaign.sources import Source, source
from tbrnn.errors import Mistake, WrongValue
from tbrnn.models import MODELS

SECTIONS = ("task", "trials", "model", "training")


@dataclass(frozen=True, eq=False)
class Member:
    """One network that is to be trained.

    Attributes
    ----------
    id : str
        12 digits of the hash of everything below, the seed included.
    varied : dict
        The values of the sweep's varied keys.
    model, training, source : of the network
    seed : int
    """

    id: str
    varied: dict[str, Any]
    model: Network
    training: Training
    source: Source
    seed: int

    @property
    def entropy(self) -> Entropy:
        """What the initial weights and the noise depend on: seed, class and rank.

        Networks that differ in other things only, say in the learning rate, start from the same
        weights, so that they compare pairwise.
        """
        return (self.seed, self.model.code, *self.model.ranks)


class Expansion:
    """Members from configurations; those with the same trials share them.

    Parameters
    ----------
    folder : path
        Where relative paths of the configuration start.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sources: dict[str, Source] = {}

    @property
    def files(self) -> dict[str, str]:
        """The user's files behind all members so far, with digests of their content."""
        return {name: d for one in self._sources.values() for name, d in one.files.items()}

    def members(self, sweep: SweepConfiguration) -> list[Member]:
        """All members of a sweep: the last key varies fastest, and the seeds faster still.

        Raises
        ------
        ValueError
            Naming key, what is expected and what is given; for members that are equal.
        """
        shared = sweep.model_dump(exclude={"grid", "seeds"}, exclude_none=True)
        for key in sweep.grid:
            if key.partition(".")[0] not in SECTIONS:
                raise WrongValue(
                    f"grid.{key} is an unknown key; it must begin with one of {', '.join(SECTIONS)}"
                )
            if shared.get(key):
                raise WrongValue(f"{key} must be left out where grid.{key} has the whole section")
        for earlier, key in combinations(sweep.grid, 2):
            if earlier.startswith(f"{key}."):
                raise WrongValue(f"grid.{earlier} must stand behind grid.{key}, which replaces it")
        made = []
        for values in product(*sweep.grid.values()):
            varied = dict(zip(sweep.grid, values, strict=True))
            content = shared
            for key, value in varied.items():
                content = with_value(content, key, value)
            checked = checked_configuration(content)
            made += [self.member(checked, seed, varied) for seed in sweep.seeds]
        _check_distinct(made)
        return made

    def member(
        self, checked: Configuration, seed: int, varied: Mapping[str, Any] | None = None
    ) -> Member:
        """The member of one configuration."""
        trials = self._source(checked)
        model = _model(checked.model, trials)
        described = {
            **trials.described,
            "files": trials.files,
            "model": model.described,
            "training": checked.training.model_dump(mode="json", exclude={"record_every"}),
            "seed": seed,
        }
        return Member(
            short_hash(described), dict(varied or {}), model, checked.training, trials, seed
        )

    def _source(self, checked: Configuration) -> Source:
        asked = checked.model_dump(mode="json", include={"task", "trials"})
        key = json.dumps(asked, sort_keys=True)
        if key not in self._sources:
            self._sources[key] = source(checked.task, checked.trials, self._folder)
        return self._sources[key]


def _model(section: Mapping[str, Any], trials: Source) -> Network:
    """A model with as many inputs and outputs as the trials have channels."""
    if "class" not in section:
        raise WrongValue("model.class is missing")
    name = section["class"]
    if not isinstance(name, str) or name not in MODELS:
        raise WrongValue(f"model.class must be one of {', '.join(MODELS)}, got {name!r}")
    given = {key: value for key, value in section.items() if key != "class"}
    settings = completed("model", MODELS[name], given, apart=("inputs", "outputs"))
    inputs, outputs = trials.channels
    try:
        return MODELS[name](inputs=inputs, outputs=outputs, **settings)
    except Mistake as error:
        raise WrongValue(f"model.{error}") from None


def _check_distinct(members: Sequence[Member]) -> None:
    seen: dict[str, Member] = {}
    for member in members:
        other = seen.setdefault(member.id, member)
        if other is not member:
            raise WrongValue(
                f"grid and seeds must give every network once, got twice: "
                f"{ {**member.varied, 'seed': member.seed} }"
            )
