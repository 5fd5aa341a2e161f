"""The networks of Table 1."""

import tbrnn
from tbrnn.reproduce.table1.protocol import Protocol
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
