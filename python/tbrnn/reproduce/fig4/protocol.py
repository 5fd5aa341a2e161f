"""The protocol of Fig 4, read from ``configs/``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from tbrnn.reproduce.presets import Preset, Section, Training, load_preset


class Network(Section):
    """What all networks have in common."""

    units: PositiveInt
    rank: PositiveInt
    alpha: Annotated[float, Field(gt=0, le=1)]
    form: Literal["rate"]
    phi: str
    input_bias: bool
    output_bias: bool


class Phases(Section):
    """With input and output weights kept, then released; the same Adam goes on."""

    frozen: Training
    released: Training


class Networks(Section):
    """The networks of a run, in the order of their training."""

    rnn: Training
    tbrnn: Phases
    tbrnn_same: Training
    gru: Training


class Protocol(Preset):
    """Everything that decides the numbers of a Fig 4, the seed included."""

    experiment: Literal["fig4"] = "fig4"
    trials: PositiveInt
    test_trials: PositiveInt
    network: Network
    target_loss: PositiveFloat
    stall_improvement: PositiveFloat
    networks: Networks


def load_protocol(preset: str, *, seed: int = 0, runs: int | None = None) -> Protocol:
    """The protocol of a preset, or of its first runs.

    Parameters
    ----------
    preset : str
        "quick" or "paper".
    seed : int
        Seed of all data sets and networks.
    runs : int, optional
        The first ``runs`` runs; they give the same networks as in company.

    Raises
    ------
    ValueError
        If the preset, the seed or the number of runs is invalid.

    Examples
    --------
    >>> protocol = load_protocol("paper", runs=10)
    >>> protocol.runs, protocol.networks.gru.lr.first
    (10, 0.01)
    """
    return load_preset(Protocol, "fig4", preset, seed=seed, runs=runs)
