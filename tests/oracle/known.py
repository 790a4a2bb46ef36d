"""Disagreements between archdiff and execution that are understood, by name and with their cause."""

from __future__ import annotations

import dataclasses
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.oracle.table import Row

__all__ = ["Known", "known"]


@dataclasses.dataclass(frozen=True)
class Known:
    """One cause.

    Args:
        fields: keys.
        families: model types.
        says: `more` or `less` than execution.
        cause: why.
    """

    fields: tuple[str, ...]
    families: tuple[str, ...]
    says: str
    cause: str

    def covers(self, row: Row) -> bool:
        """Whether the row's disagreement is this one."""
        says = "more" if row.sign > 0 else "less" if row.sign < 0 else ""
        return self.says == says and row.family in self.families and row.field in self.fields


@cache
def known() -> tuple[Known, ...]:
    """What `known.toml` lists."""
    text = Path(__file__).with_name("known.toml").read_text(encoding="utf-8")
    rows = tomllib.loads(text)["known"]
    return tuple(Known(tuple(row["fields"]), tuple(row["families"]), row["says"], row["cause"]) for row in rows)
