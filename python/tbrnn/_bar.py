"""Progress bars: on a terminal, for work that lasts more than a second."""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from tbrnn._arguments import switch

if TYPE_CHECKING:
    from tbrnn._engine import Trainer

T = TypeVar("T")

DELAY = 1.0  # seconds before a bar appears


def each(items: Iterable[T], work: str, unit: str) -> Iterable[T]:
    """The items of some work one after the other, counted on a bar."""
    from tqdm import tqdm

    return tqdm(items, work, unit=f" {unit}", disable=None, delay=DELAY, leave=False)


class Bar:
    """A bar over the epochs of all members.

    `show` None shows it on a terminal only, True anywhere, False nowhere.
    """

    def __init__(self, epochs: int, show: bool | None) -> None:
        from tqdm import tqdm  # here, because it takes longer to import than the rest of us

        if show is not None:
            switch("progress", show)
        self.bar: Any = tqdm(
            total=epochs,
            disable=None if show is None else not show,
            delay=0.0 if show else DELAY,
            unit=" epochs",
            unit_scale=True,
            dynamic_ncols=True,
        )

    def update(self, trainer: Trainer) -> None:
        """Show where the training is."""
        if trainer.finished == trainer.members:
            self.bar.total = trainer.epochs_done  # early ends leave epochs undone
        self.bar.set_postfix_str(f"{trainer.finished}/{trainer.members} networks", refresh=False)
        self.bar.update(trainer.epochs_done - self.bar.n)

    def __enter__(self) -> Bar:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.bar.close()
