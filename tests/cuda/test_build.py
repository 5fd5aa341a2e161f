"""Building with and without CUDA: what a missing or broken nvcc does to the rest (nothing)."""

import json
import os
import re
import shutil
import stat
import sys
from pathlib import Path

import pytest

from builds import SOURCE, configured, run, succeed
from commands import path_without

SMI = "#!/bin/sh\necho 8.0\n"
BROKEN = "#!/bin/sh\necho broken >&2; exit 1\n"


@pytest.fixture
def tools(tmp_path):
    """Fake programs ahead of the real ones on the PATH."""

    def put(**programs):
        folder = tmp_path / "bin"
        folder.mkdir()
        for name, text in programs.items():
            path = folder / name.replace("_", "-")
            path.write_text(text)
            path.chmod(path.stat().st_mode | stat.S_IEXEC)
        return {"PATH": os.pathsep.join([str(folder), os.environ["PATH"]]), "CUDACXX": ""}

    return put


def configure(build, *options, **variables):
    path = os.pathsep.join([variables.pop("PATH"), os.path.dirname(sys.executable)])
    return run(
        *("cmake", "-S", SOURCE, "-B", build, "-G", "Ninja", "-DTBRNN_PYTHON=OFF"),
        *(f"-DPython_EXECUTABLE={sys.executable}", *options),
        **variables,
        PATH=path,
    )


def test_without_a_gpu_auto_leaves_the_engine_out_in_one_line(tools, tmp_path):
    process = configure(tmp_path / "build", **tools(nvidia_smi=BROKEN))
    assert process.returncode == 0, process.stdout
    assert process.stdout.count("CUDA engine") == 1
    assert "CUDA engine left out: no GPU on this machine" in process.stdout


def test_off_says_nothing(tools, tmp_path):
    process = configure(tmp_path / "build", "-DTBRNN_CUDA=OFF", **tools(nvidia_smi=SMI))
    assert process.returncode == 0, process.stdout
    assert "CUDA" not in process.stdout


def test_on_without_a_gpu_needs_architectures(tools, tmp_path):
    process = configure(tmp_path / "build", "-DTBRNN_CUDA=ON", **tools(nvidia_smi=BROKEN))
    assert process.returncode
    assert "needs CMAKE_CUDA_ARCHITECTURES" in process.stdout
    named = ("-DTBRNN_CUDA=ON", "-DCMAKE_CUDA_ARCHITECTURES=80;90")
    process = configure(tmp_path / "named", *named, PATH=os.environ["PATH"])
    assert process.returncode == 0, process.stdout


@pytest.mark.parametrize("wanted", [["-DTBRNN_CUDA=ON", "-DCMAKE_CUDA_ARCHITECTURES=80;90"], []])
def test_the_engine_is_built_for_all_that_are_asked_for(tools, tmp_path, wanted):
    """Or for all GPUs of the machine."""
    variables = tools(nvidia_smi=SMI + "echo 9.0\necho 8.0\n", nvcc=BROKEN)
    assert configure(tmp_path, *wanted, **variables).returncode == 0
    run("cmake", "--build", tmp_path, "--target", "tbrnn_cuda", **variables)
    cache = (tmp_path / "cuda" / "CMakeCache.txt").read_text()
    assert re.search(r"^CMAKE_CUDA_ARCHITECTURES:\w+=80;90$", cache, re.MULTILINE)


def test_another_word_is_refused(tools, tmp_path):
    process = configure(tmp_path / "build", "-DTBRNN_CUDA=MAYBE", **tools())
    assert process.returncode
    assert "TBRNN_CUDA must be AUTO, ON or OFF, got MAYBE" in process.stdout


def test_an_nvcc_that_does_nothing_fails_on_but_not_auto(tools, tmp_path):
    variables = tools(nvidia_smi=SMI, nvcc=BROKEN)
    assert configure(tmp_path / "auto", **variables).returncode == 0
    auto = run("cmake", "--build", tmp_path / "auto", "--target", "tbrnn_cuda", **variables)
    assert auto.returncode == 0, auto.stdout
    assert "CUDA engine left out: configure failed" in auto.stdout
    assert not (tmp_path / "auto" / "libtbrnn_cuda.so").exists()
    on = configure(tmp_path / "on", "-DTBRNN_CUDA=ON", **variables)
    assert on.returncode == 0, on.stdout  # this machine's GPU is known
    on = run("cmake", "--build", tmp_path / "on", "--target", "tbrnn_cuda", **variables)
    assert on.returncode
    assert "The CUDA engine: configure failed" in on.stdout


@pytest.mark.skipif(not shutil.which("nvcc"), reason="nvcc not found; it is part of a CUDA toolkit")
def test_an_nvcc_that_fails_at_a_kernel_fails_on_but_not_auto(tools, tmp_path):
    real = shutil.which("nvcc")
    fails = f'#!/bin/sh\ncase "$*" in *device.cu*) exit 1;; esac\nexec {real} "$@"\n'
    variables = tools(nvidia_smi=SMI, nvcc=fails)
    variables["CUDACXX"] = str(tmp_path / "bin" / "nvcc")
    assert configure(tmp_path / "auto", **variables).returncode == 0
    auto = run("cmake", "--build", tmp_path / "auto", "--target", "tbrnn_cuda", **variables)
    assert auto.returncode == 0, auto.stdout
    assert "CUDA engine left out: compile failed" in auto.stdout
    assert (tmp_path / "auto" / "cuda" / "build.ninja").exists()  # with the program of the rest
    assert not (tmp_path / "auto" / "libtbrnn_cuda.so").exists()


def test_the_engine_and_its_tests_need_neither_eigen_nor_pydantic(tmp_path):
    built = json.loads((configured() / "compile_commands.json").read_text())
    ours = [one for one in built if re.search("/cuda/", one["file"])]
    assert {Path(one["file"]).suffix for one in ours} == {".cu", ".cpp"}
    assert not any("eigen" in one["command"].lower() for one in ours)
    found = succeed(
        *(sys.executable, "-m", "pytest", "--collect-only", "-q", SOURCE / "tests/cuda"),
        PYTHONPATH=path_without(tmp_path, "pydantic"),
    )
    assert "test_emulated_engine.py::test_fit_is_that_of_the_processor" in found
