"""Simulations: what an ensemble does with trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tbrnn import _engine
from tbrnn._arguments import number, per_member, switch, whole
from tbrnn._packing import check_trials, dataset_of_members, pack
from tbrnn._seeds import noise_keys
from tbrnn._threads import thread_count
from tbrnn.errors import WrongValue
from tbrnn.trials import Floats, Trials

if TYPE_CHECKING:
    from tbrnn.ensemble import Ensemble


class Activity:
    """What an ensemble did, as returned by `Ensemble.simulate`.

    What was not asked for raises an AttributeError that says how to ask for it. The member axis is
    absent for a network picked as ``nets[i]``.

    Examples
    --------
    >>> import numpy as np, tbrnn
    >>> nets = tbrnn.LowRankRNN(units=30, rank=1, inputs=2, outputs=1).initial(range(3))
    >>> nets.simulate(np.ones((4, 50, 2)), states=False)
    Activity(rates (3, 4, 50, 30), outputs (3, 4, 50, 1))
    """

    def __init__(self, arrays: Mapping[str, Floats]) -> None:
        """Those of states, rates and outputs that were asked for."""
        self._arrays = dict(arrays)

    def __repr__(self) -> str:
        shapes = [f"{name} {array.shape}" for name, array in self._arrays.items()]
        return f"Activity({', '.join(shapes)})"

    @property
    def states(self) -> Floats:
        """x after each input, (member, trial, time, unit)."""
        return self._asked_for("states")

    @property
    def rates(self) -> Floats:
        """phi(x) in rate form, x in voltage form, (member, trial, time, unit)."""
        return self._asked_for("rates")

    @property
    def outputs(self) -> Floats:
        """The readout of x, (member, trial, time, output)."""
        return self._asked_for("outputs")

    def _asked_for(self, name: str) -> Floats:
        if name not in self._arrays:
            raise AttributeError(f"{self!r} has no {name}: ask simulate for them, {name}=True")
        return self._arrays[name]


def simulate(
    nets: Ensemble,
    trials: Trials,
    noise: bool | float | Sequence[float],
    seed: int,
    dataset: int | Sequence[int] | None,
    wanted: Mapping[str, bool],
    threads: int | None,
) -> Activity:
    """`Ensemble.simulate`, which documents the arguments."""
    for argument, flag in wanted.items():
        switch(argument, flag)
    _check_stackable(nets, wanted)
    check_trials(nets, trials)
    index = dataset_of_members(dataset, trials, len(nets))
    sigma = noise_of_members(nets, noise)
    input_sigma = input_noise_of_members(nets, noise)
    keys = simulation_keys(nets, seed)
    workers = thread_count(threads)
    packed = pack(trials, nets.dtype, with_targets=False)
    results: dict[str, Floats] = {}
    for c, cohort in enumerate(nets.cohorts):
        here = np.flatnonzero(nets.order[:, 0] == c)
        rows = nets.order[here, 1]
        part = _engine.simulate(
            cohort.model.spec,
            cohort.parameters[rows],
            packed,
            index[here],
            sigma=sigma[here],
            input_sigma=input_sigma[here],
            keys=keys[here],
            epoch=0,
            threads=workers,
            **wanted,
        )
        for name, array in part.items():
            shape = (len(nets), *array.shape[1:])
            results.setdefault(name, np.empty(shape, array.dtype))[here] = array
    if nets.single:
        results = {name: array[0] for name, array in results.items()}
    return Activity({name: results[name] for name in wanted if name in results})


def _check_stackable(nets: Ensemble, wanted: Mapping[str, bool]) -> None:
    """Arrays of several models stack if the models have equally many channels."""
    for name in [name for name, flag in wanted.items() if flag]:
        channel = "outputs" if name == "outputs" else "units"
        lengths = sorted({getattr(cohort.model, channel) for cohort in nets.cohorts})
        if len(lengths) > 1:
            raise WrongValue(
                f"{name} do not stack: the members have {lengths} {channel}; "
                f"select with nets.where({channel}=...) or leave them out with {name}=False"
            )


def noise_of_members(nets: Ensemble, noise: bool | float | Sequence[float]) -> NDArray[np.float64]:
    """Standard deviation of each member's state noise; True takes the models' own."""
    if isinstance(noise, (bool, np.bool_)):
        return np.array([model.sigma if noise else 0.0 for model in nets.models])
    return np.array(per_member("noise", noise, len(nets), partial(number, least=0)))


def input_noise_of_members(
    nets: Ensemble, noise: bool | float | Sequence[float]
) -> NDArray[np.float64]:
    """Standard deviation of the noise of each member's inputs, unless noise is off."""
    off = isinstance(noise, (bool, np.bool_)) and not noise
    return np.array([0.0 if off else model.input_sigma for model in nets.models])


def simulation_keys(nets: Ensemble, seed: int) -> NDArray[np.uint64]:
    """Noise keys from (seed, *entropy of the member)."""
    first = whole("seed", seed, least=0)
    return noise_keys([(first, *member) for member in nets.seeds])
