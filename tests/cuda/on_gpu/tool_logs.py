"""What a process says of the cases that it runs, under a tool of compute-sanitizer or without."""

import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from itertools import zip_longest
from pathlib import Path
from threading import Timer

SECONDS = 100  # for one case
SUMMARY = re.compile(
    r"(?:ERROR SUMMARY: (\d+) errors?"
    r"|RACECHECK SUMMARY: \d+ hazards? displayed \((\d+) errors?, (\d+) warnings?\))"
)
FOUND = re.compile("Error|Invalid|Uninitialized|Barrier|Warning|Program hit|Traceback")
FINISHED = "the tiny trainings have finished"


def logs(words, count, seconds=SECONDS):
    """What is said of one case after the other, and the exit code with the last; None before."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    out = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    out |= {"text": True, "errors": "replace"}
    late, log, seen = [], [], 0
    with subprocess.Popen(words, env=environment, **out) as process:

        def clock():
            timer = Timer(seconds, stop)
            timer.start()
            return timer

        def stop():
            late.append(f"Error: took more than {seconds} s\n")
            kill(process)

        timer = clock()
        try:
            for line in process.stdout:
                log.append(line)
                if line.startswith(FINISHED) and seen + 1 < count:
                    timer.cancel()
                    yield "".join(log), None
                    log, seen, timer = [], seen + 1, clock()
            yield "".join(log + late), process.wait()
        finally:
            timer.cancel()
            kill(process)


def kill(process):
    """And the program that a tool has started."""
    if process.poll() is None:
        started = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        for number in started.read_text().split() if started.exists() else ():
            with suppress(ProcessLookupError):
                os.kill(int(number), signal.SIGKILL)
        process.kill()


def verdict(log, exit_code, under=True):
    """What a log says; with the last case's comes what the tool has counted in all.

    A warning of racecheck is a hazard that changes nothing that is read: it is counted as an error.
    """
    first = first_error(log)
    if not under:
        ended = FINISHED in log and not exit_code
        return {"errors": None, "ok": ended, "note": first or "without the tool"}
    if exit_code is None:
        count = sum(1 for _ in errors(log))
        return {"errors": count, "ok": count == 0, "note": first}
    counts = [sum(int(n) for n in found if n) for found in SUMMARY.findall(log)]
    if not counts:
        return {"errors": None, "ok": False, "note": "no summary: " + (first or "empty")}
    if FINISHED not in log:
        return {"errors": sum(counts), "ok": False, "note": first or "did not finish"}
    clean = sum(counts) == 0 and exit_code == 0 and not first
    return {"errors": sum(counts), "ok": clean, "note": first}


def errors(log):
    """Of each that was found the line that says what, and the next one, which says where."""
    lines = [re.sub(r"^=+ *", "", line).strip() for line in log.splitlines()]
    for line, after in zip_longest(lines, lines[1:], fillvalue=""):
        if FOUND.match(line):
            yield f"{line} {after}" if after.startswith("at ") else line


def first_error(log):
    return next(errors(log), "")
