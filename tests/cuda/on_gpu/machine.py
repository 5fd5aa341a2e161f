"""The GPU of this machine, and what a result says of where it comes from."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

SOURCE = Path(__file__).parents[3]
BUILD = SOURCE / "build" / "on_gpu"


class Missing(Exception):
    """What a command needs and this machine lacks, in one line."""


@dataclass(frozen=True)
class Machine:
    """`architecture` as CMake spells it: 90; empty on the emulator."""

    card: str
    architecture: str
    driver: str
    cuda: str  # the toolkit's version

    @property
    def emulated(self):
        return not self.architecture


def this_machine(*, emulated):
    if emulated:
        library = os.environ.get("TBRNN_CUDA_LIBRARY", "")
        if not Path(library).is_file():
            raise Missing("--emulated needs TBRNN_CUDA_LIBRARY, the emulated plug-in's file")
        return Machine("emulated", "", "", "")
    words = said(
        "nvidia-smi", "--query-gpu=name,compute_cap,driver_version", "--format=csv,noheader"
    )
    if not words:
        raise Missing("no GPU on this machine (nvidia-smi names none); --emulated needs none")
    card, capability, driver = (word.strip() for word in words.splitlines()[0].split(","))
    return Machine(card, capability.replace(".", ""), driver, toolkit())


def sm_mhz():
    """The clock of the multiprocessors just now, if the card tells; a hot one has a lower one."""
    clock = said("nvidia-smi", "--query-gpu=clocks.sm", "--format=csv,noheader,nounits").split()
    return int(clock[0]) if clock and clock[0].isdigit() else None


def toolkit():
    """The version of the nvcc that CMake will take."""
    release = re.search(r"release ([\d.]+)", said(nvcc(), "--version"))
    if not release:
        raise Missing("no nvcc on this machine; install a CUDA toolkit, or set CUDACXX")
    return release[1]


def nvcc():
    for name in (os.environ.get("CUDACXX"), "nvcc", "/usr/local/cuda/bin/nvcc"):
        if name and shutil.which(name):
            return shutil.which(name)
    return "nvcc"


def said(*command):
    """What a command prints; nothing if it is not there or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def provenance(machine, commit):
    """Which code, where and when; a copy of the tree without git takes `commit` from its caller."""
    return {
        "commit": commit
        or said("git", "-C", SOURCE, "describe", "--always", "--dirty", "--abbrev=40"),
        "card": machine.card,
        "driver": machine.driver,
        "cuda": machine.cuda,
        "emulated": machine.emulated,
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }
