"""A checklist on a terminal: what it comes to, every item by heading, the nearest architectures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from archdiff.render.checklist_words import MEANING, ORDER, counts, no_claims, sections, signature_line
from archdiff.render.keyfigures import table
from archdiff.render.screen import PLAIN, Screen, capture, safe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from archdiff.report.checklist import Checklist, Nearest, ReviewItem

__all__ = ["text"]

_STYLE = {"proved": "green", "signed": "cyan", "refuted": "bold red", "open": "yellow", "not-applicable": "dim"}
_SYMBOL = {"proved": "✓", "signed": "✎", "refuted": "✗", "open": "○", "not-applicable": "–"}
_EVIDENCE = 6
"""Pieces of evidence that are told of one item; the JSON holds them all."""


def text(checklist: Checklist, screen: Screen = PLAIN) -> str:
    """The checklist as lines of text."""
    return capture(Group(*_checklist(checklist)), screen)


def _checklist(checklist: Checklist) -> Iterator[RenderableType]:
    yield _header(checklist)
    yield safe(f"claims: {checklist.claims or no_claims(checklist)}", "dim")
    if checklist.sign_off:
        yield safe(f"sign-off: {checklist.sign_off}", "dim")
    yield Text()
    yield table(checklist.model.model)
    for heading, items in sections(checklist).items():
        yield Text()
        yield safe(heading, "bold")
        for item in items:
            yield from _item(item)
    yield from _nearest(checklist.nearest)
    yield Text()
    yield _legend(checklist)
    yield from (safe(f"not checked: {left_out}", "dim") for left_out in checklist.not_checked)


def _header(checklist: Checklist) -> Text:
    told = [Text(f"{_SYMBOL[status]} {number} {status}", _STYLE[status]) for status, number in counts(checklist)]
    head = Text.assemble("Review of ", safe(checklist.model.model.name, "bold"), "   ")
    return head.append_text(Text("  ").join(told))


def _legend(checklist: Checklist) -> Text:
    there = {status for status, _ in counts(checklist)}
    return Text("; ".join(f"{_SYMBOL[s]} {s}: {MEANING[s]}" for s in ORDER if s in there), "dim")


def _item(item: ReviewItem) -> Iterator[RenderableType]:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=1)
    grid.add_column(overflow="fold")
    title = Text.assemble(safe(item.title), "  ", safe(item.id, "dim"))
    grid.add_row(Text(_SYMBOL[item.status], _STYLE[item.status]), title)
    yield Padding(grid, (0, 0, 0, 2))
    yield Padding(safe(item.reason, "", 800), (0, 0, 0, 4))
    for found in item.evidence[:_EVIDENCE]:
        yield Padding(safe(f"{found.text} ({found.where})", "dim", 600), (0, 0, 0, 4))
    if len(item.evidence) > _EVIDENCE:
        yield Padding(Text(f"and {len(item.evidence) - _EVIDENCE} more", "dim"), (0, 0, 0, 4))
    if item.command:
        yield Padding(safe(f"$ {item.command}", "cyan", 800), (0, 0, 0, 4))
    elif line := signature_line(item):
        yield Padding(Text(line, "dim"), (0, 0, 0, 4))


def _nearest(near: tuple[Nearest, ...]) -> Iterator[RenderableType]:
    if not near:
        return
    yield Text()
    yield Text("Nearest public architectures: 0 is the same, 1 shares nothing", "bold")
    grid = Table.grid(padding=(0, 2))
    grid.add_column(justify="right")
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for each in near:
        style = "bold red" if each.same_architecture else ""
        grid.add_row(Text(f"{each.distance:.3f}", style), safe(each.name, style), safe(each.sentence, "dim"))
    yield Padding(grid, (0, 0, 0, 2))
