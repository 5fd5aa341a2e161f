"""Fig 3 of the three-body RNN study: what is left of full three-body networks at low rank."""

from tbrnn.reproduce.fig3.example import example
from tbrnn.reproduce.fig3.experiment import EXPERIMENT
from tbrnn.reproduce.fig3.figure import figure
from tbrnn.reproduce.fig3.portrait import Portrait, read_portrait
from tbrnn.reproduce.fig3.protocol import Protocol, load_protocol
from tbrnn.reproduce.fig3.report import accuracy_by_rank, make_report
from tbrnn.reproduce.fig3.truncations import read_truncations

__all__ = [
    "EXPERIMENT",
    "Portrait",
    "Protocol",
    "accuracy_by_rank",
    "example",
    "figure",
    "load_protocol",
    "make_report",
    "read_portrait",
    "read_truncations",
]
