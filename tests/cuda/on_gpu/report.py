"""One table, and the same as JSON.

The file holds an object:

    command          "parity", "sanitize" or "bench"
    commit, card, driver, cuda, emulated, date
                     where the numbers come from; `emulated` ones are none
    build_seconds, seconds
                     of the build, and of all
    ok               whether every row is ok
    rows             objects; each has `ok`: true, false, or null for what was not tried, with the
                     reason under `note`; what failed by an exception has its name under `raised`.
                     Numbers have their unit in their name, or are errors relative to the largest
                     entry of the CPU engine's array.

Rows of parity have `check`, `kernel`, `model`, `dtype` ("tf32x3" is float32 with split products),
`case` and the errors beside what is allowed; those of sanitize `tool`, `kernel`, `errors`; those of
bench `workload`, `side`, `ms` (the least), `median_ms`, `sm_mhz` (the card's clock meanwhile),
`must_ms`, `aim_ms`, `verdict`, or `constant`, `us`.
"""

import json

LONGEST = 44  # characters of a column


def table(rows, columns):
    """Lines of text; a row lacks what is not its own."""
    cells = [list(columns)] + [[text(row.get(name)) for name in columns] for row in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    for line in cells:
        yield "  ".join(
            word.ljust(width) for word, width in zip(line, widths, strict=True)
        ).rstrip()


def heading(everything):
    card = "EMULATED: no result" if everything["emulated"] else everything["card"]
    yield f"on_gpu {everything['command']}, {everything['date']}, commit {everything['commit']}"
    yield f"{card}, driver {everything['driver']}, CUDA {everything['cuda']}"
    yield f"{everything['seconds']:.0f} s, {everything['build_seconds']:.0f} s of them the build"
    yield ""


def text(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return "ok" if value else "FAILED"
    if isinstance(value, float):
        return f"{value:.2e}" if 0 < abs(value) < 1e-2 else f"{value:.4g}"
    return str(value) if len(str(value)) <= LONGEST else str(value)[: LONGEST - 3] + "..."


def content(command, rows, origin, seconds, build_seconds):
    return {
        "command": command,
        **origin,
        "build_seconds": round(build_seconds, 1),
        "seconds": round(seconds, 1),
        "ok": all(row["ok"] is not False for row in rows),
        "rows": rows,
    }


def write(path, everything):
    """Written beside its place, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".part")
    beside.write_text(json.dumps(everything, indent=1) + "\n")
    beside.replace(path)
