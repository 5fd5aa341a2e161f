"""What all tests share: the examples of hypothesis, published arrays, and an emulated GPU."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from builds import configured, succeed

settings.register_profile("fixed", derandomize=True, deadline=None, database=None, max_examples=30)
settings.load_profile("fixed")


@pytest.fixture(scope="session")
def published():
    """Load one npz of the published arrays, which are not ours to ship."""

    def load(name):
        folder = os.environ.get("TBRNN_GOLDEN")
        if not folder:
            pytest.skip("set TBRNN_GOLDEN to the folder of published arrays")
        with np.load(Path(folder) / f"{name}.npz") as arrays:
            return dict(arrays)

    return load


@pytest.fixture(scope="session")
def emulated_library():
    """The plug-in as Python opens it: the very same sources on the emulator."""
    folder = configured()
    succeed("cmake", "--build", folder, "--target", "tbrnn_emulated_plugin")
    return folder / "tests" / "cuda" / "libtbrnn_emulated_plugin.so"


@pytest.fixture
def emulated(emulated_library, monkeypatch):
    """device="cuda" is the emulator."""
    monkeypatch.setenv("TBRNN_CUDA_LIBRARY", str(emulated_library))
