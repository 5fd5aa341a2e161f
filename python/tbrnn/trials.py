"""Trials: what networks are shown and what they should answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tbrnn._arguments import check_finite, instances, real_array, whole
from tbrnn.errors import mistake, wrong_type

Floats: TypeAlias = NDArray[np.floating[Any]]


class Trials:
    """Inputs, targets, mask, initial states and conditions of one or several data sets.

    Parameters
    ----------
    inputs : array (trial, time, input) or (dataset, trial, time, input)
        What the networks are shown; finite numbers. Several data sets have equal shapes and are
        addressed by ``dataset=`` in the calls that use them.
    targets : array (trial, time, channel), optional
        What they should answer: channels are outputs, or units to match rates or states.
        Like all further arrays it has a leading dataset axis if `inputs` has one.
    mask : array (trial, time), (trial, time, 1) or of the targets' shape, optional
        Weights of the errors; booleans or numbers of at least 0. Entries of weight 0 are
        never read. The loss is the weighted mean over the entries. None counts everything.
    initial_states : array (trial, unit), optional
        States before the first step; zero unless given.
    conditions : mapping from name to array (trial,), optional
        A table that says what each trial is: coherence, context, frequency, ...

    Attributes
    ----------
    inputs, targets, mask, initial_states, conditions
        As given, as read-only arrays; `mask` always has the targets' number of axes.
    datasets, trials, steps : int
        Lengths of the axes; `datasets` is 1 without a dataset axis.

    Raises
    ------
    ValueError
        If shapes do not agree, an axis has no entries, or inputs, mask or initial states are not
        finite. Targets may be NaN: a network trained on them ends with the status "diverged".
    TypeError
        If an array has no real numbers, or `conditions` is no mapping.

    Examples
    --------
    >>> import numpy as np, tbrnn
    >>> pulses = np.zeros((16, 50, 1)); pulses[:, 10] = 1
    >>> trials = tbrnn.Trials(pulses, targets=np.cumsum(pulses, axis=1))
    >>> trials
    Trials(16 trials, 50 steps, 1 input, 1 target)
    >>> tbrnn.Trials(pulses, targets=np.zeros((16, 49, 1)))
    Traceback (most recent call last):
        ...
    tbrnn.errors.WrongValue: targets must be (trial, time, channel) = (16, 50, any), got (16, 49, 1)
    """

    def __init__(
        self,
        inputs: ArrayLike,
        targets: ArrayLike | None = None,
        mask: ArrayLike | None = None,
        initial_states: ArrayLike | None = None,
        conditions: Mapping[str, ArrayLike] | None = None,
    ) -> None:
        self.inputs = _read_only("inputs", inputs)
        if self.inputs.ndim not in (3, 4):
            expected = "(trial, time, input) or (dataset, trial, time, input)"
            raise mistake("inputs", expected, f"shape {self.inputs.shape}")
        if 0 in self.inputs.shape:
            expected = "at least one dataset, trial, time step and input"
            raise mistake("inputs", expected, f"shape {self.inputs.shape}")
        check_finite("inputs", self.inputs)
        self.targets = None if targets is None else self._read_targets(targets)
        self.mask = None if mask is None else self._read_mask(mask)
        self.initial_states = None if initial_states is None else self._read_states(initial_states)
        if conditions is not None and not isinstance(conditions, Mapping):
            raise wrong_type("conditions", "None or a mapping from name to array", conditions)
        for name in conditions or ():
            if not isinstance(name, str):
                raise wrong_type("conditions", "a mapping from name to array", name)
        self.conditions = {
            name: self._read_condition(name, values) for name, values in (conditions or {}).items()
        }

    def __setattr__(self, name: str, value: object) -> None:
        if name in self.__dict__:
            raise AttributeError(
                f"{name}: Trials are read-only; make others with tbrnn.Trials(...)"
            )
        super().__setattr__(name, value)

    @property
    def datasets(self) -> int:
        """Number of data sets."""
        return int(self.inputs.shape[0]) if self.inputs.ndim == 4 else 1

    @property
    def trials(self) -> int:
        """Number of trials of each data set."""
        return int(self.inputs.shape[-3])

    @property
    def steps(self) -> int:
        """Number of time steps."""
        return int(self.inputs.shape[-2])

    def __len__(self) -> int:
        return self.trials

    def __repr__(self) -> str:
        parts = [f"{self.trials} trials", f"{self.steps} steps"]
        parts += [_count(self.inputs.shape[-1], "input")]
        if self.inputs.ndim == 4:
            parts.insert(0, _count(self.datasets, "data set"))
        if self.targets is not None:
            parts.append(_count(self.targets.shape[-1], "target"))
        present = [name for name in self.arrays() if name in ("mask", "initial_states")]
        return f"Trials({', '.join([*parts, *present, *self.conditions])})"

    def dataset(self, index: int) -> Trials:
        """The trials of one data set, without a dataset axis.

        Examples
        --------
        >>> import numpy as np, tbrnn
        >>> both = tbrnn.Trials(np.arange(24.0).reshape(2, 3, 4, 1))
        >>> both.dataset(1).inputs[0, 0]
        array([12.])
        """
        index = whole("index", index, least=0, most=self.datasets - 1)
        if self.inputs.ndim == 3:
            return self
        return Trials(
            **{name: array[index] for name, array in self.arrays().items()},
            conditions={name: values[index] for name, values in self.conditions.items()},
        )

    @staticmethod
    def stack(several: Sequence[Trials]) -> Trials:
        """Trials of equal shape as the data sets of one.

        Parameters
        ----------
        several : sequence of Trials
            All with the same axes, targets, mask, initial states and conditions.

        Examples
        --------
        >>> import numpy as np, tbrnn
        >>> sets = [tbrnn.Trials(np.full((4, 10, 2), float(i))) for i in range(3)]
        >>> tbrnn.Trials.stack(sets)
        Trials(3 data sets, 4 trials, 10 steps, 2 inputs)
        """
        parts = instances("several", several, Trials, "Trials")
        singles = [one.dataset(i) for one in parts for i in range(one.datasets)]
        shapes = {repr(one._layout()) for one in singles}
        if len(shapes) > 1:
            raise mistake("several", "Trials of one layout", " and ".join(sorted(shapes)))
        arrays = [one.arrays() for one in singles]
        tables = [one.conditions for one in singles]
        return Trials(
            **{name: np.stack([one[name] for one in arrays]) for name in arrays[0]},
            conditions={name: np.stack([one[name] for one in tables]) for name in tables[0]},
        )

    def arrays(self) -> dict[str, Any]:
        """Those of inputs, targets, mask and initial_states that are given.

        Examples
        --------
        >>> import numpy as np, tbrnn
        >>> list(tbrnn.Trials(np.ones((4, 10, 2)), targets=np.ones((4, 10, 1))).arrays())
        ['inputs', 'targets']
        """
        names = ("inputs", "targets", "mask", "initial_states")
        return {n: getattr(self, n) for n in names if getattr(self, n) is not None}

    def _layout(self) -> dict[str, tuple[int, ...]]:
        return {name: array.shape for name, array in {**self.arrays(), **self.conditions}.items()}

    def _read_targets(self, targets: ArrayLike) -> Floats:
        array = _read_only("targets", targets)
        if array.shape[:-1] != self.inputs.shape[:-1] or 0 in array.shape:
            raise _wrong_shape("targets", (*self._axes(), "channel"), self._sizes("any"), array)
        return array

    def _read_mask(self, mask: ArrayLike) -> Floats:
        array = _read_only("mask", mask)
        if self.targets is None:
            raise mistake("mask", "given together with targets", "a mask without targets")
        if array.ndim == self.inputs.ndim - 1:
            array = array[..., np.newaxis]
        channels = self.targets.shape[-1]
        shapes = [(*self.inputs.shape[:-1], width) for width in (1, channels)]
        if array.shape not in shapes:
            sizes = self._sizes(f"1 or {channels}" if channels > 1 else "1")
            raise _wrong_shape("mask", (*self._axes(), "channel"), sizes, array)
        check_finite("mask", array)
        if (array < 0).any():
            raise mistake("mask", "at least 0 everywhere", f"{array.min():g}")
        counted = array.reshape(self.datasets, -1).any(axis=1)
        if not counted.all():
            where = f" of data set {counted.argmin()}" if self.inputs.ndim == 4 else ""
            raise mistake("mask", "nonzero somewhere in each data set", f"only zeros{where}")
        return array

    def _read_states(self, states: ArrayLike) -> Floats:
        array = _read_only("initial_states", states)
        axes = (*self._axes()[:-1], "unit")
        if array.shape[:-1] != self.inputs.shape[:-2] or 0 in array.shape:
            sizes = (*self.inputs.shape[:-2], "any")
            raise _wrong_shape("initial_states", axes, sizes, array)
        check_finite("initial_states", array)
        return array

    def _read_condition(self, name: str, values: ArrayLike) -> NDArray[Any]:
        argument = f"conditions[{name!r}]"
        try:
            array = _kept(np.asarray(values), values)
        except ValueError as error:  # rows of different lengths
            raise mistake(argument, "an array", f"what is none ({error})") from error
        if array.shape != self.inputs.shape[:-2]:
            raise _wrong_shape(argument, self._axes()[:-1], self.inputs.shape[:-2], array)
        return array

    def _axes(self) -> tuple[str, ...]:
        return ("dataset", "trial", "time")[-(self.inputs.ndim - 1) :]

    def _sizes(self, last: str) -> tuple[int | str, ...]:
        return (*self.inputs.shape[:-1], last)


def shown(inputs: ArrayLike | Trials, initial_states: ArrayLike | None = None) -> Trials:
    """Inputs as Trials; initial states that are given replace those of Trials."""
    trials = inputs if isinstance(inputs, Trials) else Trials(inputs)
    if initial_states is None:
        return trials
    return Trials(trials.inputs, initial_states=initial_states)


def _read_only(argument: str, values: ArrayLike) -> Floats:
    """Read-only float32 or float64 numbers; other numbers become float64."""
    return _kept(real_array(argument, values), values)


def _kept(array: NDArray[Any], values: ArrayLike) -> NDArray[Any]:
    """A read-only array; a copy of one that its owner can still write."""
    ours = isinstance(values, (list, tuple))  # is what they become
    array = array.view() if ours or not _writeable(array) else array.copy()
    array.flags.writeable = False
    return array


def _writeable(array: Any) -> bool:
    """Whether its memory is, by itself or by what it is a view of."""
    while isinstance(array, np.ndarray):
        if array.flags.writeable:
            return True
        array = array.base
    return array is not None


def _wrong_shape(
    argument: str, axes: Sequence[str], sizes: Sequence[int | str], array: NDArray[Any]
) -> ValueError:
    expected = f"({', '.join(axes)}) = ({', '.join(map(str, sizes))})"
    return mistake(argument, expected, f"{array.shape}")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
