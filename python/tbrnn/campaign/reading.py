"""Configurations in YAML files, the user's own or those installed with the package."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from yaml.composer import ComposerError

from tbrnn.campaign.configuration import with_value
from tbrnn.errors import WrongValue, wrong_type

PRESETS = ("_quick", "_paper")  # of published figures and tables, which have protocols of their own


class _Loader(yaml.SafeLoader):
    """Safe YAML in which 1e-3 is a number, as YAML 1.2 has it, and no key is there twice."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        seen: set[str] = set()
        for key, _ in node.value:
            name = str(key.value)
            if name in seen:
                problem = f"the key {name!r} twice"
                raise ComposerError(problem=problem, problem_mark=key.start_mark)
            seen.add(name)
        return node


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"),
    list("-+.0123456789"),
)


def read_configuration(
    given: str | os.PathLike[str] | Mapping[str, Any],
) -> tuple[dict[str, Any], Path]:
    """The content of a configuration, and the folder that its relative paths start from.

    Parameters
    ----------
    given : path, str or mapping
        A YAML file, the name of an installed configuration such as ``flipflop_sweep``, or the
        content itself, whose paths start from the working folder.

    Raises
    ------
    OSError, ValueError
        If there is no such file, or it holds no YAML mapping.

    Examples
    --------
    >>> content, _ = read_configuration("flipflop_sweep")
    >>> content["task"]["class"]
    'FlipFlop'
    """
    if isinstance(given, Mapping):
        return dict(given), Path()
    if not isinstance(given, str | os.PathLike):
        raise wrong_type("configuration", "a mapping, a file or an installed name", given)
    path = Path(given)
    if path.is_file():
        return _content(_text(path), str(path)), path.parent
    installed = {Path(file.name).stem: file for file in (files("tbrnn") / "configs").iterdir()}
    if str(given) in installed:
        return _content(installed[str(given)].read_text(), str(given)), Path()
    ours = [name for name in installed if not name.endswith(PRESETS)]
    known = ", ".join(sorted(ours))
    raise FileNotFoundError(f"{given}: no such file, and none of the installed ones ({known})")


def with_settings(content: dict[str, Any], settings: Iterable[str]) -> dict[str, Any]:
    """A configuration in which ``key.path=value`` holds, the value in YAML.

    Examples
    --------
    >>> with_settings({"training": {"epochs": 10}}, ["training.lr=1e-2", "seed=3"])
    {'training': {'epochs': 10, 'lr': 0.01}, 'seed': 3}
    """
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not (key and equals):
            raise WrongValue(f"--set must look like training.lr=0.01, got {setting!r}")
        content = with_value(content, key.strip(), _parsed(value, f"the value of {key}"))
    return content


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except UnicodeDecodeError as error:
        raise WrongValue(f"{path}: no YAML ({error})") from None


def _content(text: str, name: str) -> dict[str, Any]:
    content = _parsed(text, name)
    if not isinstance(content, dict):
        raise WrongValue(f"{name} must hold keys with values, got {content!r}")
    return content


def _parsed(text: str, name: str) -> Any:
    try:
        return yaml.load(text, _Loader)
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise WrongValue(f"{name}{line}: no YAML ({error.problem})") from None
    except yaml.YAMLError as error:
        raise WrongValue(f"{name}: no YAML ({' '.join(str(error).split())})") from None
