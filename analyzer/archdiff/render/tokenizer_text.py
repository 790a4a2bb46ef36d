"""Two tokenizers for people: the verdict and its reasons, what differs, and what both need for the same texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from archdiff.render.screen import PLAIN, Screen, capture, safe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from archdiff.report.tokenizer import TokenizerDifference, TokenizerEntry, TokenizerSide

__all__ = ["section", "text"]

_STYLE = {
    "identical": "bold magenta",
    "extended": "bold red",
    "pruned": "bold red",
    "re-ordered": "bold red",
    "derived": "bold red",
    "independent": "bold green",
    "inconclusive": "bold",
}
_MEANING = {
    "identical": "NEW has the tokenizer of OLD",
    "extended": "NEW's tokenizer is OLD's with tokens added",
    "pruned": "NEW's tokenizer is OLD's with tokens taken away",
    "re-ordered": "NEW's tokenizer has the tokens of OLD's in another order",
    "derived": "the two tokenizers have a common origin",
    "independent": "nothing of NEW's tokenizer is taken from OLD's",
    "inconclusive": "the evidence carries no verdict",
}
_NOTHING = "–"
_NAMED = 6
_ELLIPSIS = "…"
_BEFORE = 20
_SHOWN = 300


def text(entry: TokenizerEntry, screen: Screen = PLAIN) -> str:
    """The comparison of two tokenizers as lines of text."""
    sides = ((entry.old, "OLD"), (entry.new, "NEW"))
    names = Text(" → ").join(Text.assemble(safe(side.name, "bold"), f" ({which})") for side, which in sides)
    return capture(Group(names, Text(), *section(entry)), screen)


def section(entry: TokenizerEntry) -> Iterator[RenderableType]:
    """The verdict, both sides, differences, fertility, controls, what was not checked and what it cannot tell."""
    verdict = Text(entry.verdict, _STYLE[entry.verdict])
    yield Text.assemble(("Tokenizer", "bold"), "  ", verdict, f": {_MEANING[entry.verdict]}")
    yield from (_line(reason, indent=4) for reason in entry.reasons)
    yield Text()
    yield Padding(_sides(entry), (0, 0, 0, 2))
    for difference in entry.differences:
        yield from _difference(difference)
    if entry.fertility:
        yield Text()
        yield Padding(_fertility(entry), (0, 0, 0, 2))
        yield _line("tokens for the same text, and how many of them a word or, without words, a character takes", "dim")
    yield Text()
    yield _line(_controls(entry), "dim")
    yield from (_line(f"not checked: {left_out}", "dim") for left_out in entry.not_checked)
    yield _line(f"What comparing tokenizers cannot tell: {'; '.join(entry.limits)}.")


def _difference(difference: TokenizerDifference) -> Iterator[RenderableType]:
    """The part, and both sides from shortly before they part on; the report holds them whole."""
    yield _line(difference.part)
    start = _fork(difference.old, difference.new)
    for which, side in (("OLD", difference.old), ("NEW", difference.new)):
        yield _line(f"{which} {_ELLIPSIS if start else ''}{side[start : start + _SHOWN]}", "dim", 4)


def _fork(old: str, new: str) -> int:
    """Where to begin: a few characters before the first that is not equal, or at the start where that is near."""
    pairs = enumerate(zip(old, new, strict=False))
    place = next((place for place, (a, b) in pairs if a != b), min(len(old), len(new)))
    return place - _BEFORE if place > 2 * _BEFORE else 0


def _sides(entry: TokenizerEntry) -> Table:
    made = _table("", "kind", "model", numbers=("tokens", "merges"), last="special tokens")
    for which, side in (("OLD", entry.old), ("NEW", entry.new)):
        merges = f"{side.merges:,}" if side.merges is not None else _NOTHING
        made.add_row(which, side.kind, side.model, f"{side.size:,}", merges, safe(_special(side)))
    return made


def _special(side: TokenizerSide) -> str:
    if not side.special:
        return _NOTHING
    more = f" and {len(side.special) - _NAMED:,} more" if len(side.special) > _NAMED else ""
    return f"{' '.join(side.special[:_NAMED])}{more}"


def _fertility(entry: TokenizerEntry) -> Table:
    made = _table("text", numbers=("words", "characters", "OLD", "NEW", "OLD each", "NEW each"))
    for row in entry.fertility:
        unit = row.words or row.characters
        each = [f"{tokens / unit:.2f}" if tokens is not None else _NOTHING for tokens in (row.old, row.new)]
        counts = [f"{tokens:,}" if tokens is not None else _NOTHING for tokens in (row.old, row.new)]
        words = f"{row.words:,}" if row.words is not None else _NOTHING
        made.add_row(safe(row.text), words, f"{row.characters:,}", *counts, *each)
    return made


def _table(*names: str, numbers: tuple[str, ...] = (), last: str = "") -> Table:
    made = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False, show_edge=False)
    for name in names:
        made.add_column(name, no_wrap=True)
    for name in numbers:
        made.add_column(name, justify="right", no_wrap=True)
    if last:
        made.add_column(last, overflow="fold")
    return made


def _controls(entry: TokenizerEntry) -> str:
    failed = [
        f"{each.name} ({_value(each.value)}, limit {_value(each.limit)})" for each in entry.controls if not each.passed
    ]
    told = f"controls: {len(entry.controls) - len(failed)} of {len(entry.controls)} passed"
    return f"{told}; failed: {', '.join(failed)}" if failed else told


def _value(value: float | None) -> str:
    return _NOTHING if value is None else f"{value:.3g}"


def _line(told: str, style: str = "", indent: int = 2) -> Padding:
    return Padding(safe(told, style), (0, 0, 0, indent))
