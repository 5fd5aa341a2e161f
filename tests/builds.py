"""A release build of the C++ side with its tests, without the Python module."""

import os
import subprocess
import sys
import sysconfig
from functools import cache
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1]
BUILD = SOURCE / "build" / "pytest"
INSTALL = {"GoogleTest": "apt install libgtest-dev", "Eigen": "pip install cmeel-eigen"}


def run(*command, **variables):
    """Run with the cmake and ninja of this Python's environment; return the finished process."""
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
    return subprocess.run(
        [str(word) for word in command],
        env={**os.environ, "PATH": path, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def succeed(*command, **variables):
    process = run(*command, **variables)
    assert process.returncode == 0, process.stdout
    return process.stdout


@cache
def _configuration():
    return run(
        *("cmake", "-S", SOURCE, "-B", BUILD, "-G", "Ninja"),
        *("-DCMAKE_BUILD_TYPE=Release", "-DTBRNN_TESTS=ON", "-DTBRNN_PYTHON=OFF"),
        *("-DTBRNN_CUDA=OFF", f"-DPython_EXECUTABLE={sys.executable}"),
    )


def configured(*needed):
    """The build folder, once a session; skips where a library is missing, but not in CI."""
    process = _configuration()
    for name in ("GoogleTest", *needed):
        if f"{name} not found" in process.stdout:
            assert os.environ.get("CI") != "true", process.stdout
            pytest.skip(f"{name} not found; install it with: {INSTALL[name]}")
    assert process.returncode == 0, process.stdout
    return BUILD


def configure_anew():
    """Where something else has been built into the folder."""
    _configuration.cache_clear()
