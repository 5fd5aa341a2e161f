"""Teachers whose tensors are truncated: how accurate what is left is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import tbrnn
from tbrnn import connectivity
from tbrnn._extras import installed
from tbrnn.campaign import Lines
from tbrnn.reproduce.campaign import Campaign
from tbrnn.reproduce.fig3.networks import accepted, scores, test_trials, training_trials
from tbrnn.reproduce.fig3.protocol import Protocol
from tbrnn.reproduce.lines import records_of, stored
from tbrnn.reproduce.record import Record

TRUNCATIONS = "truncations.jsonl"
METHODS = {
    "tt": "TT = slices (r, 0, 0)",
    "slices": "slices (r, r, r)",
    "tca": "TCA (CP)",
}


@dataclass(frozen=True)
class Truncated:
    """A teacher with a truncated tensor: accuracy on its training trials, and on new ones."""

    run: int
    method: str
    rank: int
    training_accuracy: float
    accuracy: float

    @property
    def place(self) -> tuple[int, str, int]:
        """Which truncation it is."""
        return self.run, self.method, self.rank


def known_methods() -> list[str]:
    """Those whose libraries are there."""
    return [method for method in METHODS if method != "tca" or installed("tensorly")]


def truncations(campaign: Campaign[Protocol, Record]) -> list[Truncated]:
    """All truncations of all accepted teachers; those in the folder are not computed again."""
    folder = campaign.store.folder
    lines = None if folder is None else Lines(folder / TRUNCATIONS)
    found = {one.place: one for one in (_read(lines.path, lines.entries) if lines else ())}
    ranks = campaign.protocol.networks.student.ranks
    for record in accepted(campaign.store, "teacher"):
        places = [(record.run, method, rank) for method in known_methods() for rank in ranks]
        if missing := [place for place in places if place not in found]:
            campaign.tell(f"truncations of run {record.run}")
            new = _truncated(campaign, record.run, missing)
            found |= {one.place: one for one in new}
            if lines:
                lines.append(asdict(one) for one in new)
    return [found[place] for place in sorted(found)]


def read_truncations(path: Path) -> list[Truncated]:
    """The lines of a ``truncations.jsonl``."""
    return list(_read(path, stored(path)))


def _truncated(
    campaign: Campaign[Protocol, Record], run: int, places: list[tuple[int, str, int]]
) -> list[Truncated]:
    protocol, teacher = campaign.protocol, campaign.store.network(("teacher", run, None))
    truncate = _methods(protocol)
    nets = tbrnn.Ensemble.concatenate(truncate[method](teacher, rank) for _, method, rank in places)
    own, new = training_trials(protocol, "teacher", [run]), test_trials(protocol, "teacher")
    scored = scores(nets, own, [0] * len(places), new, campaign.threads)
    return [
        Truncated(*place, float(scored["training_accuracy"][i]), float(scored["accuracy"][i]))
        for i, place in enumerate(places)
    ]


def _methods(protocol: Protocol) -> dict[str, Callable[[tbrnn.Ensemble, int], tbrnn.Ensemble]]:
    how = protocol.truncation
    return {
        "tt": connectivity.truncate_svd,
        "slices": lambda net, rank: connectivity.truncate_slices(
            net, (rank, rank, rank), sweeps=how.slice_sweeps
        ),
        "tca": lambda net, rank: connectivity.truncate_cp(
            net, rank, sweeps=how.cp_sweeps, tolerance=how.cp_tolerance
        ),
    }


def _read(path: Path, lines: Iterable[dict[str, Any]]) -> Iterator[Truncated]:
    return records_of(path, lines, lambda line: Truncated(**line))
