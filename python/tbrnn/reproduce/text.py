"""Reports as plain text: tables and lists."""

from collections.abc import Sequence


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows of words in columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    padded = ([text.ljust(width) for text, width in zip(row, widths, strict=True)] for row in rows)
    return "\n".join("  ".join(row).rstrip() for row in padded)


def listed(heading: str, sentences: Sequence[str]) -> str:
    """Sentences below a heading; nothing if there are none."""
    return "\n".join([heading, *(f"  {sentence}" for sentence in sentences)]) if sentences else ""


def sections(parts: Sequence[str]) -> str:
    """The parts that are not empty, with a blank line between them."""
    return "\n\n".join(part for part in parts if part) + "\n"
