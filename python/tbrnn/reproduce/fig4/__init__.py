"""Fig 4 of the three-body RNN study: the solutions that different networks find for one task."""

from tbrnn.reproduce.fig4.experiment import EXPERIMENT, portraits
from tbrnn.reproduce.fig4.figure import figure
from tbrnn.reproduce.fig4.measured import Measured, read_measured
from tbrnn.reproduce.fig4.protocol import Protocol, load_protocol
from tbrnn.reproduce.fig4.report import make_report

__all__ = [
    "EXPERIMENT",
    "Measured",
    "Protocol",
    "figure",
    "load_protocol",
    "make_report",
    "portraits",
    "read_measured",
]
