"""The networks on which engines are compared: each recurrence, size class and option.

A kernel is a recurrence at a size: the units decide how many lanes a trial has (32, 64 and 128 end
a class), the ranks and the options whether weights stay in registers. Which kernel serves a case,
or that none does, is the plug-in's word.
"""

from dataclasses import dataclass, replace
from itertools import product

import numpy as np

import tbrnn
from tbrnn import _engine

SIZES = {"inputs": 2, "outputs": 3}
SMALL, LARGE = (1, 7, 30, 31, 32, 33, 64, 100, 128), (200, 256, 512, 1000)
BULK = (0.8, 0)  # gain and seed
TENSOR = (1, 7, 30, 31, 33, 40, 64, 100, 128)

# What is changed of a plain network (rate form, tanh, loss on the outputs, no noise).
OPTIONS = {
    "plain": {},
    "voltage": {"model": {"form": "voltage", "alpha": 0.4}},
    "relu": {"model": {"phi": "relu", "phi_out": "sigmoid"}},
    "softplus voltage": {"model": {"phi": "softplus", "form": "voltage"}, "match": "states"},
    "linear readout": {"model": {"phi_out": "identity", "alpha": 1.0}},
    "rates": {"match": "rates"},
    "few channels": {"model": {"inputs": 1, "outputs": 1}},
    "few channels, rates": {"model": {"inputs": 1, "outputs": 1}, "match": "rates"},
    "many channels": {"model": {"inputs": 5, "outputs": 4}},
    "wide": {"model": {"inputs": 40, "outputs": 33}},
    "identity": {"model": {"readout": "identity"}, "match": "states"},
    "no biases": {"model": {"input_bias": False, "output_bias": False}, "trials": 1, "steps": 1},
    "noise": {"noise": 0.1, "masked": True, "started": True},
}


@dataclass(frozen=True)
class Case:
    """A network, what it is shown, and what is asked of it."""

    model: object
    option: str
    match: str = "outputs"
    noise: float = 0.0
    masked: bool = False
    started: bool = False
    trials: int = 33
    steps: int = 17
    members: int = 3
    precision: str | None = None  # of the device's products in float32

    def __str__(self):
        ranks = getattr(self.model, "rank", "")
        rank = f" rank {ranks}" if ranks else ""
        return f"{type(self.model).__name__}{rank} of {self.model.units}, {self.option}"

    def kernel(self, plugin, dtype):
        """The name of the kernel that serves it, or None, and why."""
        served, words = _engine.device_kernel(
            plugin, self.model.spec, self.match, "mse", dtype, split=self.precision is not None
        )
        return (words, "") if served else (None, words)

    def nets(self, members, dtype):
        """Random weights small enough for every nonlinearity, those of a product in particular."""
        draw, units = np.random.default_rng(7), self.model.units
        most = {(units, units): 0.6 / np.sqrt(units), (units,) * 3: 0.6 / units}
        arrays = {
            name: most.get(shape, 0.6) * draw.uniform(-1, 1, (members, *shape))
            for name, shape in self.model.spec.fields
        }
        seeds = range(members)
        return tbrnn.Ensemble.from_arrays(self.model, arrays, dtype=dtype, seeds=seeds)

    def shown(self):
        """Trials with targets for what is matched."""
        draw = np.random.default_rng(11)
        units, answers = self.model.units, self.model.outputs
        answers = answers if self.match == "outputs" else units
        shape = (self.trials, self.steps)
        others = {}
        if self.masked:
            others["mask"] = draw.uniform(0, 1, (*shape, answers))
        if self.started:
            others["initial_states"] = draw.normal(0, 0.5, (self.trials, units))
        inputs = draw.normal(size=(*shape, self.model.inputs))
        targets = draw.normal(size=(*shape, answers))
        return tbrnn.Trials(inputs, targets, **others)


def networks():
    """(class, arguments)."""
    low = product(SMALL + LARGE[:1], (1, 2, 3, 6))
    for n, rank in ((n, rank) for n, rank in low if rank <= n):
        yield tbrnn.LowRankRNN, {"units": n, "rank": rank}
        yield tbrnn.LowRankTBRNN, {"units": n, "rank": rank}
        yield tbrnn.LowRankHORNN, {"units": n, "rank": (rank, min(rank, 2))}
        yield tbrnn.LowRankGRU, {"units": n, "rank": rank}
    for n in (30, 64):
        yield tbrnn.LowRankTBRNN, {"units": n, "rank": 2, "hard_orth": True}
        yield tbrnn.LowRankHORNN, {"units": n, "rank": (2, 2), "gated": True}
        yield tbrnn.HORNN, {"units": n, "gated": True}
        yield tbrnn.LowRankRNN, {"units": n, "rank": 2, "bulk": BULK}
    yield tbrnn.LowRankRNN, {"units": 512, "rank": 2, "bulk": BULK}
    for n in (30, 130, 512, 1000):
        yield tbrnn.LowRankTBRNN, {"units": n, "rank": 2, "bulk": BULK}
        yield tbrnn.LowRankHORNN, {"units": n, "rank": (2, 1), "bulk": BULK}
    for n in SMALL + LARGE:
        yield tbrnn.RNN, {"units": n}
        yield tbrnn.EIRNN, {"units": n}
        yield tbrnn.LeakyGRU, {"units": n}
    for n in TENSOR:
        yield tbrnn.TBRNN, {"units": n}
        yield tbrnn.HORNN, {"units": n}


SPLIT = {tbrnn.RNN: (200, 256), tbrnn.EIRNN: (200,), tbrnn.TBRNN: (100, 128), tbrnn.HORNN: (100,)}


def cases():
    """Every network with every option that its class has; some with split products, or alone."""
    for (network, sizes), option in product(networks(), OPTIONS):
        arguments = {**sizes, **OPTIONS[option].get("model", {})}
        gated = issubclass(network, (tbrnn.LowRankGRU, tbrnn.LeakyGRU))
        if not gated or not {"form", "phi_out"} & set(arguments):
            yield case(network, sizes, option)
            if option in ("plain", "noise") and sizes["units"] in SPLIT.get(network, ()):
                yield replace(case(network, sizes, option), precision="tf32x3")
    yield from alone()


def alone():
    """Networks that are one of a kind: where a card has the clusters, each takes three trials."""
    for network, sizes in (
        (tbrnn.RNN, {"units": 260}),
        (tbrnn.EIRNN, {"units": 512}),
        (tbrnn.LowRankRNN, {"units": 512, "rank": 2, "bulk": BULK}),
        (tbrnn.LowRankTBRNN, {"units": 260, "rank": 3, "bulk": BULK}),
        (tbrnn.LowRankHORNN, {"units": 512, "rank": (2, 1), "bulk": BULK}),
    ):
        for option, trials in (("plain", 32), ("rates", 29), ("noise", 31)):
            yield replace(case(network, sizes, option), trials=trials, members=1)


def tiny(**sizes):
    """Cases of each model and kernel."""
    for network, more, option in (
        (tbrnn.LowRankRNN, {"rank": 2}, "plain"),
        (tbrnn.LowRankTBRNN, {"rank": 1}, "noise"),
        (tbrnn.LowRankHORNN, {"rank": (1, 1)}, "plain"),
        (tbrnn.LowRankHORNN, {"rank": (1, 2)}, "voltage"),
        (tbrnn.RNN, {}, "noise"),
        (tbrnn.EIRNN, {}, "plain"),
        (tbrnn.TBRNN, {}, "plain"),
        (tbrnn.HORNN, {"gated": True}, "noise"),
        (tbrnn.LowRankGRU, {"rank": 1}, "few channels"),
        (tbrnn.LowRankGRU, {"rank": 3}, "noise"),
        (tbrnn.LeakyGRU, {}, "plain"),
        (tbrnn.LowRankRNN, {"rank": 1, "bulk": BULK}, "noise"),
        (tbrnn.LowRankTBRNN, {"rank": 2, "bulk": BULK}, "noise"),
        (tbrnn.LowRankTBRNN, {"rank": 1, "units": 130}, "plain"),
        (tbrnn.LowRankHORNN, {"rank": (1, 1), "units": 130, "bulk": BULK}, "plain"),
        (tbrnn.RNN, {"units": 130}, "noise"),
        (tbrnn.LeakyGRU, {"units": 130}, "plain"),
        (tbrnn.LowRankGRU, {"rank": 2, "units": 130}, "noise"),
        (tbrnn.LowRankGRU, {"rank": 1}, "wide"),
        (tbrnn.HORNN, {"units": 65, "gated": True}, "plain"),
    ):
        yield replace(case(network, {"units": 5, **more}, option), **sizes)
    for network, units in ((tbrnn.RNN, 130), (tbrnn.TBRNN, 65)):
        yield replace(case(network, {"units": units}, "noise"), precision="tf32x3", **sizes)
    for network, more in ((tbrnn.RNN, {}), (tbrnn.LowRankTBRNN, {"rank": 2, "bulk": BULK})):
        yield replace(case(network, {"units": 260, **more}, "noise"), members=1, **sizes)


def relatives(case):
    """The compiled variants of a kernel: sizes of each class, few ranks, the loss on the rates.

    Of a network that is one of a kind there is one of each.
    """
    ranks = {int: (1, 2, 3), tuple: ((1, 1), (2, 2), (1, 2))}
    rank = getattr(case.model, "rank", None)
    others = [{"rank": other} for other in ranks[type(rank)]] if rank else [{}]
    others = others if case.members > 1 else [{}]
    sizes = [{"units": 5, "inputs": n, "outputs": n} for n in (1, 2, 4)]
    sizes += [{"units": n, "inputs": 4, "outputs": 4} for n in (40, 70)]
    if case.model.units > 70 or case.option == "wide":
        sizes = [{}]  # a team of blocks has one variant
    bulk = {"bulk": BULK} if getattr(case.model, "bulk", None) is not None else {}
    for size, match, other in product(sizes, ("outputs", "rates"), others):
        yield replace(case, model=replace(case.model, **size, **other, **bulk), match=match)


def case(network, sizes, option):
    changes = dict(OPTIONS[option])
    arguments = {**SIZES, **sizes, **changes.pop("model", {})}
    if arguments.get("readout") == "identity":
        arguments["outputs"] = arguments["units"]
    of_tensor = network in (tbrnn.TBRNN, tbrnn.HORNN) and sizes["units"] >= 64
    shorter = {"steps": 5} if of_tensor else {}  # the CPU engine takes its time
    return Case(network(**arguments), option, **shorter | changes)
