"""An ensemble of networks: cohorts with stacked parameters behind one face."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from tbrnn._arguments import instances
from tbrnn._cohorts import Cohort, Place, by_name, gather, stacked
from tbrnn._network import Network
from tbrnn._published import published_names
from tbrnn._seeds import Entropy, Seed
from tbrnn._selection import members_where, position, positions
from tbrnn._words import counted
from tbrnn.errors import WrongValue, mistake
from tbrnn.trials import Floats, Trials, shown

if TYPE_CHECKING:
    from tbrnn.activity import Activity


class Ensemble:
    """Networks that are simulated, trained and saved together.

    Members of equal model form a cohort with stacked parameters, never padded, so an ensemble may
    mix classes, ranks and sizes. `Model.initial`, `Model.from_state_dict`, `tbrnn.fit`,
    `tbrnn.lint` and `tbrnn.load` make ensembles.

    ``len(nets)`` is the number of members. ``nets[17]`` is one network: an ensemble of one whose
    arrays have no member axis. Slices, lists of positions and boolean masks select ensembles, which
    keep the member axis also for one member. Iteration goes over single networks.

    The parameters of an ensemble of one model are attributes, ``nets.m`` (member, unit, rank),
    ``nets.w_in`` (member, unit, input) and so on; they are read-only. Ensembles are compared by
    these: ``==`` asks whether both are the same object.

    Attributes
    ----------
    model : the model of all members
    models : list of one model per member
    rank : array (member,), or (member, 2) for LowRankHORNN; the units where the rank is full
    numbers : array (member,) of member numbers
    seeds : list of the members' entropies, as tuples of ints
    dtype : float32 or float64

    Examples
    --------
    >>> import tbrnn
    >>> models = [tbrnn.LowRankRNN(units=30, rank=r, inputs=1, outputs=1) for r in (1, 2, 3)]
    >>> nets = tbrnn.Ensemble.concatenate(model.initial([0, 1]) for model in models)
    >>> nets
    Ensemble(6 networks: 2 LowRankRNN rank 1, 2 LowRankRNN rank 2, 2 LowRankRNN rank 3)
    >>> nets.rank
    array([1, 1, 2, 2, 3, 3])
    >>> nets.where(rank=3).m.shape, nets[5].m.shape
    ((2, 30, 3), (30, 3))
    """

    def __init__(
        self, cohorts: Sequence[Cohort], order: ArrayLike | None = None, *, single: bool = False
    ) -> None:
        """`order` (member, 2) holds each member's cohort and row; cohort after cohort if None."""
        if order is None:
            order = [(c, row) for c, one in enumerate(cohorts) for row in range(len(one))]
        self.cohorts = tuple(cohorts)
        self.order: NDArray[np.int64] = np.array(order, dtype=np.int64).reshape(-1, 2)
        self.single = single

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.__dict__ or name not in ("cohorts", "order", "single"):
            other = "Ensemble.from_arrays(nets.model, {**nets.arrays, name: array})"
            raise AttributeError(f"{name}: an Ensemble is read-only; make another with {other}")
        super().__setattr__(name, value)

    @staticmethod
    def from_arrays(
        model: Network,
        arrays: Mapping[str, ArrayLike],
        *,
        numbers: Sequence[int] | None = None,
        seeds: Sequence[Seed] | None = None,
        dtype: DTypeLike | None = None,
    ) -> Ensemble:
        """An ensemble from stacked parameters under our names.

        Parameters
        ----------
        model : such as LowRankRNN or RNN
        arrays : mapping
            Each parameter of the model as an array (member, *shape), as in `Ensemble.arrays`.
        numbers, seeds : sequence, optional
            Member numbers, 0, 1, 2, ... unless given, and entropies, (number,) unless given.
        dtype : {"float32", "float64"}, optional
            Default: float32 if all arrays are float32, else float64.

        Raises
        ------
        ValueError, TypeError
            For missing and unexpected names, wrong shapes, what is not finite real numbers, and
            weights that a mask forbids.

        Examples
        --------
        >>> import tbrnn
        >>> nets = tbrnn.LowRankRNN(units=30, rank=1, inputs=1, outputs=1).initial([0, 1])
        >>> weaker = {**nets.arrays, "m": 0.5 * nets.m}
        >>> tbrnn.Ensemble.from_arrays(nets.model, weaker)
        Ensemble(2 networks: 2 LowRankRNN rank 1)
        """
        return Ensemble([stacked(model, arrays, numbers, seeds, dtype)])

    @staticmethod
    def concatenate(several: Iterable[Ensemble]) -> Ensemble:
        """All members of several ensembles, in order; members of equal model share a cohort.

        Parameters
        ----------
        several : iterable of Ensemble
            Of one dtype.

        Raises
        ------
        ValueError, TypeError
            If there is none, if their dtypes differ, or if one is no Ensemble.

        Examples
        --------
        >>> import tbrnn
        >>> nets = tbrnn.LowRankRNN(units=30, rank=1, inputs=1, outputs=1).initial(range(3))
        >>> tbrnn.Ensemble.concatenate([nets[2:], nets[:1]]).numbers
        array([2, 0])
        """
        ensembles = instances("several", several, Ensemble, "an Ensemble")
        dtypes = {str(nets.dtype) for nets in ensembles if len(nets)}
        if len(dtypes) > 1:
            raise mistake("several", "ensembles of one dtype", sorted(dtypes))
        return Ensemble(*gather([place for nets in ensembles for place in nets.places()]))

    def __len__(self) -> int:
        return len(self.order)

    def __iter__(self) -> Iterator[Ensemble]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: Any) -> Ensemble:
        if isinstance(index, (int, np.integer)) and not isinstance(index, bool):
            return Ensemble(*gather([self._place(position(int(index), len(self)))]), single=True)
        return Ensemble(*gather([self._place(i) for i in positions(index, len(self))]))

    def __getattr__(self, name: str) -> Floats:
        # Only parameters arrive here: everything else is found before.
        if name.startswith("_") or name in ("cohorts", "order", "single"):
            raise AttributeError(name)
        known = sorted({field for one in self.cohorts for field, _ in one.model.spec.fields})
        if name not in known:
            raise AttributeError(f"an Ensemble has no {name!r}; its parameters: {', '.join(known)}")
        if len(self.cohorts) > 1:
            raise AttributeError(
                f"{name!r} has no common shape in {self!r}; select one model first, "
                f"for example nets.where(rank=...).{name}"
            )
        return self.arrays[name]

    def __dir__(self) -> list[str]:
        fields = [field for one in self.cohorts for field, _ in one.model.spec.fields]
        return sorted({*super().__dir__(), *fields})

    def __repr__(self) -> str:
        kinds: dict[str, int] = {}
        for model in self.models:
            rank = f" rank {_rank(model)}" if model.ranks else ""
            kind = type(model).__name__ + rank
            kinds[kind] = kinds.get(kind, 0) + 1
        text = ": " * bool(kinds) + ", ".join(f"{count} {kind}" for kind, count in kinds.items())
        return f"Ensemble({counted(len(self), 'network')}{text})"

    @property
    def model(self) -> Network:
        """The model of all members; ValueError if they differ."""
        if len(self.cohorts) != 1:
            raise WrongValue(f"{self!r} has no single model: see .models, or select with .where")
        return self.cohorts[0].model

    @property
    def models(self) -> list[Network]:
        """The model of each member."""
        return [self.cohorts[c].model for c, _ in self.order]

    @property
    def rank(self) -> NDArray[Any]:
        """The rank of each member; the units of a network of full rank."""
        ranks = [_rank(model) for model in self.models]
        if len({np.ndim(rank) for rank in ranks}) < 2:
            return np.array(ranks, dtype=np.int64)
        mixed = np.empty(len(ranks), dtype=object)  # pairs beside single numbers
        mixed[:] = ranks
        return mixed

    @property
    def numbers(self) -> NDArray[np.int64]:
        """The number of each member."""
        return np.array([self.cohorts[c].numbers[row] for c, row in self.order], dtype=np.int64)

    @property
    def seeds(self) -> list[Entropy]:
        """The entropy of each member."""
        return [self.cohorts[c].seeds[row] for c, row in self.order]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Precision of the parameters."""
        return self.cohorts[0].parameters.dtype if self.cohorts else np.dtype(np.float32)

    @property
    def arrays(self) -> dict[str, Floats]:
        """All parameters by name, each (member, *shape); of an ensemble of one model."""
        model = self.model
        block = self.cohorts[0].parameters[self.order[:, 1]]
        views = by_name(model, block)
        return {name: view[0] for name, view in views.items()} if self.single else views

    def where(self, **conditions: Any) -> Ensemble:
        """The members whose models have the given hyperparameters.

        Parameters
        ----------
        **conditions
            Hyperparameters and their values, ``rank=3``, ``form="rate"``; also ``model=``, a class
            or a model, and ``number=``.

        Examples
        --------
        >>> import tbrnn
        >>> two = tbrnn.LowRankRNN(units=30, rank=1, inputs=1, outputs=1).initial([0, 1])
        >>> three = tbrnn.LowRankTBRNN(units=30, rank=2, inputs=1, outputs=1).initial([0])
        >>> tbrnn.Ensemble.concatenate([two, three]).where(model=tbrnn.LowRankTBRNN, rank=2)
        Ensemble(1 network: 1 LowRankTBRNN rank 2)
        """
        return self[members_where(self.models, self.numbers, conditions)]

    def simulate(
        self,
        inputs: ArrayLike | Trials,
        initial_states: ArrayLike | None = None,
        *,
        noise: bool | float | Sequence[float] = False,
        seed: int = 0,
        dataset: int | Sequence[int] | None = None,
        states: bool = True,
        rates: bool = True,
        outputs: bool = True,
        threads: int | None = None,
    ) -> Activity:
        """Run all members on the same trials, or each on a data set of its own.

        Parameters
        ----------
        inputs : array (trial, time, input) or (dataset, trial, time, input), or Trials
            Of Trials, the inputs and the initial states are used.
        initial_states : array (trial, unit), optional
            States before the first step, with a leading dataset axis if the inputs have one; zero
            unless given.
        noise : bool, float or one float per member, default False
            True adds each model's own noise of states and inputs; a number is the standard
            deviation of the state noise instead of the models' own, beside their noise of inputs;
            False is without either.
        seed : int, default 0
            Member noise is keyed by (seed, *its entropy): equal in any company.
        dataset : int or one int per member, optional
            The data set of each member; needed if there are several.
        states, rates, outputs : bool, default True
            What to return; a large ensemble saves memory by asking for less.
        threads : int, optional
            Default: ``TBRNN_THREADS``, or all processors this process may use.

        Returns
        -------
        Activity
            ``.states .rates .outputs``, each (member, trial, time, unit or output), without the
            member axis for a network picked as ``nets[i]``. Sample t is the state after input t.

        Raises
        ------
        ValueError, TypeError
            Naming the argument, what was expected and what was given, before any work.

        Examples
        --------
        >>> import numpy as np, tbrnn
        >>> nets = tbrnn.LowRankRNN(units=30, rank=1, inputs=2, outputs=1).initial(range(3))
        >>> nets.simulate(np.ones((4, 50, 2))).rates.shape
        (3, 4, 50, 30)
        >>> nets[0].simulate(np.ones((4, 50, 2))).outputs.shape
        (4, 50, 1)
        """
        from tbrnn.activity import simulate

        trials = shown(inputs, initial_states)
        wanted = {"states": states, "rates": rates, "outputs": outputs}
        return simulate(self, trials, noise, seed, dataset, wanted, threads)

    def state_dict(self) -> dict[str, Floats]:
        """The parameters of one network under their published names.

        Raises
        ------
        ValueError
            If the ensemble has several members: take ``nets[i].state_dict()``.

        Examples
        --------
        >>> import tbrnn
        >>> nets = tbrnn.LowRankTBRNN(units=30, rank=1, inputs=1, outputs=1).initial([0, 1])
        >>> sorted(nets[0].state_dict())
        ['L', 'M', 'N', 'w_in.bias', 'w_in.weight', 'w_out.bias', 'w_out.weight']
        """
        if len(self) != 1:
            raise WrongValue(f"state_dict is of one network, take nets[i].state_dict(): {self!r}")
        arrays = self[0].arrays
        names = published_names(type(self.model))
        return {name: arrays[ours].copy() for name, ours in names.items() if ours in arrays}

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the ensemble to a safetensors file; `tbrnn.load` reads it back bit for bit.

        The file holds the stacked parameters of each cohort and, in its metadata, the models, the
        member numbers and seeds, the order of the members and a digest of it all. It is written
        beside its final place, flushed to disk and then renamed, so that a file at `path` is always
        complete.

        Parameters
        ----------
        path : str or path-like

        Raises
        ------
        OSError
            If the file cannot be written; a file that was at `path` is untouched then.

        Examples
        --------
        >>> import os, tempfile, tbrnn
        >>> nets = tbrnn.LowRankRNN(units=30, rank=1, inputs=1, outputs=1).initial([0, 1])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     nets.save(os.path.join(folder, "nets.safetensors"))
        ...     tbrnn.load(os.path.join(folder, "nets.safetensors"))
        Ensemble(2 networks: 2 LowRankRNN rank 1)
        """
        from tbrnn.io import save

        save(self, path)

    def places(self) -> list[Place]:
        """Cohort and row of each member."""
        return [self._place(i) for i in range(len(self))]

    def _place(self, member: int) -> Place:
        cohort, row = self.order[member]
        return self.cohorts[cohort], int(row)


def _rank(model: Network) -> int | tuple[int, ...]:
    if len(model.ranks) > 1:
        return model.ranks
    return model.ranks[0] if model.ranks else model.units
