"""The plug-in as Python opens it: the very same sources on the emulator, in place of a GPU."""

import pytest

from builds import configured, succeed


@pytest.fixture(scope="session")
def emulated_library():
    folder = configured()
    succeed("cmake", "--build", folder, "--target", "tbrnn_emulated_plugin")
    return folder / "tests" / "cuda" / "libtbrnn_emulated_plugin.so"


@pytest.fixture
def emulated(emulated_library, monkeypatch):
    """device="cuda" is the emulator."""
    monkeypatch.setenv("TBRNN_CUDA_LIBRARY", str(emulated_library))
