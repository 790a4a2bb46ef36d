"""A training log for people: the verdict, the reasons, the figures, what stands out, and what a log cannot prove."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from archdiff.render.screen import PLAIN, Screen, capture, safe
from archdiff.render.weights_words import figure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from archdiff.report.training_log import LogEvent, LogVerdict, TrainingLogEntry

__all__ = ["VERDICTS", "lines", "text"]

VERDICTS: dict[LogVerdict, str] = {
    "from-scratch": "consistent with a run from scratch",
    "warm-start": "consistent with a warm start: the model had learned before",
    "resumed": "consistent with a resumed run whose beginning is missing",
    "inconclusive": "inconclusive",
}
"""What each verdict says."""

_STYLES: dict[LogVerdict, str] = {
    "from-scratch": "bold green",
    "warm-start": "bold yellow",
    "resumed": "bold yellow",
    "inconclusive": "bold",
}

_MOST_EVENTS = 12


def text(entry: TrainingLogEntry, screen: Screen = PLAIN) -> str:
    """A training log as lines of text."""
    return capture(lines(entry), screen)


def lines(entry: TrainingLogEntry) -> RenderableType:
    """The whole of it."""
    return Group(*_parts(entry))


def _parts(entry: TrainingLogEntry) -> Iterator[RenderableType]:
    yield Text(VERDICTS[entry.verdict], _STYLES[entry.verdict])
    yield safe(entry.name, "dim")
    yield from (_hanging("•", safe(reason)) for reason in entry.reasons)
    yield Text()
    yield _figures(entry)
    if entry.events:
        yield Text()
        yield Text("What stands out", "bold")
        yield from _events(entry.events)
    yield Text()
    yield Text("What a log cannot prove", "bold")
    yield from (_hanging("•", safe(limit)) for limit in entry.limits)
    yield Text()
    yield safe(f"{entry.kind}, {entry.digest}", "dim")
    for left_out in entry.not_checked:
        yield safe(f"not checked: {left_out}", "dim")


def _figures(entry: TrainingLogEntry) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim")
    grid.add_column(overflow="fold")
    for name, value in _rows(entry):
        grid.add_row(Text(name), value)
    return Padding(grid, (0, 0, 0, 2))


def _rows(entry: TrainingLogEntry) -> Iterator[tuple[str, Text]]:
    found = entry.figures
    yield "loss", _at(found.get("first_loss"), found.get("first_step"), found.get("last_loss"), found.get("last_step"))
    for line in entry.references:
        yield line.name, Text(figure(line.loss, 4)).append_text(safe(f"  {line.source}", "dim"))
    stride = found.get("steps_between_records") or 0
    every = f", every {stride:,.0f} steps" if stride > 1 else ", every step" if stride else ""
    named = f"{found.get('records') or 0:,.0f} of {entry.loss_column}{every}"
    yield "records", safe(named)
    if found.get("learning_rate_peak") is not None:
        told = (figure(found.get(f"learning_rate_{name}")) for name in ("first", "peak", "last"))
        yield "learning rate", Text(" → ".join(told))
    for name, label in (("tokens", "tokens"), ("operations", "operations"), ("operations_logged", "operations logged")):
        if found.get(name) is not None:
            yield label, Text(f"{found[name]:.3g}")


def _at(first: float | None, begun: float | None, last: float | None, ended: float | None) -> Text:
    steps = "" if begun is None or ended is None else f"  steps {begun:,.0f} to {ended:,.0f}"
    return Text(f"{figure(first, 4)} → {figure(last, 4)}").append(steps, "dim")


def _events(events: Sequence[LogEvent]) -> Iterator[RenderableType]:
    for event in events[:_MOST_EVENTS]:
        where = f"step {event.first:,}" if event.first == event.last else f"steps {event.first:,}–{event.last:,}"
        yield _hanging("!", Text.assemble(safe(event.kind, "bold"), safe(f"  {where}  ", "dim"), safe(event.text)))
    if len(events) > _MOST_EVENTS:
        yield _hanging("!", Text(f"and {len(events) - _MOST_EVENTS:,} more, which the JSON lists"))


def _hanging(mark: str, content: Text) -> Padding:
    """A mark, and the text beside it; its further lines begin below its first."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=1)
    grid.add_column(overflow="fold")
    grid.add_row(Text(mark), content)
    return Padding(grid, (0, 0, 0, 2))
