"""The networks of Table 1, and how the protocol trains them."""

from typing import Any

import tbrnn
from tbrnn.reproduce.table1.protocol import Protocol, Training
from tbrnn.reproduce.table1.records import NetworkClass

Model = tbrnn.LowRankRNN | tbrnn.LowRankTBRNN

MODELS: dict[NetworkClass, type[Model]] = {"rnn": tbrnn.LowRankRNN, "tbrnn": tbrnn.LowRankTBRNN}


def teacher_model(protocol: Protocol, task: str, kind: NetworkClass) -> Model:
    """The model of a task's teachers; as many outputs as inputs."""
    column, shared = protocol.tasks[task], protocol.network
    _, channels = column.task.build()
    return MODELS[kind](
        units=shared.units,
        rank=column.teacher_rank,
        inputs=channels,
        outputs=channels,
        alpha=shared.alpha,
        form=shared.form,
        phi=shared.phi,
        input_bias=shared.input_bias,
        output_bias=column.output_bias,
    )


def training_options(protocol: Protocol, training: Training) -> dict[str, Any]:
    """Learning rate, epochs and both stopping rules, as ``tbrnn.fit`` and ``lint`` take them."""
    lr = training.lr
    return {
        "epochs": training.epochs,
        "lr": tbrnn.linear(lr.first, lr.last, lr.epochs),
        "target_loss": protocol.target_loss,
        "stall": (training.stall_window, protocol.stall_improvement),
        "record_every": 0,
    }


def check_finished(runs: tbrnn.Runs) -> None:
    """Pass a Ctrl-C on, which ends a training early with the status "interrupted"."""
    if "interrupted" in runs.status:
        raise KeyboardInterrupt
