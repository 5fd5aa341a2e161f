"""Table 2 of the three-body RNN study: networks that learn the course of thirty proteins."""

from tbrnn.reproduce.table2.experiment import EXPERIMENT
from tbrnn.reproduce.table2.figure import figure
from tbrnn.reproduce.table2.pictures import Pictures, read_pictures
from tbrnn.reproduce.table2.protocol import Protocol, load_protocol
from tbrnn.reproduce.table2.report import make_report

__all__ = [
    "EXPERIMENT",
    "Pictures",
    "Protocol",
    "figure",
    "load_protocol",
    "make_report",
    "read_pictures",
]
