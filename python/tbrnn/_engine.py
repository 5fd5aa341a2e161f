"""The compiled engine as the rest of the package sees it."""

from __future__ import annotations

from typing import Any

from tbrnn._threads import thread_count
from tbrnn.errors import BackendUnavailable

try:
    from tbrnn import _core
except ImportError as reason:
    raise BackendUnavailable(
        f"the compiled engine tbrnn._core does not load ({reason}); "
        "install the package again from its source folder: pip install ."
    ) from reason

Dataset = _core.Dataset
Spec = _core.Spec
Trainer = _core.Trainer
simulate = _core.simulate
gradient = _core.gradient
device = _core.device
device_kernel = _core.device_kernel

VERSION: str = _core.engine()["version"]


def engine_info() -> dict[str, Any]:
    """What computes here.

    Returns
    -------
    dict
        ``version`` of the package, ``processor``, ``cores``, the ``instruction_set`` that was
        chosen and those ``available``, and ``threads``, the number that a call uses unless told
        otherwise (the environment variable ``TBRNN_THREADS`` sets it).

    Examples
    --------
    >>> import tbrnn
    >>> info = tbrnn.engine_info()
    >>> info["instruction_set"] in info["available"]
    True
    """
    return {**_core.engine(), "threads": thread_count()}
