"""The C++ tests: configure, build, run; and the symbols of the kernels' object files."""

import os
import re
import subprocess
import sys
import sysconfig
from itertools import combinations
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1]
BUILD = SOURCE / "build" / "pytest"
NO_GOOGLETEST = "GoogleTest not found"


def run(*command):
    """Run with the cmake and ninja of this Python's environment; return the finished process."""
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
    return subprocess.run(
        [str(word) for word in command],
        env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def succeed(*command):
    process = run(*command)
    assert process.returncode == 0, process.stdout
    return process.stdout


@pytest.fixture(scope="module")
def build():
    """Folder of a release build of the C++ tests, without the Python module."""
    configured = run(
        *("cmake", "--fresh", "-S", SOURCE, "-B", BUILD, "-G", "Ninja"),
        *("-DCMAKE_BUILD_TYPE=Release", "-DTBRNN_TESTS=ON", "-DTBRNN_PYTHON=OFF"),
        f"-DPython_EXECUTABLE={sys.executable}",
    )
    if NO_GOOGLETEST in configured.stdout and os.environ.get("CI") != "true":
        pytest.skip(f"{NO_GOOGLETEST}; install it with: apt install libgtest-dev")
    assert configured.returncode == 0, configured.stdout
    succeed("cmake", "--build", BUILD)
    return BUILD


def test_every_googletest_passes(build):
    report = succeed("ctest", "--test-dir", build, "--output-on-failure", "--no-tests=error")
    assert "100% tests passed" in report


def test_no_weak_symbol_is_shared_between_instruction_sets(build):
    # The linker keeps one copy of a weak symbol: an AVX-512 copy would crash an older processor.
    weak = {}
    for folder in build.glob("CMakeFiles/tbrnn_kernels_*.dir"):
        symbols = succeed("nm", "--defined-only", "--demangle", *folder.rglob("*.o"))
        weak[folder.name] = set(re.findall(r"^[0-9a-f]+ [WVu] (.*)$", symbols, re.MULTILINE))
    assert len(weak) > 1 or os.uname().machine != "x86_64"
    for one, other in combinations(weak, 2):
        assert not weak[one] & weak[other], (one, other)
