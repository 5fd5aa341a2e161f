"""The protocol of Fig 3, read from ``configs/``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from tbrnn.reproduce.presets import Preset, Section, Training, load_preset


class Inference(Training):
    """Students of several ranks for every accepted teacher."""

    of: Literal["teacher", "example_teacher"]
    ranks: tuple[PositiveInt, ...]


class Networks(Section):
    """The networks of a run, in the order of their training."""

    teacher: Training
    student: Inference
    example_teacher: Training
    example_student: Inference


class Truncation(Section):
    """How long the decompositions go on that have no closed form."""

    cp_sweeps: PositiveInt
    cp_tolerance: PositiveFloat
    slice_sweeps: PositiveInt


class Protocol(Preset):
    """Everything that decides the numbers of a Fig 3, the seed included."""

    experiment: Literal["fig3"] = "fig3"
    bits: PositiveInt
    trials: PositiveInt
    test_trials: PositiveInt
    units: PositiveInt
    phi: str
    acceptance_accuracy: Annotated[float, Field(ge=0, le=1)]
    attempts: PositiveInt
    target_loss: PositiveFloat
    stall_improvement: PositiveFloat
    networks: Networks
    truncation: Truncation


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
    >>> protocol.runs, protocol.networks.student.ranks
    (10, (1, 2, 3, 4, 5, 6))
    """
    return load_preset(Protocol, "fig3", preset, seed=seed, runs=runs)
