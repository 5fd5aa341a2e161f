"""The tables of Fig 4 as they are printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations_with_replacement

import numpy as np

from tbrnn.analysis import BlockStatistics, block_statistics
from tbrnn.reproduce.fig4 import published
from tbrnn.reproduce.fig4.measured import Array, Measured
from tbrnn.reproduce.fig4.networks import CLASSES, NAMES
from tbrnn.reproduce.fig4.published import Pair
from tbrnn.reproduce.record import Record
from tbrnn.reproduce.report import Value, number, shown, spread


def tables(
    records: Sequence[Record], measured: Measured, found: Mapping[str, Value]
) -> dict[str, list[list[str]]]:
    """By heading, rows of words; values by name."""
    return {
        "Networks: training trials, and test trials in brackets": _network_rows(records),
        "Distances between states, 1 - uncentred CKA": _distance_rows(measured, found),
        "Distances between the groups' centres in two dimensions": _centre_rows(found),
        "Cosine between the two remembered states": _cosine_rows(measured, found),
    }


def blocks(matrix: Array, measured: Measured) -> dict[Pair, BlockStatistics]:
    """Statistics of the distances by pair of groups, in the order of the classes."""
    found = block_statistics(matrix, measured.groups)
    pairs = combinations_with_replacement(CLASSES, 2)
    return {pair: found[pair] for pair in pairs if pair in found}


def pair_name(what: str, pair: Pair) -> str:
    """What a value of two groups is called."""
    return f"{what}, {' - '.join(NAMES[name] for name in pair)}"


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
    for pair, block in blocks(measured.distance, measured).items():
        mean, std, median = published.DISTANCES[pair]
        rows.append(
            [
                " - ".join(NAMES[name] for name in pair),
                str(block.pairs),
                shown(found[pair_name("distance", pair)]),
                number(mean),
                number(block.std),
                number(std),
                number(block.median),
                number(median),
                number(found[pair_name("centred distance", pair)].ours),
            ]
        )
    return rows


def _centre_rows(found: Mapping[str, Value]) -> list[list[str]]:
    rows = [["pair", "classical", "publ.", "SMACOF", "publ."]]
    for pair, theirs in published.CENTRES.items():
        some = [found.get(pair_name(f"{how} centres", pair)) for how in ("classical", "SMACOF")]
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


def _median(records: Sequence[Record], score: str) -> float:
    return float(np.median([record.scores[score] for record in records]))
