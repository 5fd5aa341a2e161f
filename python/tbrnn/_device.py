"""Which engine computes: the processor, or a CUDA device through a plug-in."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tbrnn import _engine
from tbrnn._arguments import choice
from tbrnn.errors import BackendUnavailable, mistake

if TYPE_CHECKING:
    from tbrnn.ensemble import Ensemble

DEVICES = ("cpu", "cuda", "auto")
PRECISIONS = ("float32", "tf32x3")
DEFAULT = "TBRNN_DEVICE"
VARIABLE = "TBRNN_CUDA_LIBRARY"  # another file than the package's own
LIBRARY = "libtbrnn_cuda.so"
BUILD = (
    "pip install . --config-settings=cmake.define.TBRNN_CUDA=ON "
    "--config-settings='cmake.define.CMAKE_CUDA_ARCHITECTURES=80;90'"
)

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


def check_device() -> None:
    """BackendUnavailable if calls that do not say otherwise are to use a device, and cannot."""
    if device_word() == "cuda":
        open_device()


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
            f"device='cuda' cannot be used: {path} does not exist; pip install . builds it where "
            f"there are nvcc and a GPU, and with nvcc alone for GPUs that are named: {BUILD}"
        )
    _check_content(path)
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


@cache
def _check_content(path: Path) -> None:
    """The loader takes a library with holes and dies of them; the build left a digest beside it."""
    digest = path.with_name(f"{path.name}.sha256")
    if not digest.exists():
        return
    if hashlib.sha256(path.read_bytes()).hexdigest() != digest.read_text().strip():
        raise BackendUnavailable(
            f"device='cuda' cannot be used: {path} is damaged, it is not what was built; "
            "install the package again"
        )


def plugin_for(device: object, nets: Ensemble, match: str, loss: str) -> str:
    """The path of the plug-in that computes; empty: the processor.

    "auto" takes the processor where the device does not compute some of the networks.
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
    reason = _missing_kernel(path, nets, match, loss)
    if reason is None:
        return path
    if word == "cuda":
        raise mistake("device", f"'cpu' for {reason}", "'cuda'")
    return ""


def splits_products(precision: object, plugin: str, nets: Ensemble, match: str, loss: str) -> bool:
    """Whether products of float32 are made of three of tf32: as asked, and by all networks."""
    if precision is None:
        return False
    asked = choice("precision", precision, PRECISIONS)
    if nets.dtype != np.float32:
        raise mistake("precision", f"left out in {nets.dtype}", repr(asked))
    if asked == "float32":
        return False
    if not plugin:
        raise mistake("precision", "'float32' on the processor", repr(asked))
    reason = _missing_kernel(plugin, nets, match, loss, split=True)
    if reason is not None:
        raise mistake("precision", f"'float32' for {reason}", repr(asked))
    return True


def _missing_kernel(
    path: str, nets: Ensemble, match: str, loss: str, split: bool = False
) -> str | None:
    """What of some networks the device does not compute."""
    for cohort in nets.cohorts:
        model = cohort.model
        noisy = model.input_sigma > 0
        served, text = _engine.device_kernel(
            path, model.spec, match, loss, nets.dtype, noisy, split
        )
        if not served:
            return f"{type(model).__name__} of {model.units} units ({text})"
    return None


def engine_word(plugin: str, split: bool = False) -> dict[str, str]:
    """What a checkpoint says of its engine: another one would go on to other last digits."""
    engine = {"engine": "cuda"} if plugin else {}
    return engine | ({"precision": "tf32x3"} if split else {})


def device_name(plugin: str, split: bool = False) -> str:
    """What computes: ``cpu``, or ``cuda`` and the name of the card; with split products so."""
    if not plugin:
        return "cpu"
    return f"cuda: {_engine.device(plugin)['name']}" + (" in tf32x3" if split else "")


def default_name() -> str:
    """`device_name` of what trains unless a call says otherwise, and can be used."""
    if device_word() == "cpu":
        return "cpu"
    try:
        return device_name(open_device()[0])
    except BackendUnavailable:
        return "cpu"


def cuda_status() -> tuple[bool, str]:
    """Whether the CUDA engine can be used, and on what, or why not."""
    try:
        path, device = open_device()
    except BackendUnavailable as reason:
        return False, str(reason).removeprefix("device='cuda' ")
    memory = f"{device['memory'] / 2**30:.0f} GiB"
    card = f"{device['name']}, compute capability {device['capability']}, {memory}"
    return True, f"{card}; driver {device['driver']}, built with {device['runtime']} ({path})"
