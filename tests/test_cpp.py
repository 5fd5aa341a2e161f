"""The C++ tests: configure, build, run; and the symbols of the kernels' object files."""

import os
import re
from itertools import combinations

import pytest

from builds import configured, succeed


@pytest.fixture(scope="module")
def build():
    folder = configured()
    succeed("cmake", "--build", folder)
    return folder


def test_every_googletest_passes(build):
    report = succeed(
        *("ctest", "--test-dir", build, "--output-on-failure", "--no-tests=error"),
        *("--parallel", str(os.cpu_count())),
    )
    assert "100% tests passed" in report
    configured("Eigen")  # skips where that is missing: the others have passed


def test_no_weak_symbol_is_shared_between_instruction_sets(build):
    # The linker keeps one copy of a weak symbol: an AVX-512 copy would crash an older processor.
    weak = {}
    for folder in build.glob("CMakeFiles/tbrnn_kernels_*.dir"):
        symbols = succeed("nm", "--defined-only", "--demangle", *folder.rglob("*.o"))
        weak[folder.name] = set(re.findall(r"^[0-9a-f]+ [WVu] (.*)$", symbols, re.MULTILINE))
    assert len(weak) > 1 or os.uname().machine != "x86_64"
    for one, other in combinations(weak, 2):
        assert not weak[one] & weak[other], (one, other)
