"""Where every random number of a Table 1 comes from.

A seed is a tuple of words that says what is drawn: never where it stands in a list, nor how many
others are drawn. So any subset of tasks, runs and ranks repeats the numbers of the whole.
"""

from tbrnn.reproduce.seeds import Entropy, word


def training_data(seed: int, task: str, run: int, redrawn: int = 0) -> Entropy:
    """The training trials of one run, shared by its teachers and students; `redrawn` so often."""
    first = (seed, word("training data"), word(task), run)
    return (*first, redrawn) if redrawn else first


def test_data(seed: int, task: str) -> Entropy:
    """The test trials of a task, shared by all runs."""
    return (seed, word("test data"), word(task))


def teacher(seed: int, task: str, run: int, network: str, rank: int, attempt: int) -> Entropy:
    """One attempt at a teacher of class ``network``."""
    return (seed, word("teacher"), word(task), run, word(network), rank, attempt)


def students(seed: int, task: str, run: int, network: str, rank: int) -> Entropy:
    """All students of a teacher; ``tbrnn.lint`` appends the student's class and rank."""
    return (seed, word("student"), word(task), run, word(network), rank)
