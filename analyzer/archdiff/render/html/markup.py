"""Write HTML: every text is escaped here, and nowhere else; no attribute can hold a script or a style."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, TypeAlias

from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["LONGEST", "Content", "Markup", "bullets", "details", "join", "prose", "section", "shown", "table", "tag"]

LONGEST = 2000
"""The most characters of one untrusted text; the embedded JSON holds all of it."""

_VOID = frozenset({"br", "img", "input", "meta"})


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Content: TypeAlias = "Markup | str | None"
"""What stands in an element: HTML, or a text that is still to be escaped; None stands for nothing."""


def shown(text: str, limit: int = LONGEST) -> Markup:
    """Any text as HTML shows it, in one line, with nothing that is invisible or turns the direction of reading."""
    return Markup(escape(printable(text, limit)))


def prose(text: str) -> Markup:
    """A sentence of ours, in which names from files stand between backticks."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:
        return shown(text)
    return Markup("".join(f"<code>{shown(piece)}</code>" if n % 2 else shown(piece) for n, piece in enumerate(pieces)))


def join(parts: Iterable[Content]) -> Markup:
    """One after the other."""
    return Markup("".join(part if isinstance(part, Markup) else shown(part) for part in parts if part is not None))


def tag(name: str, /, *content: Content, **attributes: str | bool | None) -> Markup:
    """An element.

    Args:
        name: of the element.
        content: what stands in it.
        attributes: `class_` is `class`, and an underscore elsewhere a hyphen; None and False leave one out.
    """
    told = "".join(_attribute(key, value) for key, value in attributes.items())
    end = "" if name in _VOID else f"</{name}>"
    return Markup(f"<{name}{told}>{join(content)}{end}")


def _attribute(key: str, value: str | bool | None) -> str:
    name = key.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{escape(printable(str(value), LONGEST * 1000))}"'


def section(key: str, title: str, *content: Content, note: str = "") -> Markup:
    """A part of the page that the navigation names: its heading, a remark beside it, and what stands in it."""
    remark = tag("p", note, class_="remark") if note else None
    head = tag("div", tag("h2", title, id=f"{key}-title"), remark, class_="section-head")
    return tag("section", head, *content, id=key, aria_labelledby=f"{key}-title", class_="section")


def details(summary: Content, *content: Content, class_: str = "", start_open: bool = False) -> Markup:
    """Something that opens when it is wanted, and for print."""
    return tag("details", tag("summary", summary), *content, class_=class_ or None, open=start_open)


def bullets(texts: Iterable[Content], class_: str = "plain") -> Markup | None:
    """A list; None where there is nothing to list."""
    items = [tag("li", text if text is None or isinstance(text, Markup) else prose(text)) for text in texts]
    return tag("ul", *items, class_=class_) if items else None


def table(
    caption: str,
    head: Sequence[str],
    rows: Iterable[Sequence[Content]],
    *,
    numbers: Iterable[int] = (),
    marked: Iterable[int] = (),
) -> Markup:
    """A table that scrolls sideways where the window is narrow.

    Args:
        caption: what it shows; read out, and seen in print.
        head: names of the columns.
        rows: cells, the first of which names the row.
        numbers: columns of figures.
        marked: rows that differ.
    """
    figures, differing = frozenset(numbers), frozenset(marked)
    heads = [
        tag("th" if name else "td", name, scope="col" if name else None, class_="number" if n in figures else None)
        for n, name in enumerate(head)
    ]
    body = [
        tag("tr", *_cells(cells, figures), class_="differs" if number in differing else None)
        for number, cells in enumerate(rows)
    ]
    inner = tag("table", tag("caption", caption, class_="unseen"), tag("thead", tag("tr", *heads)), tag("tbody", *body))
    return tag("div", inner, class_="scrolls", tabindex="0", role="group", aria_label=caption)


def _cells(cells: Sequence[Content], figures: frozenset[int]) -> list[Markup]:
    first = [tag("th", cells[0], scope="row") if cells[0] else tag("td")]
    rest = enumerate(cells[1:], start=1)
    return first + [tag("td", cell, class_="number" if n in figures else None) for n, cell in rest]
