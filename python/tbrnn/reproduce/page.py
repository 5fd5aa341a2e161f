"""Pages of panels: their small type, and the file."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TICKS, LABELS = 7, 8  # points


def small(ax: Axes) -> None:
    """The type of a panel, by which several fit on a page."""
    ax.tick_params(labelsize=TICKS)
    ax.xaxis.label.set_fontsize(LABELS)
    ax.yaxis.label.set_fontsize(LABELS)


def png(page: Figure, dpi: int) -> bytes:
    """A picture as the content of a file."""
    content = BytesIO()
    page.savefig(content, dpi=dpi)
    return content.getvalue()
