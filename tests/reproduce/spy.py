"""What experiments ask of `tbrnn.fit` and `tbrnn.lint`, noted down while they train two epochs."""

from contextlib import contextmanager
from dataclasses import dataclass
from inspect import signature

import pytest

import tbrnn


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
