"""Write DOT: every text is escaped here, and nowhere else."""

from __future__ import annotations

import contextlib
import html
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["LONGEST", "DotFile", "text"]

LONGEST = 120
"""The most characters of one text that a picture repeats."""


def text(value: str, limit: int = LONGEST) -> str:
    """Untrusted text for an HTML-like label: one line, without control characters, with every sign escaped."""
    shown = " ".join("".join(" " if _moves(sign) else sign for sign in value).split())
    if len(shown) > limit:
        half = limit // 2
        shown = f"{shown[: half - 1]}…{shown[-half:]}"
    return html.escape(shown)


def _moves(sign: str) -> bool:
    """Whether a sign controls the output, is invisible or turns the direction of reading."""
    return unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


class DotFile:
    """Statements of a graph, in order. Identifiers are ours; labels come escaped, as HTML-like strings."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._depth = 0

    def __str__(self) -> str:
        return "\n".join(self._lines) + "\n"

    def line(self, statement: str) -> None:
        """Add a statement."""
        self._lines.append("  " * self._depth + statement)

    def node(self, name: str, attributes: Mapping[str, str]) -> None:
        """Add a node."""
        self.line(f"{name} [{_listed(attributes)}]")

    def edge(self, tail: str, head: str, attributes: Mapping[str, str]) -> None:
        """Add an edge."""
        self.line(f"{tail} -> {head} [{_listed(attributes)}]")

    @contextlib.contextmanager
    def block(self, opening: str, attributes: Mapping[str, str]) -> Iterator[None]:
        """A graph or subgraph around what is added meanwhile."""
        self.line(f"{opening} {{")
        self._depth += 1
        for key, value in attributes.items():
            self.line(f"{key}={_value(value)}")
        yield
        self._depth -= 1
        self.line("}")


def _listed(attributes: Mapping[str, str]) -> str:
    return ", ".join(f"{key}={_value(value)}" for key, value in attributes.items())


def _value(value: str) -> str:
    """An HTML-like label as it is, anything else quoted; a backslash would begin an escape sequence."""
    if value.startswith("<") and value.endswith(">"):
        return value
    doubled = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{doubled}"'
