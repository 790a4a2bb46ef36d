"""A Markdown document that fits a comment: the least telling rows of a long one are left out, and that is said."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LIMIT", "Section", "fitted"]

LIMIT = 65_000
"""Bytes of UTF-8. GitHub takes 65,536 characters in a comment; an action may add a line of its own."""

_REST = "the JSON report holds everything: add `--output report.json` to the command."


@dataclasses.dataclass(frozen=True, slots=True)
class Section:
    """A part of a document that can be shortened from its end.

    Args:
        title: of ours, plain text; empty for none.
        head: lines that stand before the rows, such as the head of a table.
        rows: lines, the most telling first.
        rank: the sections of the lowest rank are shortened first.
        folded: whether a reader has to open it.
        depth: of the heading; folded sections have none.
    """

    title: str
    rows: tuple[str, ...]
    head: tuple[str, ...] = ()
    rank: int = 50
    folded: bool = False
    depth: int = 4

    def text(self, number: int) -> str:
        """Its Markdown with the first rows; empty without any."""
        if not number:
            return ""
        lines = [*self.head, *self.rows[:number]]
        if self.folded:
            return "\n".join([f"<details><summary>{self.title}</summary>", "", *lines, "", "</details>", ""])
        return "\n".join([*([f"{'#' * self.depth} {self.title}", ""] if self.title else []), *lines, ""])


def fitted(first: str, sections: Sequence[Section], last: str, limit: int = LIMIT) -> str:
    """The document, with the rows that fit.

    Args:
        first: Markdown that is never left out.
        sections: in the order of reading.
        last: as `first`, at the end.
        limit: bytes of UTF-8.
    """
    numbers = [len(section.rows) for section in sections]
    for place in sorted(range(len(sections)), key=lambda place: sections[place].rank):
        if _size(_joined(first, sections, numbers, last)) <= limit:
            break
        numbers[place] = _most(first, sections, numbers, last, (place, limit))
    return _joined(first, sections, numbers, last)


def _most(first: str, sections: Sequence[Section], numbers: Sequence[int], last: str, wanted: tuple[int, int]) -> int:
    """How many rows of the section at a place fit the limit, those of the others as they are."""
    place, limit = wanted
    least, most = 0, numbers[place] - 1
    while least < most:
        middle = (least + most + 1) // 2
        tried = [middle if each == place else number for each, number in enumerate(numbers)]
        least, most = (middle, most) if _size(_joined(first, sections, tried, last)) <= limit else (least, middle - 1)
    return max(least, 0)


def _joined(first: str, sections: Sequence[Section], numbers: Sequence[int], last: str) -> str:
    shown = [section.text(number) for section, number in zip(sections, numbers, strict=True)]
    parts = [first, *shown, _left_out(sections, numbers), last]
    return "\n".join(part.rstrip("\n") + "\n" for part in parts if part.strip())


def _left_out(sections: Sequence[Section], numbers: Sequence[int]) -> str:
    pairs = zip(sections, numbers, strict=True)
    told = [f"{len(s.rows) - n:,} of {len(s.rows):,} lines of “{_name(s)}”" for s, n in pairs if n < len(s.rows)]
    return f"**Left out, because a comment holds no more:** {'; '.join(told)}; {_REST}" if told else ""


def _name(section: Section) -> str:
    return section.title or "the summary"


def _size(text: str) -> int:
    return len(text.encode("utf-8"))
