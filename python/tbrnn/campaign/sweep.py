"""Sweeps: networks over a grid of settings and seeds, in a folder that survives anything."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tbrnn._threads import thread_count
from tbrnn.campaign.checks import check_members
from tbrnn.campaign.folder import begun
from tbrnn.campaign.lines import Lines
from tbrnn.campaign.plan import Shard, plan_sweep, shard_folder
from tbrnn.campaign.reading import read_configuration
from tbrnn.campaign.shards import Executor, check_executor, merge_shards, run_shards
from tbrnn.campaign.work import Manner, complete


def sweep(
    configuration: str | os.PathLike[str] | Mapping[str, Any],
    *,
    out: str | os.PathLike[str],
    shard: Shard | None = None,
    executor: Executor | None = None,
    shards: int | None = None,
    threads: int | None = None,
    progress: bool | None = None,
    tell: Callable[[str], None] = lambda stage: None,
) -> list[dict[str, Any]]:
    """Train a network for every combination of a grid's values and seeds.

    A folder keeps what is finished, and twice a minute what is not; a call that was killed goes on
    from there, with the same numbers. Networks with the same seed, class and rank start from the
    same weights.

    Parameters
    ----------
    configuration : path, str or mapping
        A YAML file, the name of an installed one (``"flipflop_sweep"``), or its content: sections
        ``task``, ``trials``, ``model``, ``training``, ``grid`` (dotted keys with lists of values)
        and ``seeds`` (a count or a list).
    out : path
        The folder: ``networks.jsonl`` (one line per finished network), ``weights/ID.safetensors``
        (of its smallest loss), ``history/ID.npz``, ``campaign.json`` and, meanwhile,
        ``checkpoints``.
    shard : (int, int), optional
        (i, n): only every n-th network, from the i-th on (counted from 1), into the folder
        ``out/shard-i-of-n``. A later call without it takes over what shards have finished.
    executor : object with ``submit``, optional
        Runs `shards` shards - in processes, or on machines that share the folder - and waits; then
        this call merges them. An executor of `concurrent.futures` or a `dask.distributed.Client`.
    shards : int, optional
        How many; needed with an executor, and not allowed without.
    threads : int, optional
        Of each shard; all processors by default.
    progress : bool, optional
        A progress bar, as in `tbrnn.fit`.
    tell : callable, optional
        Is told in a few words what comes next.

    Returns
    -------
    list of dict
        One per network, in the order of the grid: ``id``, the varied keys, ``seed``, ``attempts``,
        ``rollbacks``, ``status``, ``epochs``, ``best_epoch``, ``best_loss``, ``last_loss``,
        ``accuracy`` and ``test_loss`` on the test trials (the share of outputs with the target's
        sign, for ``logistic`` on its side of 1/2, for ``cross_entropy`` of right classes; and the
        loss that was trained), ``seconds`` (the network's share of its call's wall time) and where
        it comes from (``version``, ``config``, ``instruction_set``, ``device``).
        What is not finite, or not measured, is None.

    Raises
    ------
    ValueError
        Naming the key, what was expected and what was given, before any work.
    ChangedConfiguration, FolderInUse, OSError
        If `out` was begun with another configuration, is in use, or cannot be written.

    Examples
    --------
    >>> import tempfile, tbrnn
    >>> configuration = {
    ...     "task": {"class": "FlipFlop", "bits": 1, "steps": 20},
    ...     "trials": {"train": 16, "test": 8},
    ...     "model": {"class": "LowRankRNN", "units": 10},
    ...     "training": {"epochs": 20, "stall": None},
    ...     "grid": {"model.rank": [1, 2]},
    ...     "seeds": 2,
    ... }
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     lines = tbrnn.sweep(configuration, out=folder)
    >>> [(line["model.rank"], line["seed"], line["status"]) for line in lines]
    [(1, 0, 'capped'), (1, 1, 'capped'), (2, 0, 'capped'), (2, 1, 'capped')]
    """
    check_executor(executor, shards, shard)
    content, base = read_configuration(configuration)
    plan, folder = plan_sweep(content, base), Path(out)
    manner = Manner(thread_count(threads), progress, tell)

    def gather(lines: Lines) -> None:
        if executor is not None and shards is not None:
            run_shards(executor, shards, content, base, folder, manner.threads)
        merge_shards(folder, plan, lines)

    if executor is None and not begun(shard_folder(folder, shard)):
        check_members(plan.part(shard))
    if shard is not None:
        return complete(plan, folder, shard, manner)
    return complete(plan, folder, None, manner, before=gather)
