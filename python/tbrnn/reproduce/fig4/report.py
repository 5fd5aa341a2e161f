"""Fig 4 beside the published numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from tbrnn._extras import installed
from tbrnn._words import counted
from tbrnn.analysis import centroids, classical_mds, smacof
from tbrnn.errors import Mistake
from tbrnn.reproduce.fig4 import published
from tbrnn.reproduce.fig4.measured import REST, Array, Measured
from tbrnn.reproduce.fig4.protocol import Protocol, load_protocol
from tbrnn.reproduce.fig4.tables import blocks, pair_name, tables
from tbrnn.reproduce.presets import differences
from tbrnn.reproduce.record import Record
from tbrnn.reproduce.report import Ordering, Report, Value, falls, spread

SHOWN = ("rnn", "tbrnn", "gru")  # in the picture
NEAR = 0.1  # from the published mean distance
JUDGED_FROM = 10  # runs of the paper preset


def make_report(
    records: Sequence[Record], measured: Measured, protocol: Protocol, made: Mapping[str, Any]
) -> Report:
    """Set the networks of a Fig 4 beside the published ones."""
    judged = protocol.preset == "paper" and protocol.runs >= JUDGED_FROM
    values = [*_distances(measured, judged), *_centres(measured), *_cosines(measured, judged)]
    found = {value.name: value for value in values}
    return Report(
        experiment="fig4",
        title=f"Fig 4, preset {protocol.preset}: {counted(protocol.runs, 'run')}",
        values=values,
        orderings=_orderings(measured, found),
        tables=tables(records, measured, found),
        protocol_deviations=[
            *differences(protocol, load_protocol("paper")),
            f"what is remembered is read {REST:,} steps after one pulse; published: at two times "
            "of a long trial",
            "the picture places networks by classical scaling; published: by SMACOF, of which the "
            "table has the centres",
        ],
        left_out=_left_out(),
        notes=[
            "published: networks of the trained classes are all kept, however well they learned",
            "published velocities and arrows had the mean subtracted; here they are vectors",
        ],
        provenance=made,
    )


def plane(measured: Measured, method: str = "classical") -> tuple[Array, list[str]] | None:
    """Points in two dimensions, and the groups, of the networks in the picture.

    None for too few networks, or distances that do not span two dimensions.
    """
    rows = np.flatnonzero(np.isin(measured.groups, SHOWN))
    matrix = measured.distance[np.ix_(rows, rows)]
    try:
        scaled = classical_mds(matrix) if method == "classical" else smacof(matrix)
    except Mistake:
        return None
    return scaled.points, [str(name) for name in measured.groups[rows]]


def _distances(measured: Measured, judged: bool) -> list[Value]:
    values = []
    for pair, block in blocks(measured.distance, measured).items():
        theirs = published.DISTANCES[pair][0]
        bound = NEAR if judged else None
        values.append(Value(pair_name("distance", pair), block.mean, theirs, bound))
    for pair, block in blocks(measured.centred, measured).items():
        values.append(Value(pair_name("centred distance", pair), block.mean))
    return values


def _centres(measured: Measured) -> list[Value]:
    values = []
    for place, method in enumerate(("classical", "SMACOF")):
        if method == "SMACOF" and not installed("sklearn"):
            continue
        if (placed := plane(measured, method)) is None:
            continue
        found = centroids(*placed)
        for pair in combinations([name for name in SHOWN if name in found.names], 2):
            first, second = (found.names.index(name) for name in pair)
            ours = float(found.distances[first, second])
            name = pair_name(f"{method} centres", pair)
            values.append(Value(name, ours, published.CENTRES[pair][place]))
    return values


def _cosines(measured: Measured, judged: bool) -> list[Value]:
    two, three = measured.cosines("rnn"), measured.cosines("tbrnn")
    return [
        Value(
            "median cosine, two-body",
            spread(two)[2],
            published.COSINES["rnn"],
            -0.99 if judged else None,
            "below",
        ),
        Value("median cosine, three-body", spread(three)[2], published.COSINES["tbrnn"]),
        Value(
            "share of three-body networks with a cosine above 0.9",
            float(np.mean(three > 0.9)) if three.size else float("nan"),
            None,
            0.5 if judged else None,
            "above",
        ),
    ]


def _orderings(measured: Measured, found: Mapping[str, Value]) -> list[Ordering]:
    two, three = measured.cosines("rnn"), measured.cosines("tbrnn")
    centres = [
        found.get(pair_name("classical centres", pair))
        for pair in (("rnn", "tbrnn"), ("rnn", "gru"), ("tbrnn", "gru"))
    ]
    return [
        Ordering(
            "two-body networks remember in two symmetric fixed points (cosine below -0.99 in all)",
            bool((two < -0.99).all()) if two.size else None,
        ),
        Ordering(
            "three-body networks remember on one ray (cosine above 0.9 in most)",
            bool(np.mean(three > 0.9) > 0.5) if three.size else None,
        ),
        falls(
            "distances of centres: two-body to three-body > two-body to GRU > three-body to GRU",
            *(float("nan") if value is None else value.ours for value in centres),
        ),
    ]


def _left_out() -> list[str]:
    return (
        []
        if installed("sklearn")
        else ["SMACOF: needs scikit-learn, pip install 'tbrnn[analysis]'"]
    )
