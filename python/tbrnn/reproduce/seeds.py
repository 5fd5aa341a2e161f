"""Where every random number of an experiment comes from.

A seed is a tuple of words that says what is drawn: never where it stands in a list, nor how many
others are drawn. So any subset of runs, networks and ranks repeats the numbers of the whole.
"""

from zlib import crc32

Entropy = tuple[int, ...]


def word(name: str) -> int:
    """A name as a number."""
    return crc32(name.encode())


def data(seed: int, experiment: str, use: str, run: int | None = None) -> Entropy:
    """Trials for some use: of one run, or shared by all."""
    shared = (seed, word(experiment), word(f"{use} data"))
    return shared if run is None else (*shared, run)


def network(seed: int, experiment: str, name: str, run: int) -> Entropy:
    """The first attempt at one network of a run; `tbrnn.fit` appends the number of later ones."""
    return (seed, word(experiment), word(name), run)
