"""The tables of Fig 3 as they are printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tbrnn.reproduce.fig3 import published
from tbrnn.reproduce.fig3.protocol import Protocol
from tbrnn.reproduce.fig3.truncations import METHODS
from tbrnn.reproduce.record import Record
from tbrnn.reproduce.report import Value, number, shown, spread

NAMES = {"lint": "LINT", **METHODS}


def tables(
    records: Sequence[Record],
    curves: Mapping[str, NDArray[np.float64]],
    new: Mapping[str, NDArray[np.float64]],
    found: Mapping[str, Value],
    protocol: Protocol,
) -> dict[str, list[list[str]]]:
    """By heading, rows of words.

    Parameters
    ----------
    records
        Of all runs.
    curves, new : dict from method to array (rank, run)
        Accuracy on the training trials, and on new ones.
    found : dict from name to Value
    protocol
    """
    return {
        "Mean accuracy on the training trials by rank, and on new trials in brackets": _rows(
            curves, new, found, protocol
        ),
        "Published: mean accuracy on the training trials by rank": _published_rows(protocol),
        "Cosine between tensors of teacher and student, median over runs": _cosine_rows(found),
        "Teachers": _teacher_rows(records),
        "One teacher's states": _state_rows(found),
    }


def _rows(
    curves: Mapping[str, NDArray[np.float64]],
    new: Mapping[str, NDArray[np.float64]],
    found: Mapping[str, Value],
    protocol: Protocol,
) -> list[list[str]]:
    rows = [["method", "runs", *(str(rank) for rank in protocol.networks.student.ranks)]]
    for method, curve in curves.items():
        if not curve.size:
            continue
        words = [
            f"{shown(found[f'{NAMES[method]}, rank {rank}'])} [{number(spread(held)[0])}]"
            for rank, held in zip(protocol.networks.student.ranks, new[method], strict=True)
        ]
        rows.append([NAMES[method], str(curve.shape[1]), *words])
    return rows


def _published_rows(protocol: Protocol) -> list[list[str]]:
    ranks = [rank for rank in protocol.networks.student.ranks if rank in published.RANKS]
    rows = [["method", "", *(str(rank) for rank in ranks)]]
    titles = {"lint": "LINT", "slice": "slice TCA", "tt": "TT", "tca": "TCA"}
    curves = [
        (titles[method], runs, curve)
        for method, both in published.ACCURACY.items()
        for runs, curve in both.items()
    ]
    curves.append(("slice TCA", "21 runs as TT", published.SLICE_REGULAR))
    curves.append(("slice TCA", "5 other runs", published.SLICE_IRREGULAR))
    for title, runs, curve in sorted(
        curves, key=lambda entry: list(titles.values()).index(entry[0])
    ):
        places = [published.RANKS.index(rank) for rank in ranks]
        rows.append([title, runs, *(number(curve[place]) for place in places)])
    return rows


def _cosine_rows(found: Mapping[str, Value]) -> list[list[str]]:
    names = [name for name in found if name.startswith("cosine")]
    rows = [[name, shown(found[name]), number(found[name].published)] for name in names]
    return [["", "ours", "publ. (one pair)"], *rows]


def _teacher_rows(records: Sequence[Record]) -> list[list[str]]:
    rows = [["teacher", "accepted", "attempts", "accepted per attempt", "accuracy", "new trials"]]
    for name, title in (("teacher", "full, 3b"), ("example_teacher", "rank one, 3c")):
        some = [record for record in records if record.network == name]
        good = [record for record in some if record.accepted]
        attempts = sum(record.attempts for record in some)
        means = [
            spread([record.scores[score] for record in good])[0]
            for score in ("training_accuracy", "accuracy")
        ]
        rate = f"{len(good) / attempts:.2f}" if attempts else "-"
        counts = [f"{len(good)} of {len(some)}", str(attempts), rate]
        rows.append([title, *counts, *(number(mean) for mean in means)])
    return rows


def _state_rows(found: Mapping[str, Value]) -> list[list[str]]:
    names = ("variance along 3 components", "participation ratio")
    some = [found[name] for name in names if name in found]
    rows = [[value.name, number(value.ours), number(value.published)] for value in some]
    return [["", "ours", "publ."], *rows]
