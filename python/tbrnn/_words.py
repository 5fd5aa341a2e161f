"""Words that depend on numbers."""


def counted(number: int, noun: str) -> str:
    """A number of things, of which one is no plural.

    Examples
    --------
    >>> counted(1, "run"), counted(30, "run")
    ('1 run', '30 runs')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"
