"""What experiments ask of `tbrnn.fit` and `tbrnn.lint`, noted down while they train two epochs."""

from contextlib import contextmanager
from dataclasses import dataclass
from inspect import signature

import pytest

import tbrnn
from reproduce.small import EXPERIMENTS
from tbrnn.reproduce import table1
from tbrnn.reproduce.campaign import Campaign, reproduce
from tbrnn.reproduce.folder import Checkpoints
from tbrnn.reproduce.store import Store


@dataclass(frozen=True, eq=False)
class Call:
    """One call: which of the two, its arguments by name, and what it returned."""

    to: str
    arguments: dict
    runs: tbrnn.Runs

    def asked(self, *names):
        return tuple(self.arguments[name] for name in names)


@contextmanager
def noted(ending=lambda runs: runs):
    """Calls within the block, as a list that grows; `ending` may change what they return."""
    calls = []

    def instead(train):
        def call(*words, **options):
            bound = signature(train).bind(*words, **options)
            bound.apply_defaults()
            short = {**bound.arguments, "epochs": 2, "accept": None}
            calls.append(Call(train.__name__, bound.arguments, ending(train(**short))))
            return calls[-1].runs

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in ("fit", "lint"):
            patch.setattr(tbrnn, name, instead(getattr(tbrnn, name)))
        yield calls


def trained(name, runs, **changes):
    """The paper's networks of an experiment, in memory, with some numbers of the preset changed."""
    protocol = EXPERIMENTS[name].load_protocol("paper", runs=runs).model_copy(update=changes)
    campaign = Campaign(protocol, range(runs), Store(None), Checkpoints(None), 2, str)
    EXPERIMENTS[name].EXPERIMENT.train(campaign)
    return campaign


def trained_table1(protocol, out=None):
    """The teachers and students of a Table 1."""
    reproduce(table1.EXPERIMENT, protocol, out=out, threads=2)


def scaled(nets, factor):
    """Every network with so many times its weights."""
    return tbrnn.Ensemble.concatenate(
        tbrnn.Ensemble.from_arrays(
            net.model, {name: factor * array[None] for name, array in net.arrays.items()}
        )
        for net in nets
    )
