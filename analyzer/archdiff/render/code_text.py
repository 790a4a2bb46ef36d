"""Compared modelling code for people: both sides, the similarity beside the control, the classes that match."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from archdiff.render.screen import PLAIN, Screen, capture, safe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from archdiff.report.code import CodeEntry, CodeSide

__all__ = ["section", "text"]

_SHOWN = 12


def text(entry: CodeEntry, screen: Screen = PLAIN) -> str:
    """The comparison of two sources, as lines of text."""
    return capture(Group(*_parts(entry, _SHOWN)), screen)


def section(entry: CodeEntry | None) -> Iterator[RenderableType]:
    """The part of a report on modelling code; nothing where it was not compared."""
    if entry is not None:
        yield Text()
        yield Text("Modelling code", "bold")
        yield from _parts(entry, 4)


def _parts(entry: CodeEntry, shown: int) -> Iterator[RenderableType]:
    yield _side("OLD", entry.old)
    yield _side("NEW", entry.new)
    yield Text()
    yield _figures(entry)
    yield from (safe(f"• {reason}") for reason in entry.reasons)
    if entry.matches:
        yield Text()
        yield _matches(entry, shown)
    for side in (entry.old, entry.new):
        if side.beside:
            yield safe(f"not looked at: {', '.join(side.beside)} beside {side.name}", "dim")
    yield from (safe(limit, "dim") for limit in entry.limits)


def _side(name: str, side: CodeSide) -> Text:
    told = [side.origin, f"{side.classes} {'class' if side.classes == 1 else 'classes'}"]
    if side.inherits:
        told.append(f"derived from {', '.join(side.inherits[:6])}")
    if side.copied:
        told.append(f"copied in part from {', '.join(side.copied[:6])}")
    told += side.copyright[:2]
    return Text.assemble(f"{name} ", safe(side.name, "bold"), "  ", safe("; ".join(told), "dim"))


def _figures(entry: CodeEntry) -> Text:
    said = Text.assemble("similarity ", (f"{entry.similarity:.2f}", "bold"))
    if entry.expected is not None and entry.expected_high is not None:
        said.append(f"  (unrelated families: {entry.expected:.2f}, one pair in twenty above {entry.expected_high:.2f})")
    return said


def _matches(entry: CodeEntry, shown: int) -> Table:
    made = Table.grid(padding=(0, 2, 0, 0))
    made.add_row(*(Text(name, "dim") for name in ("class of NEW", "of OLD", "similarity", "unrelated, 1 in 20 above")))
    for match in entry.matches[:shown]:
        expected = f"{match.expected:.2f}" if match.expected is not None else ""
        made.add_row(safe(match.new), safe(match.old), f"{match.similarity:.2f}", Text(expected, "dim"))
    if (more := len(entry.matches) - shown) > 0:
        made.add_row(Text(f"and {more} more", "dim"))
    return made
