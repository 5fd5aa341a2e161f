"""The protocol of Table 2, read from ``configs/``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from tbrnn.reproduce.presets import Preset, Section, Training, load_preset


class Network(Section):
    """What all networks have in common."""

    units: PositiveInt
    alpha: Annotated[float, Field(gt=0, le=1)]
    form: Literal["rate"]
    phi: str
    phi_out: str
    input_bias: bool


class Networks(Section):
    """The networks of a run."""

    rnn: Training
    tbrnn: Training
    hornn: Training


class Protocol(Preset):
    """Everything that decides the numbers of a Table 2, the seed included."""

    experiment: Literal["table2"] = "table2"
    trials: PositiveInt
    test_trials: PositiveInt
    candidates: PositiveInt
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
    >>> protocol.runs, protocol.networks.hornn.epochs
    (10, 30000)
    """
    return load_preset(Protocol, "table2", preset, seed=seed, runs=runs)
