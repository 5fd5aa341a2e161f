"""The cases of `parity` in processes of their own: what breaks one leaves the others.

A group is a network class at a size; its process prints one row a line, and a line when it is done
with a case. It ends with the first case in which the device fails, dies or hangs, and another takes
the rest of the group.
"""

import json
import os
import sys
import time
from contextlib import closing
from functools import partial

from on_gpu import side_by_side
from on_gpu.cases import cases
from on_gpu.tool_logs import FINISHED, logs

SIZES = (32, 64, 128, 256, 1024)
OF_CASE = 60  # seconds that one may take
FAULTS = ("RuntimeError", "BackendUnavailable")  # after which a process has no device any more


def groups():
    """(name, places among the cases), the largest first."""
    found = {}
    for place, case in enumerate(cases()):
        size = next(most for most in SIZES if case.model.units <= most)
        found.setdefault((type(case.model).__name__, size), []).append(place)
    return sorted(found.items(), key=lambda group: -len(group[1]))


def rows(seconds):
    """Of all groups, as they are found."""
    end, named = time.time() + seconds, [str(case) for case in cases()]
    jobs = [partial(examine, group[0], places, named, end) for group, places in groups()]
    yield from side_by_side.results(jobs, max(1, (os.cpu_count() or 1) - 2))


def examine(model, places, named, end, put):
    """put(row) for what the processes of a group find, and for each case that ends them."""
    about, left = {"check": "gradient", "model": model}, list(places)
    while left and time.time() < end:
        with closing(logs(command(left), len(left), OF_CASE)) as of_cases:
            for log, exit_code in of_cases:
                case = named[left.pop(0)]
                found = [json.loads(line) for line in log.splitlines() if is_row(line)]
                for row in found:
                    put(row)
                well = found and FINISHED in log and not exit_code
                told = found and found[-1].get("raised") in FAULTS
                if not (well or told):
                    put({**about, "case": case, "ok": False, "note": last_line(log)})
                if FINISHED not in log:
                    break
                if time.time() > end:
                    break
    if left:
        put({**about, "ok": None, "note": f"{len(left)} cases left out: no time"})


def command(places):
    return [sys.executable, "-m", "on_gpu.groups", json.dumps(places)]


def is_row(line):
    return line.startswith("{") and line.endswith("}")


def last_line(log):
    """The last one that says why."""
    lines = [line.strip() for line in log.splitlines() if not is_row(line)]
    said = [line for line in lines if line not in ("", FINISHED)]
    return said[-1] if said else "its process ends without a word"


def main(places):
    from on_gpu.parity import of_case
    from tbrnn._device import open_device

    plugin, _ = open_device()
    everything = list(cases())
    for place in places:
        for row in of_case(everything[place], plugin, False):
            print(json.dumps(row), flush=True)
            if row.get("raised") in FAULTS:
                return
        print(FINISHED, flush=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
