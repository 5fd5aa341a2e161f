"""Batches: members that train in one call of `tbrnn.fit`, and what becomes of each."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tbrnn._engine import VERSION, engine_info
from tbrnn.campaign.members import Member
from tbrnn.campaign.options import call_options, member_options
from tbrnn.campaign.scores import finite, test_scores
from tbrnn.runs import Runs
from tbrnn.train import fit
from tbrnn.trials import Trials

AT_MOST = 64  # members of a batch: their lines come together, and a kill costs one batch


@dataclass(frozen=True, eq=False)
class Batch:
    """Members after their training.

    Attributes
    ----------
    members : list of Member
    runs : Runs
    lines : list of dict
        One per member, of plain values, as `sweep` returns them.
    """

    members: Sequence[Member]
    runs: Runs
    lines: list[dict[str, Any]]


def batches(members: Sequence[Member]) -> list[list[Member]]:
    """Members in as few calls as possible; those of equal model are neighbours.

    Members of a call have equally long trials and the same precision. Which members a batch has
    does not depend on how many of them are finished.
    """
    groups: dict[str, list[Member]] = {}
    for member in members:
        groups.setdefault(_call(member), []).append(member)
    return [
        group[first : first + AT_MOST]
        for group in (sorted(one, key=lambda member: repr(member.model)) for one in groups.values())
        for first in range(0, len(group), AT_MOST)
    ]


def train_batch(
    members: Sequence[Member],
    *,
    config: str,
    threads: int | None = None,
    progress: bool | None = None,
    checkpoint: Path | None = None,
) -> Batch:
    """Train members in one call, and test the weights of their smallest losses.

    Raises
    ------
    KeyboardInterrupt
        Upon Ctrl-C; `checkpoint` holds what was trained so far.
    """
    sources = list({id(member.source): member.source for member in members}.values())
    dataset = [sources.index(member.source) for member in members]
    validation = [_bare(one.validation) for one in sources if one.validation is not None]
    began = time.perf_counter()
    runs = fit(
        [member.model for member in members],
        Trials.stack([_bare(one.training) for one in sources]),
        validation=Trials.stack(validation) if validation else None,
        validation_dataset=dataset if validation else None,
        members=[member.seed for member in members],
        seed=[member.entropy for member in members],
        dataset=dataset,
        threads=threads,
        progress=progress,
        checkpoint=checkpoint,
        **call_options(members[0].training),
        **member_options(members),
    )
    if runs.interrupted:
        raise KeyboardInterrupt
    seconds = (time.perf_counter() - began) * runs.epochs / max(1, runs.epochs.sum())
    made = {
        "version": VERSION,
        "config": config,
        "instruction_set": engine_info()["instruction_set"],
        "device": str(runs.device[0]),  # one call, one device
    }
    scores = _scores(members, runs, threads)
    lines = [
        {
            "id": member.id,
            **member.varied,
            "seed": member.seed,
            **_fate(runs, i),
            **scores[i],
            "seconds": round(float(seconds[i]), 3),
            **made,
        }
        for i, member in enumerate(members)
    ]
    return Batch(members, runs, lines)


def _fate(runs: Runs, i: int) -> dict[str, Any]:
    return {
        "attempts": int(runs.attempts[i]),
        "rollbacks": int(runs.rollbacks[i]),
        "status": str(runs.status[i]),
        "epochs": int(runs.epochs[i]),
        "best_epoch": int(runs.best_epoch[i]),
        "best_loss": finite(runs.best_loss[i]),
        "last_loss": finite(runs.last_loss[i]),
    }


def _scores(
    members: Sequence[Member], runs: Runs, threads: int | None
) -> list[dict[str, float | None]]:
    """Accuracy and loss on the test trials, without noise; None without test trials."""
    scores: list[dict[str, float | None]] = []
    for member, network in zip(members, runs.best, strict=True):
        test = member.source.test
        if test is None:
            scores.append({"accuracy": None, "test_loss": None})
            continue
        scores.append(test_scores(network, _bare(test), member.training.loss, threads))
    return scores


def _bare(trials: Trials) -> Trials:
    """Without the table of conditions, which networks do not see."""
    return Trials(**trials.arrays()) if trials.conditions else trials


def _call(member: Member) -> str:
    """Equal for members that can train in one call."""
    trials = (member.source.training, member.source.validation)
    shapes = [one and {name: array.shape for name, array in one.arrays().items()} for one in trials]
    return repr((call_options(member.training), shapes))
