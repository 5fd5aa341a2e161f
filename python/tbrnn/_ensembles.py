"""Checks of arguments that are networks."""

from __future__ import annotations

from tbrnn._arguments import instance
from tbrnn.ensemble import Ensemble
from tbrnn.errors import mistake


def networks(argument: str, value: object) -> Ensemble:
    """An Ensemble with members: no model, no list of networks."""
    nets = instance(argument, value, Ensemble, "an Ensemble, as model.initial(seeds) makes")
    if not len(nets):
        raise mistake(argument, "an Ensemble with members", repr(nets))
    return nets


def one_network(argument: str, value: object) -> Ensemble:
    """An Ensemble of one member, without the member axis."""
    nets = networks(argument, value)
    if len(nets) != 1:
        raise mistake(argument, "one network, as nets[i]", repr(nets))
    return nets[0]
