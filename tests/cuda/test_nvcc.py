"""What nvcc makes of the engine: its library, the resources of its kernels, its time loops.

Compiled for capability 8.0, and some kernels of clusters for 9.0; for the others every kernel
compiles, in a hurry. No GPU is needed.
"""

import os
import re
import shutil
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import tbrnn
from builds import SOURCE, configure_anew, configured, run, succeed
from machine_code import code_of, length_of_step, loops_of, time_loops

pytestmark = pytest.mark.skipif(
    not shutil.which("nvcc") and os.environ.get("CI") != "true",
    reason="nvcc not found; install a CUDA toolkit 13.0, on Debian: apt install cuda-toolkit-13-0",
)

FOLDER = Path(__file__).parent
BUILD = SOURCE / "build" / "pytest" / "cuda"  # where a wheel that is built there looks for it
OTHERS = [75, 90]
SYSTEM = r"lib(stdc\+\+|m|gcc_s|c|dl|rt|pthread)\.so\.\d+|ld-linux.*"


@pytest.fixture(scope="module")
def library():
    """The engine; what the assembler says of a kernel is kept for as long as its object."""
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    succeed(
        *("cmake", "-S", SOURCE / "cuda", "-B", BUILD, "-G", "Ninja"),
        *("-DCMAKE_CUDA_ARCHITECTURES=80-real", "-DCMAKE_CUDA_FLAGS=-Xptxas=-v"),
        PATH=path,
    )
    process = run("cmake", "--build", BUILD, PATH=path)
    with open(BUILD / "assembler.log", "a") as log:
        log.write(process.stdout)
    assert process.returncode == 0, process.stdout
    return BUILD / "libtbrnn_cuda.so"


def test_the_library_needs_the_system_alone(library):
    needed = re.findall(r"NEEDED.*\[(.*)\]", succeed("readelf", "--dynamic", library))
    assert needed
    assert all(re.fullmatch(SYSTEM, name) for name in needed), needed


def test_the_library_exports_one_function(library):
    symbols = succeed("readelf", "--dyn-syms", "--wide", library)
    exported = re.findall(r"GLOBAL +DEFAULT +\d+ (\S+)", symbols)
    assert exported == ["tbrnn_plugin"]


@pytest.mark.skipif(Path("/proc/driver/nvidia").exists(), reason="this machine has a driver")
def test_without_a_driver_it_loads_and_says_so(library, monkeypatch):
    monkeypatch.setenv("TBRNN_CUDA_LIBRARY", str(library))
    model = tbrnn.LowRankRNN(units=4, rank=1, inputs=1, outputs=1)
    trials = tbrnn.Trials(np.ones((2, 3, 1)), np.zeros((2, 3, 1)))
    with pytest.raises(tbrnn.BackendUnavailable, match="there is no NVIDIA driver"):
        tbrnn.fit(model, trials, epochs=2, device="cuda")
    runs = tbrnn.fit(model, trials, epochs=2, device="auto")
    assert runs.last_loss[0] == tbrnn.fit(model, trials, epochs=2).last_loss[0]


def kernels_of(library):
    return set(re.findall(rb"\.text\.(_ZN\w+training_kernel\w+)", library.read_bytes()))


def test_every_kernel_compiles_for_the_other_architectures(library):
    """With few optimisations, in a tenth of the time."""
    build = BUILD.with_name("cuda-others")
    succeed(
        *("cmake", "-S", SOURCE / "cuda", "-B", build, "-G", "Ninja"),
        "-DCMAKE_CUDA_ARCHITECTURES=" + ";".join(f"{other}-real" for other in OTHERS),
        "-DCMAKE_CUDA_FLAGS=--Ofast-compile=max",
    )
    succeed("cmake", "--build", build)
    assert kernels_of(build / "libtbrnn_cuda.so") == kernels_of(library)


@pytest.fixture(scope="module")
def site(library, tmp_path_factory):
    """A wheel with the engine, unpacked. It takes over what the tests have compiled of both."""
    build = configured()
    succeed("cmake", "--build", build, "--target", "tbrnn_cpu")
    wheels = tmp_path_factory.mktemp("wheel")
    defined = {"TBRNN_CUDA": "ON", "CMAKE_CUDA_ARCHITECTURES": "80-real", "TBRNN_TESTS": "OFF"}
    defined["TBRNN_PYTHON"] = "ON"
    succeed(
        *(sys.executable, "-m", "pip", "wheel", SOURCE, "--no-deps", "--no-build-isolation"),
        *("--wheel-dir", wheels, f"--config-settings=build-dir={build}"),
        *(f"--config-settings=cmake.define.{name}={value}" for name, value in defined.items()),
    )
    configure_anew()
    (wheel,) = wheels.iterdir()
    with zipfile.ZipFile(wheel) as file:
        file.extractall(wheels / "site")
    return wheels / "site"


def test_a_wheel_needs_the_system_alone(site):
    libraries = list(site.rglob("*.so"))
    assert {path.name.partition(".")[0] for path in libraries} == {"_core", "libtbrnn_cuda"}
    for path in libraries:
        needed = re.findall(r"NEEDED.*\[(.*)\]", succeed("readelf", "--dynamic", path))
        assert needed
        assert all(re.fullmatch(SYSTEM, name) for name in needed), (path, needed)


@pytest.mark.skipif(Path("/proc/driver/nvidia").exists(), reason="this machine has a driver")
def test_a_wheel_works_without_a_driver_and_explains(site, tmp_path):
    told = succeed(
        *(sys.executable, "-c", "import tbrnn, tbrnn.cli; print(tbrnn.__file__); tbrnn.cli.app()"),
        "info",
        PYTHONPATH=str(site),
        TBRNN_CUDA_LIBRARY="",
    )
    assert str(site) in told
    assert re.search(r"engines +cpu\n", told)
    assert "there is no NVIDIA driver; install one, or use device='cpu'" in told


KERNEL = """
#include "kernels.cuh"
namespace tbrnn::cuda {
template __global__ void KERNEL(const __grid_constant__ TrainingTask<float>);
}
"""
ONE_TRIAL = "training_kernel<LowRankRNN, float, Known<LowRankRNN, 3, 0, 3, 3>, 8>"
CLUSTERS = (
    ("c", "cluster_training_kernel<LowRankRNN, float, Weave<1, 512>>"),
    ("d", "cluster_training_kernel<RNN, float, Weave<2, 256>>"),
    ("channels", "cluster_training_kernel<LowRankHORNN, float, Weave<1, 512>>"),
    ("most", "cluster_training_kernel<RNN, float, Weave<1, 1024>>"),
)


def compiled(folder, name, kernel, architecture):
    """What the assembler says of a kernel, whose machine code is in folder/name.cubin then."""
    source = folder / f"{name}.cu"
    source.write_text(KERNEL.replace("KERNEL", kernel))
    return succeed(
        *("nvcc", "-std=c++20", "-O3", "-DNDEBUG", "--fmad=false", "--expt-relaxed-constexpr"),
        *("-DTBRNN_CUDA_ARCHITECTURES=", "-I", SOURCE / "cuda", "-I", SOURCE / "cpp"),
        *(f"-arch=sm_{architecture}", "-Xptxas=-v", "-cubin"),
        *("-o", folder / f"{name}.cubin", source),
    )


ENTRY = re.compile(
    r"Compiling entry function '(\S+)' for 'sm_(\d+)'\n.*\n *(\d+) bytes stack frame, "
    r"(\d+) bytes spill stores, (\d+) bytes spill loads\n.*Used (\d+) registers(.*)"
)


def resources(log, architecture):
    """A line for each kernel, as it was last compiled."""
    lines = {}
    for found in ENTRY.findall(log):
        name, of, stack, stores, loads, registers, rest = found
        shared = re.search(r"(\d+) bytes smem", rest)
        if "training_kernel" in name and int(of) == architecture:
            numbers = (registers, stack, int(stores) + int(loads), shared[1] if shared else 0)
            lines[name] = " ".join(str(number) for number in numbers)
    names = succeed("c++filt", "--no-params", *lines).splitlines()
    short = [re.sub(r"tbrnn::(cuda::|host::)?|void |\(\w+\)|training_kernel", "", n) for n in names]
    table = sorted(f"{name}: {line}" for name, line in zip(short, lines.values(), strict=True))
    release = re.search(r"release (\S+),", succeed("nvcc", "--version"))[1]
    return [f"# nvcc {release}; registers, bytes of stack, of spills, of static shared", *table]


def compare(found, architecture):
    """With the committed table."""
    table = FOLDER / f"resources_sm{architecture}.txt"
    expected = table.read_text().splitlines()
    if found[0] != expected[0]:
        pytest.skip(f"the table is of another compiler: {expected[0]}, here {found[0]}")
    (BUILD / table.name).write_text("\n".join(found) + "\n")
    changed = sorted(set(found) ^ set(expected))
    assert not changed, f"if that is intended, commit {BUILD / table.name}: {changed}"


def test_kernels_take_the_resources_of_the_table(library):
    compare(resources((BUILD / "assembler.log").read_text(), 80), 80)


def test_kernels_of_clusters_take_the_resources_of_the_table(library, tmp_path):
    """Those of the workloads in clusters, and one with channels and one of most units."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        logs = pool.map(lambda names: compiled(tmp_path, *names, 90), CLUSTERS)
        compare(resources("".join(logs), 90), 90)


def test_weights_in_registers_do_not_spill(library):
    """In three-body students of ranks 5 and 6 what belongs to a tile is, around its passes."""
    table = resources((BUILD / "assembler.log").read_text(), 80)
    in_registers = [line for line in table if ", Known<" in line]
    assert len(in_registers) >= 26
    spilling = {line.split(">,")[0] for line in in_registers if line.split()[-2] != "0"}
    many = {f"<LowRankTBRNN, float, Known<LowRankTBRNN, 0, {rank}, 3, 0" for rank in (5, 6)}
    assert spilling <= many


def test_a_time_step_takes_few_instructions(tmp_path):
    """Of a warp, for one step of four trials: 30 units, rank = inputs = outputs = 3.

    Between the passes the eight lanes of a trial share out the errors of its steps, four at a time.
    """
    compiled(tmp_path, "kernel", ONE_TRIAL, 80)
    code = code_of(tmp_path / "kernel.cubin")
    forward, backward = time_loops(code)
    between = [at for at in loops_of(code) if max(forward) < at.start < min(backward)]
    errors = max(between, key=len)  # the other takes the steps that are left
    assert 150 < length_of_step(code, forward, shuffles=18) <= 179
    assert 120 < length_of_step(code, backward, shuffles=9) + len(errors) / 32 <= 141
