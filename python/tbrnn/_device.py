"""Which engine computes: the processor, or a CUDA device through a plug-in."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tbrnn import _engine
from tbrnn._arguments import choice
from tbrnn.errors import BackendUnavailable, mistake

if TYPE_CHECKING:
    from tbrnn._options import Options
    from tbrnn.ensemble import Ensemble

DEVICES = ("cpu", "cuda", "auto")
DEFAULT = "TBRNN_DEVICE"
VARIABLE = "TBRNN_CUDA_LIBRARY"  # another file than the package's own
LIBRARY = "libtbrnn_cuda.so"

_REASONS = {
    "no driver": "there is no NVIDIA driver; install one, or use device='cpu'",
    "old driver": "the NVIDIA driver is of CUDA {driver}, older than {runtime}, which the engine "
    "was built with; install a newer driver, or build with an older CUDA toolkit",
    "no gpu": "the driver sees no GPU ({message}); look at CUDA_VISIBLE_DEVICES, or use "
    "device='cpu'",
    "old card": "{name} is of compute capability {capability}, and the engine was built for "
    "{architectures}; build it for this card with -DTBRNN_CUDA=ON "
    "-DCMAKE_CUDA_ARCHITECTURES=native, or use device='cpu'",
    "broken": "the device does not answer: {message}",
}


_chosen: ContextVar[str | None] = ContextVar("device", default=None)


@contextmanager
def default_device(device: str | None) -> Iterator[None]:
    """What calls within use unless they say otherwise; None changes nothing."""
    if device is None:
        yield
        return
    token = _chosen.set(choice("device", device, DEVICES))
    try:
        yield
    finally:
        _chosen.reset(token)


def device_word(device: object = None) -> str:
    """`device` if given, else `default_device`, else the variable TBRNN_DEVICE, else cpu."""
    if device is not None:
        return choice("device", device, DEVICES)
    if (chosen := _chosen.get()) is not None:
        return chosen
    asked = os.environ.get(DEFAULT, "").strip() or "cpu"
    return choice(f"the environment variable {DEFAULT}", asked, DEVICES)


def library() -> Path:
    """Where the plug-in is, or would be."""
    given = os.environ.get(VARIABLE, "")
    return Path(given) if given else Path(__file__).parent / LIBRARY


def open_device() -> tuple[str, dict[str, Any]]:
    """The plug-in's path and what its device is; opened at the first call.

    Raises
    ------
    BackendUnavailable
        Saying why, and what to do.
    """
    path = library()
    if not path.exists():
        raise BackendUnavailable(
            f"device='cuda' cannot be used: {path} does not exist; build the package with CUDA: "
            "pip install . --config-settings=cmake.define.TBRNN_CUDA=ON"
        )
    try:
        device = _engine.device(str(path))
    except BackendUnavailable as reason:
        raise BackendUnavailable(
            f"device='cuda' cannot be used: {reason}; install the package again"
        ) from None
    if device["readiness"] != "ready":
        why = _REASONS[device["readiness"]].format(**device)
        raise BackendUnavailable(f"device='cuda' cannot be used: {why}")
    return str(path), device


def plugin_for(device: object, refusal: Callable[[str], str | None]) -> str:
    """The path of the plug-in that computes; empty: the processor.

    `refusal`, given the path, says what of the call the device does not compute, or None. "auto"
    takes the processor then.
    """
    word = device_word(device)
    if word == "cpu":
        return ""
    try:
        path, _ = open_device()
    except BackendUnavailable:
        if word == "cuda":
            raise
        return ""
    reason = refusal(path)
    if reason is None:
        return path
    if word == "cuda":
        raise mistake("device", f"'cpu' for {reason}", "'cuda'")
    return ""


def missing_kernel(path: str, nets: Ensemble, match: str, loss: str) -> str | None:
    """What of some networks the device does not compute."""
    for cohort in nets.cohorts:
        model = cohort.model
        noisy = model.input_sigma > 0
        served, text = _engine.device_kernel(path, model.spec, match, loss, nets.dtype, noisy)
        if not served:
            return f"{type(model).__name__} of {model.units} units ({text})"
    return None


def training_plugin(
    device: object, nets: Ensemble, options: Options, match: str, loss: str, statistics: int
) -> str:
    """`plugin_for` a training."""
    each = options.each

    def refusal(path: str) -> str | None:
        for name, asked in {
            "batch": each["batch"].any(),
            "guard": each["guard_back"].any(),
            "statistics": statistics > 0,
        }.items():
            if asked:
                return name
        return missing_kernel(path, nets, match, loss)

    return plugin_for(device, refusal)


def engine_word(plugin: str) -> dict[str, str]:
    """What a checkpoint says of its engine: another one would go on to other last digits."""
    return {"engine": "cuda"} if plugin else {}


def cuda_status() -> tuple[bool, str]:
    """Whether the CUDA engine can be used, and on what, or why not."""
    try:
        path, device = open_device()
    except BackendUnavailable as reason:
        return False, str(reason).removeprefix("device='cuda' ")
    memory = f"{device['memory'] / 2**30:.0f} GiB"
    card = f"{device['name']}, compute capability {device['capability']}, {memory}"
    return True, f"{card}; driver {device['driver']}, built with {device['runtime']} ({path})"
