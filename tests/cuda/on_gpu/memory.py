"""What an ensemble that does not fit in the device's memory does; run by `parity` as a child.

An ensemble is split, to the same bits; one member that does not fit alone says how much was asked
for. On a GPU the child takes most of the memory away first; the emulator has a limit of its own.
"""

import ctypes
import json
import os
import subprocess
import sys

import numpy as np

MIB = 2**20
SECONDS = 100  # for one child
# Members, units and steps; bytes that hold all, some members, none. Each step takes a block 4 KiB
# at least with so many units.
ON_GPU = {"members": 64, "units": 128, "steps": 2000, "left": (None, 300 * MIB, 4 * MIB)}
EMULATED = {"members": 8, "units": 6, "steps": 4, "left": (10**9, 90_000, 2_000)}


def rows(few):
    sizes = EMULATED if few else ON_GPU
    plenty, some, none = (child(sizes, left, few) for left in sizes["left"])
    row = {"check": "memory", "model": "LowRankRNN", "dtype": "float32"}
    same = plenty.returncode == 0 and plenty.stdout == some.stdout
    note = "" if same else last_line(some if plenty.returncode == 0 else plenty)
    yield {**row, "case": "an ensemble is split", "same_bits": same, "ok": same, "note": note}
    told = none.returncode != 0 and "bytes were asked for" in none.stderr
    yield {**row, "case": "one member", "ok": told, "note": last_line(none)}


def child(sizes, left, emulated):
    limit = {"TBRNN_EMULATED_BYTES": str(left)} if emulated else {}
    request = {**sizes, "left": None if emulated else left}
    words = [sys.executable, "-m", "on_gpu.memory", json.dumps(request)]
    environment = {**os.environ, **limit, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    out = {"capture_output": True, "text": True}
    try:
        return subprocess.run(words, env=environment, timeout=SECONDS, **out)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(words, 1, "", f"took more than {SECONDS} s")


def last_line(process):
    return (process.stderr.strip().splitlines() or ["it said nothing"])[-1]


def main(members, units, steps, left):
    model = tbrnn.LowRankRNN(rank=2, units=units, inputs=2, outputs=3)
    if left is not None:
        results(model, 1, 2)  # the kernels, and the memory that they have for themselves
        take_all_but(left)
    print(results(model, members, steps))


def results(model, members, steps):
    rng = np.random.default_rng(5)
    trials = tbrnn.Trials(rng.normal(size=(5, steps, 2)), rng.normal(size=(5, steps, 3)))
    options = {"members": members, "epochs": 3, "target_loss": None, "stall": None}
    runs = tbrnn.fit(model, trials, device="cuda", **options)
    loss, _ = tbrnn.gradient(model.initial(range(members)), trials, device="cuda")
    return runs.last_loss.tobytes().hex(), loss.tobytes().hex()


def take_all_but(left, driver=None):
    """Allocate through the driver, in the context that the engine has made."""
    driver = driver or ctypes.CDLL("libcuda.so.1")
    context, at = ctypes.c_void_p(), ctypes.c_uint64()
    free, total = ctypes.c_size_t(), ctypes.c_size_t()

    def call(name, *arguments):
        if code := getattr(driver, name)(*arguments):
            raise OSError(f"{name} fails with {code}")

    call("cuInit", 0)
    call("cuDevicePrimaryCtxRetain", ctypes.byref(context), 0)
    call("cuCtxSetCurrent", context)
    call("cuMemGetInfo_v2", ctypes.byref(free), ctypes.byref(total))
    piece = free.value
    while free.value > left and piece >= MIB:
        piece = min(piece, free.value - left)
        if driver.cuMemAlloc_v2(ctypes.byref(at), ctypes.c_size_t(piece)):
            piece //= 2  # there is no gap so large
        call("cuMemGetInfo_v2", ctypes.byref(free), ctypes.byref(total))


if __name__ == "__main__":
    import tbrnn

    main(**json.loads(sys.argv[1]))
