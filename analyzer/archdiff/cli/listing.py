"""Aligned columns and JSON, for commands that list something and must answer at once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from archdiff.cli.stdout import put
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["columns", "print_json"]


def columns(rows: Sequence[Sequence[str]], right: frozenset[int] = frozenset()) -> str:
    """Rows as lines with aligned cells; the columns in `right` end, not begin, at the same place."""
    safe = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*safe, strict=True)]
    lines = []
    for row in safe:
        cells = [
            cell.rjust(width) if at in right else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def print_json(value: object) -> None:
    """Print a value as indented JSON."""
    put(json.dumps(value, indent=2, ensure_ascii=False).encode("utf-8") + b"\n")
