"""What can go wrong, and how it is said."""

from __future__ import annotations

from typing import TypeVar

import numpy as np


class BackendUnavailable(RuntimeError):
    """An engine that was asked for cannot be used here; the message says why and what to do."""


class Mistake(Exception):
    """A user's mistake, of either kind below; any other error is a fault of the package."""

    argument = ""  # at fault, where it is one


M = TypeVar("M", bound=Mistake)


class WrongValue(Mistake, ValueError):
    """A value, key or file that cannot be used; the message says what was expected and given."""


class WrongType(Mistake, TypeError):
    """The same for an argument of the wrong type."""


def _short(text: str) -> str:
    return text if len(text) < 200 else f"{text[:80]} ... {text[-20:]}".replace("\n", " ")


def mistake(argument: str, expected: str, given: object) -> WrongValue:
    """A user's mistake: which argument, what was expected, what was given."""
    return _about(argument, WrongValue(f"{argument} must be {expected}, got {given}"))


def wrong_type(argument: str, expected: str, given: object) -> WrongType:
    """The same for an argument of the wrong type."""
    shown = f"shape {given.shape}" if isinstance(given, np.ndarray) else _short(repr(given))
    error = WrongType(f"{argument} must be {expected}, got {shown} ({type(given).__name__})")
    return _about(argument, error)


def _about(argument: str, error: M) -> M:
    error.argument = argument
    return error
