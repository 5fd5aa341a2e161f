"""What is wrong with a configuration, in one line that names every key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

EXPECTED = {
    "model_type": "a section of keys",
    "dict_type": "a section of keys",
    "list_type": "a list of values",
    "too_short": "at least one value",
}


def in_one_line(error: ValidationError, section: type[BaseModel], title: str) -> str:
    """All mistakes in a section, then the keys that are known where others were given.

    `title` is what the section itself is called.
    """
    entries = error.errors()
    unknown = [entry["loc"][:-1] for entry in entries if entry["type"] == "extra_forbidden"]
    known = {
        f"{_key(place) or title} has {', '.join(_section_at(section, place).model_fields)}": None
        for place in unknown
    }
    return "; ".join([*(_mistake(_key(entry["loc"]), entry) for entry in entries), *known])


def _mistake(key: str, entry: Any) -> str:
    if entry["type"] == "extra_forbidden":
        return f"{key} is an unknown key"
    if entry["type"] == "missing":
        return f"{key} is missing"
    expected = entry["msg"].removeprefix("Input should be ")
    if entry["type"] == "value_error":
        expected = str(entry["ctx"]["error"])
    return f"{key} must be {EXPECTED.get(entry['type'], expected)}, got {entry['input']!r}"


def _key(place: Sequence[int | str]) -> str:
    return ".".join(map(str, place))


def _section_at(section: type[BaseModel], place: Sequence[int | str]) -> type[BaseModel]:
    for name in place:
        annotation = section.model_fields[str(name)].annotation
        section = next(
            part
            for part in (annotation, *get_args(annotation))
            if isinstance(part, type) and issubclass(part, BaseModel)
        )
    return section
