"""Tasks: rules that draw trials."""

from tbrnn.tasks.flip_flop import FlipFlop
from tbrnn.tasks.multifate import MultiFate
from tbrnn.tasks.sine import SineWave
from tbrnn.tasks.task import Task

__all__ = ["FlipFlop", "MultiFate", "SineWave", "Task"]
