"""What a metric promises: its name and version, its range and what it cannot see."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Metric:
    """The frozen identity of a score that is written into results.

    Attributes
    ----------
    name : str
    version : int
        Name or version changes whenever the same arrays would give another number.
    kind : {"similarity", "distance"}
        Whether larger is more alike, or less.
    range : (float, float)
        Least and largest value.
    invariant_to : str
        What changes of the arrays leave the value as it is.

    Examples
    --------
    >>> from tbrnn.analysis import METRICS
    >>> METRICS["r2_per_trial"].label
    'r2_per_trial/1'
    """

    name: str
    version: int
    kind: Literal["similarity", "distance"]
    range: tuple[float, float]
    invariant_to: str

    @property
    def label(self) -> str:
        """Name and version as results carry them."""
        return f"{self.name}/{self.version}"
