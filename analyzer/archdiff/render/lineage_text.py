"""Declared lineage for people: the chain, the licences on it, and what contradicts it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from archdiff.render.screen import PLAIN, Screen, capture, safe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from archdiff.report.lineage import LicenceEntry, LineageEntry, LineageStep

__all__ = ["lines", "section", "text"]


_WORDS = {
    "adapter": "an adapter of",
    "continued": "further trained from",
    "upcycled": "up-cycled from",
    "finetune": "a fine-tune of",
    "quantized": "a quantised release of",
    "merge": "a merge of",
    "depth-upscaled": "depth-upscaled from",
    "distilled": "distilled from",
    "same-architecture": "of the same architecture as",
    "loaded-from": "its config was saved from",
    "unstated": "made from, in no stated way,",
}


def text(entry: LineageEntry, screen: Screen = PLAIN) -> str:
    """What one model declares, as lines of text."""
    return capture(lines(entry), screen)


def lines(entry: LineageEntry) -> RenderableType:
    """The chain of one model, its licences, contradictions and limits."""
    return Group(*_parts(entry))


def section(entries: Sequence[LineageEntry]) -> Iterator[RenderableType]:
    """The part of a report on declared lineage; nothing where neither model declares any."""
    if not any(entry.chain or entry.contradictions for entry in entries):
        return
    yield Text()
    yield Text("Declared lineage", "bold")
    for step in dict.fromkeys(step for entry in entries for step in entry.chain):
        yield _hanging("•", _step(step))
    told = dict.fromkeys(said for entry in entries for said in entry.contradictions)
    yield from (_hanging("✗", safe(said), "bold red") for said in told)
    inherited = dict.fromkeys(said for entry in entries for said in entry.inherited)
    yield from (_hanging("!", safe(said), "yellow") for said in inherited)


def _parts(entry: LineageEntry) -> Iterator[RenderableType]:
    yield safe(entry.model, "bold")
    if not entry.chain:
        yield Text("declares no model that it was made from", "dim")
    for step in entry.chain:
        yield _hanging("•", _step(step))
    if entry.chain and entry.roots:
        yield Text.assemble("roots: ", safe(", ".join(entry.roots)))
    if entry.licences:
        yield Text()
        yield _licences(entry.licences)
    for heading, mark, style, said in (
        ("Contradictions", "✗", "bold red", entry.contradictions),
        ("Licences that grant more than they inherit", "!", "yellow", entry.inherited),
        ("Not followed", "?", "dim", entry.not_followed),
    ):
        if said:
            yield Text()
            yield Text(heading, "bold")
            yield from (_hanging(mark, safe(sentence), style) for sentence in said)
    yield Text()
    yield from (safe(limit, "dim") for limit in entry.limits)


def _step(step: LineageStep) -> Text:
    words = _WORDS.get(step.relation, f"{step.relation} of")
    where = step.declared_in + ("" if step.found else ", not followed")
    return Text.assemble(
        safe(step.model), ": ", safe(words), " ", safe(step.base, "bold"), "  ", safe(f"({where})", "dim")
    )


def _licences(licences: Sequence[LicenceEntry]) -> Table:
    made = Table.grid(padding=(0, 2, 0, 0))
    made.add_row(*(Text(name, "dim") for name in ("licence of", "declared", "asks for")))
    for entry in licences:
        known = ", ".join(entry.conditions) if entry.source else "not in the table"
        asks = known or "nothing"
        made.add_row(safe(entry.model), safe(entry.declared), safe(asks))
        if entry.source:
            made.add_row("", "", safe(entry.source, "dim"))
    return made


def _hanging(mark: str, content: Text, style: str = "") -> Padding:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=1)
    grid.add_column(overflow="fold")
    grid.add_row(Text(mark, style), content)
    return Padding(grid, (0, 0, 0, 2))
