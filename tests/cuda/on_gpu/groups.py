"""The cases of `parity` in processes of their own: what breaks one leaves the others.

A group is a network class at a size; its process prints one row a line.
"""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from on_gpu.cases import cases

SIZES = (32, 64, 128, 256, 1024)


def groups():
    """(name, places among the cases), the largest first."""
    found = {}
    for place, case in enumerate(cases()):
        size = next(most for most in SIZES if case.model.units <= most)
        found.setdefault((type(case.model).__name__, size), []).append(place)
    return sorted(found.items(), key=lambda group: -len(group[1]))


def rows(seconds):
    end = time.time() + seconds
    with ThreadPoolExecutor(max(1, (os.cpu_count() or 1) - 2)) as pool:
        for found in pool.map(lambda group: rows_of(*group, end), groups()):
            yield from found


def rows_of(group, places, end):
    """What the process of a group finds, and a row that has failed where it does not end well."""
    request = json.dumps({"places": places, "end": end})
    process = subprocess.Popen(
        [sys.executable, "-m", "on_gpu.groups", request],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        out, errors = process.communicate(timeout=max(0, end - time.time()) + 30)
        note = "" if process.returncode == 0 else last_line(errors)
    except subprocess.TimeoutExpired:
        process.kill()
        out, note = process.communicate()[0], "its process hangs"
    found = [json.loads(line) for line in out.splitlines() if line.endswith("}")]
    if note:
        found.append({"check": "gradient", "model": group[0], "ok": False, "note": note})
    return found


def last_line(errors):
    return (errors.strip().splitlines() or ["it said nothing"])[-1]


def main(places, end):
    from on_gpu.parity import of_case
    from tbrnn._device import open_device

    plugin, _ = open_device()
    everything = list(cases())
    for number, place in enumerate(places):
        if time.time() > end:
            note = f"{len(places) - number} cases left out: no time"
            print(json.dumps({"check": "gradient", "ok": None, "note": note}))
            return
        for row in of_case(everything[place], plugin, False):
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
