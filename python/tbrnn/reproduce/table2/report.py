"""Table 2 beside the published one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tbrnn._words import counted
from tbrnn.reproduce.presets import differences
from tbrnn.reproduce.record import Record
from tbrnn.reproduce.report import Report, Value, falls, number, shown, spread
from tbrnn.reproduce.table2 import published
from tbrnn.reproduce.table2.networks import NAMES
from tbrnn.reproduce.table2.protocol import Protocol, load_protocol

NEAR = 0.02  # from the published mean alignment
JUDGED_FROM = 10  # runs of the paper preset


def make_report(records: Sequence[Record], protocol: Protocol, made: Mapping[str, Any]) -> Report:
    """Set the networks of a Table 2 beside the published ones."""
    judged = protocol.preset == "paper" and protocol.runs >= JUDGED_FROM
    values = [value for name in NAMES for value in _values(records, name, judged)]
    values += [_wins(records, pair) for pair in published.WINS]
    found = {value.name: value for value in values}
    return Report(
        experiment="table2",
        title=f"Table 2, preset {protocol.preset}: {counted(protocol.runs, 'run')}",
        values=values,
        orderings=[
            falls(
                "CKA on the training trials: RNN < TBRNN < HORNN",
                *(found[f"{NAMES[name]}, CKA"].ours for name in ("hornn", "tbrnn", "rnn")),
            )
        ],
        tables={
            "Mean over runs on the training trials, and on new trials in brackets": _rows(
                records, found
            ),
            "Share of runs in which the second has the larger CKA": [
                ["pair", "ours", "publ."],
                *(_win_row(found[_wins_name(pair)]) for pair in published.WINS),
            ],
            "Mean over runs beside one published run (training trials)": _run_rows(records),
        },
        protocol_deviations=[
            *differences(protocol, load_protocol("paper")),
            "trajectories by Runge-Kutta steps (error 1e-6), published by Radau (relative 1e-3)",
            f"{protocol.test_trials} new trials per run beside the published training trials",
        ],
        notes=[
            "a first state is a concentration, not its logit, as published: "
            "the first frames are off by construction",
            "published scores are of the training trials; nothing was published about new ones",
            _on_new_trials(found),
        ],
        provenance=made,
    )


def _on_new_trials(found: Mapping[str, Value]) -> str:
    """In words, since there the published order may not hold."""
    new = {title: found[f"{title}, CKA, new trials"].ours for title in NAMES.values()}
    order = sorted(new, key=lambda title: -new[title])
    listed = " > ".join(f"{title} ({number(new[title])})" for title in order)
    return f"on new trials, which nothing is trained on, the CKA is {listed}"


def scores_of(records: Sequence[Record], network: str, score: str) -> NDArray[np.float64]:
    """A score of all networks of a class, by run."""
    some = sorted((r for r in records if r.network == network), key=lambda record: record.run)
    return np.array([record.scores[score] for record in some])


def _values(records: Sequence[Record], name: str, judged: bool) -> list[Value]:
    bound = NEAR if judged else None
    values = []
    for label, score, theirs in (("CKA", "cka", published.CKA), ("R2", "r2", published.R2)):
        ours, new = (spread(scores_of(records, name, s))[0] for s in (score, f"test_{score}"))
        held = bound if score == "cka" else None
        values.append(Value(f"{NAMES[name]}, {label}", ours, theirs[name][0], held))
        values.append(Value(f"{NAMES[name]}, {label}, new trials", new))
    return values


def _wins(records: Sequence[Record], pair: tuple[str, str]) -> Value:
    first, second = (scores_of(records, name, "cka") for name in pair)
    return Value(_wins_name(pair), spread(second > first)[0], published.WINS[pair])


def _wins_name(pair: tuple[str, str]) -> str:
    first, second = (NAMES[name] for name in pair)
    return f"{first} < {second}"


def _rows(records: Sequence[Record], found: Mapping[str, Value]) -> list[list[str]]:
    rows = [["", "CKA", "", "", "", "R2", "", "", "", ""]]
    rows.append(["model", *["ours", "std", "new", "publ."] * 2, "mean epochs"])
    for name, title in NAMES.items():
        row = [title]
        for label, score, theirs in (("CKA", "cka", published.CKA), ("R2", "r2", published.R2)):
            row += [
                shown(found[f"{title}, {label}"]),
                number(spread(scores_of(records, name, score))[1]),
                f"[{number(found[f'{title}, {label}, new trials'].ours)}]",
                f"{theirs[name][0]:.3f} +- {theirs[name][1]:.3f}",
            ]
        epochs = [record.epochs for record in records if record.network == name]
        rows.append([*row, f"{np.mean(epochs):.0f}"])
    return rows


def _run_rows(records: Sequence[Record]) -> list[list[str]]:
    rows = [["model", "squared error", "publ.", "pooled R2", "publ.", "on or off", "publ."]]
    for name, title in NAMES.items():
        row = [title]
        for score, theirs in zip(
            ("loss", "r2_pooled", "agreement"), published.RUN[name], strict=True
        ):
            row += [number(spread(scores_of(records, name, score))[0], 4), number(theirs, 4)]
        rows.append(row)
    return rows


def _win_row(value: Value) -> list[str]:
    return [value.name, number(value.ours, 2), number(value.published, 2)]
