"""The compiled engine: checks, allocates, calls. Users meet it through the package."""

from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import DTypeLike, NDArray

class Spec:
    """A model's equations and shapes, and the order of its parameters in one flat block."""

    def __init__(
        self,
        model: str,
        *,
        units: int,
        ranks: Sequence[int],
        inputs: int,
        outputs: int,
        alpha: float,
        form: str,
        phi: str | tuple[str, float, float, float, float],
        phi_out: str | tuple[str, float, float, float, float],
        scale_two: float,
        scale_three: float,
        input_bias: bool,
        output_bias: bool,
        identity_readout: bool,
        gated: bool,
        hard_orth: bool,
        excitatory: int = 0,
        masks: Mapping[str, NDArray[Any]] = {},
        bulk: NDArray[Any] | None = None,
        rectified_inputs: bool = ...,
        alphas: Sequence[float] = ...,
        cubic: float = ...,
        bounds: Sequence[tuple[str, float, float]] = ...,
    ) -> None: ...
    @property
    def fields(self) -> list[tuple[str, tuple[int, ...]]]: ...
    @property
    def size(self) -> int: ...

class Dataset:
    """One data set: inputs, targets, mask and initial states, packed once into tiles of trials."""

    def __init__(
        self,
        inputs: NDArray[Any],
        targets: NDArray[Any] | None = None,
        mask: NDArray[Any] | None = None,
        initial_states: NDArray[Any] | None = None,
    ) -> None: ...
    @property
    def dtype(self) -> Any: ...
    @property
    def trials(self) -> int: ...
    @property
    def steps(self) -> int: ...

def simulate(
    spec: Spec,
    parameters: NDArray[Any],
    datasets: Sequence[Dataset],
    dataset: NDArray[Any],
    *,
    sigma: NDArray[Any],
    input_sigma: NDArray[Any] | None = ...,
    keys: NDArray[Any],
    epoch: int,
    threads: int,
    states: bool,
    rates: bool,
    outputs: bool,
) -> dict[str, NDArray[Any]]: ...
def gradient(
    spec: Spec,
    parameters: NDArray[Any],
    datasets: Sequence[Dataset],
    dataset: NDArray[Any],
    *,
    match: str,
    loss: str = ...,
    sigma: NDArray[Any],
    input_sigma: NDArray[Any] | None = ...,
    keys: NDArray[Any],
    epoch: int,
    threads: int,
    plugin: str = ...,
    split: bool = ...,
) -> tuple[NDArray[Any], NDArray[Any]]: ...

class Trainer:
    """Adam on many members at once, in slices of time."""

    def __init__(self, threads: int, plugin: str = ...) -> None: ...
    def add(
        self,
        spec: Spec,
        parameters: NDArray[Any],
        datasets: Sequence[Dataset],
        dataset: NDArray[Any],
        *,
        match: str,
        loss: str = ...,
        keys: NDArray[Any],
        record_every: int,
        validation: Sequence[Dataset] = ...,
        validation_dataset: NDArray[Any] | None = None,
        trained: NDArray[Any] | None = None,
        optimizer: dict[str, NDArray[Any]] | None = None,
        split: bool = ...,
        **options: NDArray[Any],
    ) -> None: ...
    def run(self, seconds: float, rest_every: int = 0) -> bool: ...
    def interrupt(self) -> None: ...
    def result(self, cohort: int, members: Sequence[int] | None = None) -> dict[str, Any]: ...
    def state(self, cohort: int, member: int) -> dict[str, Any]: ...
    def restore(self, cohort: int, member: int, state: dict[str, Any]) -> None: ...
    def ended(self, cohort: int) -> NDArray[Any]: ...
    def resting(self, rest_every: int) -> list[tuple[int, int]]: ...
    def note(self, cohort: int, member: int, values: Sequence[float]) -> None: ...
    @property
    def epochs_done(self) -> int: ...
    @property
    def finished(self) -> int: ...
    @property
    def members(self) -> int: ...

def device(plugin: str) -> dict[str, Any]: ...
def device_kernel(
    plugin: str,
    spec: Spec,
    match: str,
    loss: str,
    dtype: DTypeLike,
    noisy_inputs: bool = ...,
    split: bool = ...,
) -> tuple[bool, str]: ...
def engine() -> dict[str, Any]: ...
def use_instruction_set(name: str) -> None: ...
def fma_peak(threads: int, seconds: float) -> float: ...
def philox(
    counter: Sequence[int] | NDArray[Any], key: Sequence[int] | NDArray[Any]
) -> NDArray[Any]: ...
def normals(
    key: int, epoch: int, step: int, trials: int, units: int, dtype: DTypeLike
) -> NDArray[Any]: ...
