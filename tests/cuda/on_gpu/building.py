"""The build that all commands share: tbrnn._core, the CUDA engine and the program of constants.

What is up to date is not built again, so a command right after another one starts at once.
"""

import os
import subprocess
import sys
import sysconfig
import time

from on_gpu.machine import BUILD, SOURCE, Missing, nvcc

CONSTANTS = BUILD / "constants"


def build(machine):
    """Everything, for the GPU that is there; seconds it took."""
    start = time.monotonic()
    BUILD.mkdir(parents=True, exist_ok=True)
    program = constants(machine.architecture)  # beside the rest
    for step in steps(machine.architecture, os.environ.get("TBRNN_CUDA_LIBRARY", "")):
        done = subprocess.run(
            step, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        if done.returncode:
            (BUILD / "build.log").write_text(done.stdout)
            raise Missing(f"the build failed, see {BUILD / 'build.log'}: {last_error(done.stdout)}")
    if program:
        program.wait()  # `bench` says what is missing
    return time.monotonic() - start


def steps(architecture, engine=""):
    """Configure and build, without the engine where there is another one."""
    return (
        [
            *("cmake", "-S", str(SOURCE), "-B", str(BUILD / "cmake"), "-G", "Ninja"),
            *(f"-DTBRNN_CUDA={'OFF' if engine else 'ON'}", f"-DPython_EXECUTABLE={sys.executable}"),
            f"-DCMAKE_CUDA_ARCHITECTURES={architecture}",
        ],
        ["cmake", "--build", str(BUILD / "cmake")],
    )


def environment():
    """With the cmake and ninja of this Python, and the nvcc whose version is told."""
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "CUDACXX": nvcc()}


def constants(architecture, to=CONSTANTS):
    """The compiler at work on constants.cu, or None if nothing is to be done."""
    source = SOURCE / "tests/cuda/on_gpu/constants.cu"
    if to.exists() and to.stat().st_mtime > source.stat().st_mtime:
        return None
    to.unlink(missing_ok=True)  # lest `bench` takes an older one where this does not compile
    flags = ["-std=c++20", "-O3", f"-arch=sm_{architecture}", "-o", str(to)]
    return subprocess.Popen([nvcc(), *flags, str(source)])


def last_error(log):
    """The last line that names an error, or the last line."""
    lines = [line.strip() for line in log.splitlines() if line.strip()] or ["it said nothing"]
    return next((line for line in reversed(lines) if "error" in line.lower()), lines[-1])
