"""Without a device that can be used: which error, what it says, and an engine that goes on."""

import hashlib
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import tbrnn
from builds import SOURCE, succeed
from tbrnn.cli import app

MODEL = tbrnn.LowRankRNN(units=4, rank=1, inputs=1, outputs=1)
TRIALS = tbrnn.Trials(np.ones((2, 3, 1)), np.zeros((2, 3, 1)))
VERSION = int(re.search(r"version = (\d+);", (SOURCE / "cpp/core/plugin.hpp").read_text())[1])
READY, NO_DRIVER, OLD_DRIVER, NO_GPU, OLD_CARD, BROKEN = range(6)


@pytest.fixture(scope="module")
def stub(tmp_path_factory):
    """Compile a plug-in that does nothing."""

    def build(name, *, version=VERSION, readiness=READY):
        library = tmp_path_factory.mktemp("stub") / f"{name}.so"
        succeed(
            *(os.environ.get("CXX", "c++"), "-std=c++20", "-shared", "-fPIC", "-I", SOURCE / "cpp"),
            *(f"-DVERSION={version}", f"-DREADINESS={readiness}"),
            *(SOURCE / "tests/cuda/stub.cpp", "-o", library),
        )
        return library

    return build


def unavailable(monkeypatch, library, *words):
    """device="cuda" says why, "auto" and "cpu" train, and `tbrnn info` explains."""
    monkeypatch.setenv("TBRNN_CUDA_LIBRARY", str(library))
    with pytest.raises(tbrnn.BackendUnavailable) as error:
        tbrnn.fit(MODEL, TRIALS, epochs=2, device="cuda")
    with pytest.raises(tbrnn.BackendUnavailable):
        tbrnn.gradient(MODEL.initial([0]), TRIALS, device="cuda")
    for word in ("device='cuda' cannot be used: ", *words):
        assert word in str(error.value)
    auto, cpu = (tbrnn.fit(MODEL, TRIALS, epochs=2, device=device) for device in ("auto", "cpu"))
    assert auto.last_loss[0] == cpu.last_loss[0]
    shown = CliRunner().invoke(app, ["info"]).stdout
    assert re.search(r"engines +cpu\n", shown)
    assert words[0] in shown


def test_a_plugin_that_was_not_built(monkeypatch, tmp_path):
    advice = "pip install . --config-settings=cmake.define.TBRNN_CUDA=ON "
    advice += "--config-settings='cmake.define.CMAKE_CUDA_ARCHITECTURES=80;90'"
    unavailable(monkeypatch, tmp_path / "none.so", "does not exist", "with nvcc alone", advice)
    assert advice in (SOURCE / "README.md").read_text()


def test_a_file_that_is_no_library(monkeypatch, tmp_path):
    (tmp_path / "text.so").write_text("not a library" * 99)
    unavailable(monkeypatch, tmp_path / "text.so", "is no shared library", "install the package")


@pytest.mark.parametrize("left", [0.0, 0.1, 0.5, 0.99])
def test_a_library_cut_short(monkeypatch, stub, tmp_path, left):
    content = stub("whole").read_bytes()
    (tmp_path / "cut.so").write_bytes(content[: int(left * len(content))])
    unavailable(monkeypatch, tmp_path / "cut.so", "the file is damaged")


@pytest.mark.parametrize("page", range(4))
def test_a_library_with_a_hole(monkeypatch, stub, tmp_path, page):
    # Without the digest that a build leaves beside its library the loader dies of some of these.
    content = bytearray(stub("whole").read_bytes())
    digest = hashlib.sha256(content).hexdigest()
    content[4096 * page : 4096 * page + 1024] = bytes(1024)
    (tmp_path / "hole.so").write_bytes(content)
    (tmp_path / "hole.so.sha256").write_text(digest + "\n")
    unavailable(monkeypatch, tmp_path / "hole.so", "is damaged, it is not what was built")


def test_a_digest_that_fits(monkeypatch, stub, tmp_path):
    content = stub("old", readiness=OLD_CARD).read_bytes()
    (tmp_path / "old.so").write_bytes(content)
    (tmp_path / "old.so.sha256").write_text(hashlib.sha256(content).hexdigest())
    unavailable(monkeypatch, tmp_path / "old.so", "an old card is of compute capability 5.0")


def test_a_library_of_something_else(monkeypatch, tmp_path):
    other = Path(tbrnn._engine._core.__file__)  # a shared library, but no plug-in
    shutil.copy(other, tmp_path / "other.so")
    unavailable(monkeypatch, tmp_path / "other.so", "is no engine of tbrnn")


def test_a_plugin_of_another_version(monkeypatch, stub):
    words = f"version {VERSION + 1}, expected {VERSION}"
    unavailable(monkeypatch, stub("later", version=VERSION + 1), words, "install the package again")


@pytest.mark.parametrize(
    ("readiness", "words"),
    [
        (NO_DRIVER, ("no NVIDIA driver", "install one")),
        (OLD_DRIVER, ("of CUDA 11.4, older than 13.0", "install a newer driver")),
        (NO_GPU, ("sees no GPU (said the driver)", "CUDA_VISIBLE_DEVICES")),
        (OLD_CARD, ("an old card is of compute capability 5.0", "for sm 80", "ARCHITECTURES")),
        (BROKEN, ("does not answer: said the driver",)),
    ],
)
def test_a_device_that_cannot_be_used(monkeypatch, stub, readiness, words):
    unavailable(monkeypatch, stub(f"device{readiness}", readiness=readiness), *words)


def test_a_word_that_is_no_device(monkeypatch):
    with pytest.raises(ValueError, match="device must be one of 'cpu', 'cuda', 'auto', got 'gpu'"):
        tbrnn.fit(MODEL, TRIALS, device="gpu")
    monkeypatch.setenv("TBRNN_DEVICE", "gpu")
    with pytest.raises(ValueError, match="variable TBRNN_DEVICE must be one of"):
        tbrnn.fit(MODEL, TRIALS)
