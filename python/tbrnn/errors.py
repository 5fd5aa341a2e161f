"""What can go wrong, and how it is said."""

from __future__ import annotations

import numpy as np


class BackendUnavailable(RuntimeError):
    """An engine that was asked for cannot be used here; the message says why and what to do."""


def mistake(argument: str, expected: str, given: object) -> ValueError:
    """A user's mistake: which argument, what was expected, what was given."""
    return ValueError(f"{argument} must be {expected}, got {given}")


def wrong_type(argument: str, expected: str, given: object) -> TypeError:
    """The same for an argument of the wrong type."""
    shown = f"shape {given.shape}" if isinstance(given, np.ndarray) else repr(given)
    return TypeError(f"{argument} must be {expected}, got {shown} ({type(given).__name__})")
