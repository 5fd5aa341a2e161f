"""Table 1 of the three-body RNN study: which students capture which teachers, and at what rank."""

from tbrnn.reproduce.table1.experiment import EXPERIMENT
from tbrnn.reproduce.table1.figure import companion_figure
from tbrnn.reproduce.table1.printed import printed
from tbrnn.reproduce.table1.protocol import Protocol, load_protocol
from tbrnn.reproduce.table1.records import read_records
from tbrnn.reproduce.table1.report import Report, make_report

__all__ = [
    "EXPERIMENT",
    "Protocol",
    "Report",
    "companion_figure",
    "load_protocol",
    "make_report",
    "printed",
    "read_records",
]
