"""Text of untrusted origin as Markdown that shows it and does nothing: no markup, HTML, link, mention or reference.

What would be noticed only after Markdown is parsed (a mention `@name`, a reference `#12`, an address) is broken by a
zero-width space, written as `&#8203;`: an escape alone would be undone before a code host looks for them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["APART", "NOTHING", "bold", "code", "prose", "row", "rule", "told"]

APART = "&#8203;"
"""A zero-width space."""

NOTHING = "–"
"""Stands where a text is empty."""

_LONGEST = 1000
_MARKUP = re.compile(r"[&<>\\|`*\[\]~$#]|(?<![^\W_])_|_(?![^\W_])")
_NOTICED = re.compile(
    r"(?P<before>[@#!~%^&$](?=[\w\"])"  # mentions; references to issues, merge requests, labels, milestones
    r"|:(?=//)|(?:mailto|xmpp):"  # addresses
    r"|www(?=\.)"
    r"|\bgh-(?=\d)"  # GH-12
    r"|:(?=[\w+-]+(?::|$))"  # an emoji
    r"|\b(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)[0-9a-f]{4}(?=[0-9a-f]{3,36}\b))",  # a commit
    re.IGNORECASE,
)
_STARTS_BLOCK = re.compile(r"[-+](?=[-+\s]|$)|=|\d{1,9}[.)](?=\s|$)")


def prose(text: str, limit: int = _LONGEST) -> str:
    """The text as inline Markdown, on one line; it may stand at the beginning of a list item or in a cell."""
    text = printable(text, limit).strip()
    guard = APART if _STARTS_BLOCK.match(text) else ""
    pieces = _NOTICED.split(text)  # text, what is broken after, text, …
    marked = [_escaped(piece) + (APART if place % 2 else "") for place, piece in enumerate(pieces)]
    return guard + "".join(marked) or NOTHING


def _escaped(text: str) -> str:
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};", text)


def code(text: str, limit: int = 200) -> str:
    """A name as code; as prose where it holds what a code span in a table cannot."""
    shown = printable(text, limit).strip()
    return f"`{shown}`" if _is_span(shown) else prose(text, limit)


def _is_span(text: str) -> bool:
    return bool(text.strip()) and not set(text) & set("`\\|")


def told(text: str) -> str:
    """A sentence in which names stand between backticks, as those of rules do."""
    pieces = printable(text, _LONGEST).strip().split("`")
    if len(pieces) % 2 == 0 or not all(map(_is_span, pieces[1::2])):
        return prose(text)
    between = zip(pieces[::2], [*pieces[1::2], ""], strict=True)
    return "".join(_around(outside) + (code(name) if name else "") for outside, name in between) or NOTHING


def _around(text: str) -> str:
    """Prose with the spaces around it."""
    if not text.strip():
        return text
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    return f"{before}{prose(text)}{after}"


def bold(text: str) -> str:
    """The text in bold."""
    return f"**{prose(text)}**"


def row(cells: Iterable[str]) -> str:
    """A row of a table; the cells are Markdown already."""
    return f"| {' | '.join(cells)} |"


def rule(right: Sequence[bool]) -> str:
    """The line below the head of a table: whether each column is flush right."""
    return f"|{'|'.join('--:' if flush else '---' for flush in right)}|"
