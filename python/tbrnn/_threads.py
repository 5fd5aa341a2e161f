"""How many threads the engine may use."""

from __future__ import annotations

import os

from tbrnn._arguments import count
from tbrnn.errors import mistake

VARIABLE = "TBRNN_THREADS"


def thread_count(threads: int | None = None) -> int:
    """`threads` if given, else the variable TBRNN_THREADS, else the processors we may run on."""
    if threads is not None:
        return count("threads", threads, least=1)
    asked = os.environ.get(VARIABLE, "").strip()
    if not asked:
        return _processors()
    if not asked.isdecimal() or int(asked) < 1:
        raise mistake(f"the environment variable {VARIABLE}", "a whole number >= 1", repr(asked))
    return int(asked)


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
