"""The protocol of Table 1: tasks, teachers, students, scoring; read from ``configs/``."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from tbrnn._arguments import whole
from tbrnn.errors import mistake
from tbrnn.reproduce.presets import Preset, Section, Training, preset_content
from tbrnn.tasks import FlipFlop, SineWave, Task


class FlipFlopTask(Section):
    """The K-bit flip-flop."""

    kind: Literal["flipflop"]
    bits: PositiveInt

    def build(self) -> tuple[Task, int]:
        """The task and its number of input and output channels."""
        return FlipFlop(bits=self.bits), self.bits


class SineTask(Section):
    """Sine waves with a cued frequency."""

    kind: Literal["sine"]

    def build(self) -> tuple[Task, int]:
        """The task and its number of input and output channels."""
        return SineWave(), 1


class TaskProtocol(Section):
    """One column pair of the table: a task and how its teachers and students are trained."""

    task: Annotated[FlipFlopTask | SineTask, Field(discriminator="kind")]
    teacher_rank: PositiveInt
    output_bias: bool
    teacher: Training
    student: Training


class Network(Section):
    """What teachers and students of all tasks have in common."""

    units: PositiveInt
    alpha: Annotated[float, Field(gt=0, le=1)]
    form: Literal["rate", "voltage"]
    phi: str
    input_bias: bool


class Bootstrap(Section):
    """Resampling of runs behind the interval of a cell."""

    resamples: PositiveInt
    level: Annotated[float, Field(gt=0, lt=1)]
    seed: int


class Protocol(Preset):
    """Everything that decides the numbers of a Table 1, the seed included."""

    ranks: tuple[PositiveInt, ...]
    trials: PositiveInt
    test_trials: PositiveInt
    network: Network
    acceptance_loss: PositiveFloat
    attempts: PositiveInt
    attempts_per_data_set: PositiveInt
    student_attempts: PositiveInt
    target_loss: PositiveFloat
    stall_improvement: PositiveFloat
    threshold: float
    bootstrap: Bootstrap
    tasks: dict[str, TaskProtocol]


def load_protocol(
    preset: str,
    *,
    seed: int = 0,
    tasks: Sequence[str] | None = None,
    runs: int | None = None,
    ranks: Sequence[int] | None = None,
) -> Protocol:
    """The protocol of a preset, narrowed to some tasks, runs and ranks.

    A narrowed protocol gives the same numbers for what it still contains.

    Parameters
    ----------
    preset : str
        "quick" or "paper".
    seed : int
        Seed of all data sets and networks.
    tasks : sequence of str, optional
        Names out of the preset's tasks.
    runs : int, optional
        The first ``runs`` runs.
    ranks : sequence of int, optional
        Student ranks.

    Raises
    ------
    ValueError
        If the preset, a task, the number of runs, a rank or the seed is invalid.

    Examples
    --------
    >>> protocol = load_protocol("paper", tasks=["sine"], runs=10)
    >>> list(protocol.tasks), protocol.runs, protocol.ranks
    (['sine'], 10, (1, 2, 3, 4, 5, 6))
    """
    content = preset_content("table1", preset, seed=seed, runs=runs)
    if tasks is not None:
        content["tasks"] = _narrowed(content["tasks"], tasks)
    if ranks is not None:
        units = content["network"]["units"]
        content["ranks"] = sorted({whole("ranks", rank, least=1, most=units) for rank in ranks})
        if not content["ranks"]:
            raise mistake("ranks", "at least one rank", "none")
    return Protocol.model_validate(content)


def _narrowed(known: dict[str, object], tasks: Sequence[str]) -> dict[str, object]:
    if not tasks or not set(tasks) <= set(known):
        raise mistake("tasks", f"some of {', '.join(known)}", ", ".join(tasks) or "none")
    return {name: known[name] for name in known if name in tasks}
