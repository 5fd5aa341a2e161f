"""Classes that a configuration names, and their settings."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tbrnn.errors import WrongValue

PLAIN = (str, int, float, bool, list, tuple, type(None))


def named_class(name: str, known: Mapping[str, type], base: type, folder: Path) -> type:
    """A class out of `known`, or one of the user's as ``module:Class`` or ``file.py:Class``.

    Parameters
    ----------
    name : str
    known : mapping
        The package's own classes by name.
    base : type
        What the class must derive from.
    folder : path
        Where relative paths start.

    Raises
    ------
    ValueError
        If there is no such module, file or class, or it derives from something else.
    """
    if name in known:
        return known[name]
    place, _, attribute = name.rpartition(":")
    if not place:
        expected = f"one of {', '.join(known)}, module:Class or file.py:Class"
        raise WrongValue(f"task.class must be {expected}, got {name!r}")
    module = _from_file(folder / place) if place.endswith(".py") else _from_name(place)
    if not hasattr(module, attribute):
        raise WrongValue(f"task.class must be in {place}, which has no {attribute}, got {name!r}")
    found = getattr(module, attribute)
    if not isinstance(found, type) or not issubclass(found, base):
        raise WrongValue(f"task.class must be a subclass of {base.__name__}, got {name!r}")
    return found


def completed(
    section: str, cls: type, given: Mapping[str, Any], apart: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Settings of a class together with its defaults.

    Parameters
    ----------
    section : str
        The section's name, for errors.
    cls : type
    given : mapping
    apart : tuple of str
        Settings that do not come from a configuration.

    Raises
    ------
    ValueError
        Naming a key that the class does not know, or one that is missing.

    Examples
    --------
    >>> from tbrnn.tasks import FlipFlop
    >>> completed("task", FlipFlop, {"bits": 2})
    {'bits': 2, 'steps': 100, 'pulse_probability': 0.05}
    >>> completed("task", FlipFlop, {"bit": 2})
    Traceback (most recent call last):
        ...
    tbrnn.errors.WrongValue: task.bit is an unknown key; FlipFlop has bits, steps, pulse_probability
    """
    known = {
        name: parameter
        for name, parameter in inspect.signature(cls).parameters.items()
        if name not in apart
        and parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
    }
    for key in given:
        if key not in known:
            listed = ", ".join(known) or "no settings"
            raise WrongValue(f"{section}.{key} is an unknown key; {cls.__name__} has {listed}")
    for name, parameter in known.items():
        if parameter.default is parameter.empty and name not in given:
            raise WrongValue(f"{section}.{name} is missing; {cls.__name__} needs it")
    defaults = {name: p.default for name, p in known.items() if isinstance(p.default, PLAIN)}
    settings = {**defaults, **given}
    return {name: settings[name] for name in known if name in settings}


def _from_name(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise WrongValue(f"task.class: module {module!r} does not load: {error}") from error


def _from_file(path: Path) -> Any:
    if not path.is_file():
        raise WrongValue(f"task.class: {path}: no such file")
    name = f"tbrnn_own_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up there
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise WrongValue(
            f"task.class: {path} does not load: {type(error).__name__}: {error}"
        ) from error
    return module
