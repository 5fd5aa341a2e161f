"""Shards: parts of a sweep that run by themselves, anywhere, and merge exactly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from tbrnn._arguments import whole
from tbrnn.campaign.checks import check_members
from tbrnn.campaign.files import history_of, shard_folders, weights_of
from tbrnn.campaign.folder import begun, hold
from tbrnn.campaign.lines import Lines
from tbrnn.campaign.plan import Plan, Shard, plan_sweep, shard_folder
from tbrnn.campaign.work import Manner, complete, lines_of
from tbrnn.errors import mistake, wrong_type
from tbrnn.io import write_atomically


class Executor(Protocol):
    """What runs shards: an executor of `concurrent.futures`, a `dask.distributed.Client`, ..."""

    def submit(self, fn: Callable[..., Any], /, *args: Any) -> Any:
        """Run ``fn(*args)`` somewhere; ``.result()`` of what is returned waits for it."""


def check_executor(executor: object, shards: object, shard: Shard | None) -> None:
    """An executor comes with a number of shards, and without a shard of its own."""
    if executor is None:
        if shards is not None:
            raise mistake("shards", "left out without an executor", shards)
        return
    if not callable(getattr(executor, "submit", None)):
        raise wrong_type("executor", "an object with submit(fn, *args)", executor)
    if shard is not None:
        raise mistake("shard", "left out with an executor, which runs all of them", shard)
    whole("shards", shards, least=1)


def run_shards(
    executor: Executor,
    shards: int,
    content: Mapping[str, Any],
    base: Path,
    out: Path,
    threads: int,
) -> None:
    """Run all shards to their ends, then raise the first error of any."""
    places = base.resolve(), out.resolve()
    futures = [
        executor.submit(_run_shard, dict(content), *places, (i, shards), threads)
        for i in range(1, shards + 1)
    ]
    errors = []
    for future in futures:
        try:
            future.result()
        except Exception as error:
            errors.append(error)
    if errors:
        raise errors[0]


def _run_shard(
    content: Mapping[str, Any], base: Path, out: Path, shard: Shard, threads: int
) -> int:
    """Finish a shard in whatever process this is; how many networks it has."""
    plan = plan_sweep(content, base)
    if not begun(shard_folder(out, shard)):
        check_members(plan.part(shard))
    return len(complete(plan, out, shard, Manner(threads, progress=False)))


def merge_shards(out: Path, plan: Plan, lines: Lines) -> None:
    """Take over what shards have finished: weights and histories, then the lines."""
    for part in shard_folders(out):
        with hold(part, plan.manifest):
            finished = {line["id"] for line in lines.entries}
            new = [line for line in lines_of(part).entries if line["id"] not in finished]
        for line in new:
            for file_of in (weights_of, history_of):
                _copy(file_of(part, line["id"]), file_of(out, line["id"]))
        lines.append(new)


def _copy(source: Path, target: Path) -> None:
    if source.exists():
        target.parent.mkdir(exist_ok=True)
        write_atomically(target, source.read_bytes())
