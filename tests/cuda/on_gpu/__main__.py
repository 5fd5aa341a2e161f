"""python tests/cuda/on_gpu COMMAND [--emulated] [--json PATH] [--commit NAME]"""

import argparse
import sys
import time
import traceback
from importlib import import_module
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[i]) for i in (1, 2)]

import on_gpu  # noqa: E402
from on_gpu import building, report  # noqa: E402
from on_gpu.machine import BUILD, SOURCE, Missing, provenance, this_machine  # noqa: E402

COMMANDS = ("parity", "sanitize", "bench")


def main(words=None):
    parser = argparse.ArgumentParser(
        "on_gpu", description=on_gpu.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--emulated", action="store_true", help="what needs no GPU, tiny")
    parser.add_argument("--json", type=Path, help="default: build/on_gpu/COMMAND.json")
    parser.add_argument("--commit", default="", help="of a tree that is no git checkout")
    asked = parser.parse_args(words)
    start = time.monotonic()
    try:
        machine = this_machine(emulated=asked.emulated)
        building_took = 0.0
        if not asked.emulated:
            building_took = building.build(machine)
            sys.path.insert(0, str(SOURCE / "python"))
        command = import_module(f"on_gpu.{asked.command}")
        path = asked.json or BUILD / f"{asked.command}.json"
        origin = provenance(machine, asked.commit)
        for found in growing(command.rows(machine)):
            seconds = time.monotonic() - start
            everything = report.content(asked.command, found, origin, seconds, building_took)
            report.write(path, everything)
    except Missing as reason:
        print(f"on_gpu {asked.command}: {reason}", file=sys.stderr)
        return 2
    print(*report.heading(everything), sep="\n")
    print(*report.table(list(command.summary(found)), command.COLUMNS), sep="\n")
    return 0 if everything["ok"] else 1


def growing(rows):
    """All rows so far, each second, lest the command be cut short; and in the end.

    Rows that break off leave behind those before.
    """
    found, last = [], time.monotonic()
    try:
        for row in rows:
            found.append(row)
            if time.monotonic() > last + 1:
                yield found
                last = time.monotonic()
    except Missing:
        raise
    except Exception as reason:
        traceback.print_exc()
        note = f"the command broke off: {reason}"
        found.append({"ok": False, "raised": type(reason).__name__, "note": note})
    yield found


if __name__ == "__main__":
    sys.exit(main())
