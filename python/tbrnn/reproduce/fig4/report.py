"""Fig 4 beside the published numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, combinations_with_replacement
from typing import Any

import numpy as np

from tbrnn._extras import installed
from tbrnn.analysis import (
    BlockStatistics,
    block_statistics,
    centroids,
    classical_mds,
    smacof,
)
from tbrnn.errors import Mistake
from tbrnn.reproduce.fig4 import published
from tbrnn.reproduce.fig4.measured import REST, Array, Measured
from tbrnn.reproduce.fig4.networks import CLASSES, NAMES
from tbrnn.reproduce.fig4.protocol import Protocol, load_protocol
from tbrnn.reproduce.fig4.published import Pair
from tbrnn.reproduce.presets import differences
from tbrnn.reproduce.record import Record
from tbrnn.reproduce.report import Ordering, Report, Value, falls, number, shown, spread

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
        title=f"Fig 4, preset {protocol.preset}: {protocol.runs} runs",
        values=values,
        orderings=_orderings(measured, found),
        tables={
            "Networks: training trials, and test trials in brackets": _network_rows(records),
            "Distances between states, 1 - uncentred CKA": _distance_rows(measured, found),
            "Distances between the groups' centres in two dimensions": _centre_rows(found),
            "Cosine between the two remembered states": _cosine_rows(measured, found),
        },
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
    for pair, block in _blocks(measured.distance, measured).items():
        theirs = published.DISTANCES[pair][0]
        bound = NEAR if judged else None
        values.append(Value(_pair_name("distance", pair), block.mean, theirs, bound))
    for pair, block in _blocks(measured.centred, measured).items():
        values.append(Value(_pair_name("centred distance", pair), block.mean))
    return values


def _blocks(matrix: Array, measured: Measured) -> dict[Pair, BlockStatistics]:
    """Statistics of the distances by pair of groups, in the order of the classes."""
    found = block_statistics(matrix, measured.groups)
    pairs = combinations_with_replacement(CLASSES, 2)
    return {pair: found[pair] for pair in pairs if pair in found}


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
            name = _pair_name(f"{method} centres", pair)
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
        found.get(_pair_name("classical centres", pair))
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


def _network_rows(records: Sequence[Record]) -> list[list[str]]:
    head = ["network", "runs", "mean epochs", "publ.", "median loss", "", "publ.", "accuracy", ""]
    rows = [head]
    for name in CLASSES:
        some = [record for record in records if record.network == name]
        if not some:
            continue
        epochs, loss = published.LOGS[name]
        rows.append(
            [
                NAMES[name],
                str(len(some)),
                f"{np.mean([record.epochs for record in some]):.0f}",
                str(epochs),
                f"{np.median([record.best_loss for record in some]):.1e}",
                f"[{_median(some, 'test_loss'):.1e}]",
                f"{loss:.1e}",
                f"{_median(some, 'training_accuracy'):.4f}",
                f"[{_median(some, 'accuracy'):.4f}]",
            ]
        )
    return rows


def _distance_rows(measured: Measured, found: Mapping[str, Value]) -> list[list[str]]:
    rows = [["", "", "mean", "", "std", "", "median", "", "centred mean"]]
    rows += [["pair", "pairs", *["ours", "publ."] * 3, "ours"]]
    for pair, block in _blocks(measured.distance, measured).items():
        mean, std, median = published.DISTANCES[pair]
        rows.append(
            [
                " - ".join(NAMES[name] for name in pair),
                str(block.pairs),
                shown(found[_pair_name("distance", pair)]),
                number(mean),
                number(block.std),
                number(std),
                number(block.median),
                number(median),
                number(found[_pair_name("centred distance", pair)].ours),
            ]
        )
    return rows


def _centre_rows(found: Mapping[str, Value]) -> list[list[str]]:
    rows = [["pair", "classical", "publ.", "SMACOF", "publ."]]
    for pair, theirs in published.CENTRES.items():
        some = [found.get(_pair_name(f"{how} centres", pair)) for how in ("classical", "SMACOF")]
        if some[0] is not None:
            ours = ["-" if value is None else shown(value) for value in some]
            words = [word for v, t in zip(ours, theirs, strict=True) for word in (v, number(t))]
            rows.append([" - ".join(NAMES[name] for name in pair), *words])
    return rows


def _cosine_rows(measured: Measured, found: Mapping[str, Value]) -> list[list[str]]:
    rows = [["network", "remember", "median", "least", "most", "above 0.9", "publ. (one network)"]]
    for name in CLASSES:
        of = measured.groups == name
        if of.any():
            cosines = measured.cosines(name)
            ends = [np.min, np.max] if cosines.size else []
            rows.append(
                [
                    NAMES[name],
                    f"{int((of & measured.remember).sum())} of {int(of.sum())}",
                    number(spread(cosines)[2]),
                    *(number(float(end(cosines))) for end in ends),
                    *([] if ends else ["-", "-"]),
                    f"{int((cosines > 0.9).sum())}",
                    number(published.COSINES.get(name)),
                ]
            )
    return rows


def _left_out() -> list[str]:
    return (
        []
        if installed("sklearn")
        else ["SMACOF: needs scikit-learn, pip install 'tbrnn[analysis]'"]
    )


def _pair_name(what: str, pair: Pair) -> str:
    return f"{what}, {' - '.join(NAMES[name] for name in pair)}"


def _median(records: Sequence[Record], score: str) -> float:
    return float(np.median([record.scores[score] for record in records]))
