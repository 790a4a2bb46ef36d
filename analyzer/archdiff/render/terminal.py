"""A report for people: what it comes to, the key figures, then every finding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.text import Text

from archdiff.compare.changes import IMPACTS
from archdiff.errors import RenderError
from archdiff.render import WeightsView, code_text, lineage_text
from archdiff.render.aside import lines
from archdiff.render.keyfigures import table
from archdiff.render.screen import PLAIN, Screen, capture, safe
from archdiff.report.checklist import Checklist
from archdiff.report.code import CodeEntry
from archdiff.report.lineage import LineageEntry
from archdiff.report.portrait import Portrait
from archdiff.report.schema import Report
from archdiff.report.summary import amount
from archdiff.report.tokenizer import TokenizerEntry
from archdiff.report.training_log import TrainingLogEntry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from archdiff.render import Document
    from archdiff.report.schema import FindingEntry, Impact

__all__ = ["text"]

_STYLE = {"breaking": "bold red", "behavioral": "yellow", "cosmetic": "cyan"}
_SYMBOL = {"breaking": "✗", "behavioral": "≠", "cosmetic": "·"}
_MEANING = {
    "breaking": "weights of OLD do not fit NEW",
    "behavioral": "weights of OLD fit and compute something else",
    "cosmetic": "weights of OLD fit and compute the same",
}


def text(document: Document, screen: Screen = PLAIN) -> str:
    """A document as lines of text."""
    if isinstance(document, Report):
        return capture(Group(*_report(document)), screen)
    if isinstance(document, WeightsView):
        from archdiff.render import weights_text

        return weights_text.text(document.report, screen)
    if isinstance(document, Portrait):
        from archdiff.render import portrait

        return capture(portrait.lines(document), screen)
    if isinstance(document, LineageEntry):
        return lineage_text.text(document, screen)
    if isinstance(document, Checklist):
        from archdiff.render import checklist_text

        return checklist_text.text(document, screen)
    if isinstance(document, TokenizerEntry):
        from archdiff.render import tokenizer_text

        return tokenizer_text.text(document, screen)
    if isinstance(document, TrainingLogEntry):
        from archdiff.render import training_log_text

        return training_log_text.text(document, screen)
    if isinstance(document, CodeEntry):
        return code_text.text(document, screen)
    raise RenderError("format terminal", "does not show such a document yet", "write JSON")


def _report(report: Report) -> Iterator[RenderableType]:
    yield _header(report)
    yield Text()
    yield from _sentences(report)
    yield Text()
    yield table(report.old, report.new)
    for impact in IMPACTS:
        yield from _findings(impact, [finding for finding in report.findings if finding.impact == impact])
    if report.weights is not None:
        from archdiff.render import weights_text

        yield Text()
        yield from weights_text.section(report.weights)
    yield from lineage_text.section(report.lineage)
    if report.tokenizer is not None:
        from archdiff.render import tokenizer_text

        yield Text()
        yield from tokenizer_text.section(report.tokenizer)
    yield from code_text.section(report.code)
    yield Text()
    yield from _footer(report)


def _header(report: Report) -> Text:
    sides = ((report.old.name, "OLD"), (report.new.name, "NEW"))
    names = Text(" → ").join(Text.assemble(safe(name, "bold"), f" ({side})") for name, side in sides)
    return names.append("   ").append_text(_counts(report))


def _counts(report: Report) -> Text:
    found = [(impact, report.summary.findings.get(impact, 0)) for impact in IMPACTS]
    told = [Text(f"{_SYMBOL[i]} {number} {i}", _STYLE[i]) for i, number in found if number]
    return Text("  ").join(told) if told else Text("no findings", "green")


def _sentences(report: Report) -> Iterator[RenderableType]:
    for sentence in report.summary.sentences:
        yield _hanging("•", safe(sentence))


def _findings(impact: Impact, findings: list[FindingEntry]) -> Iterator[RenderableType]:
    if not findings:
        return
    yield Text()
    yield Text(f"{impact.capitalize()} ({len(findings)}): {_MEANING[impact]}", _STYLE[impact])
    for finding in findings:
        yield _hanging(_SYMBOL[impact], _heading(finding), _STYLE[impact])
        yield Padding(safe(finding.message), (0, 0, 0, 4))


def _heading(finding: FindingEntry) -> Text:
    parts = [safe(finding.rule, "bold"), safe(finding.where, "dim", 120)]
    if finding.parameters:
        parts.append(Text(f"{'+' if finding.parameters > 0 else '−'}{amount(abs(finding.parameters))}"))
    if finding.confidence != "high":
        parts.append(Text(f"{finding.confidence} confidence", "italic"))
    return Text("  ").join(parts)


def _hanging(mark: str, content: Text, style: str = "") -> Padding:
    """A mark, and the text beside it; its further lines begin below its first."""
    from rich.table import Table

    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=1)
    grid.add_column(overflow="fold")
    grid.add_row(Text(mark, style), content)
    return Padding(grid, (0, 0, 0, 2))


def _footer(report: Report) -> Iterator[RenderableType]:
    changes = report.summary.changes
    packs = ", ".join(sorted({rule.pack for rule in report.rules}))
    counted = f"{changes:,} {'change' if changes == 1 else 'changes'}"
    yield safe(f"{counted}, {len(report.rules)} rules run (packs: {packs})", "dim")
    for note in (*_notes(report.old.name, report.old.notes), *_notes(report.new.name, report.new.notes)):
        yield safe(f"note: {note}", "dim")
    for line in lines(report):
        yield safe(line, "dim")
    for left_out in report.not_checked:
        # The sections on weights and on tokenizers have told what was left out of them.
        if not _is_told(report, left_out):
            yield safe(f"not checked: {left_out}", "dim")


def _is_told(report: Report, left_out: str) -> bool:
    told = (
        "weights: " if report.weights is not None else None,
        "tokenizer: " if report.tokenizer is not None else None,
    )
    return any(start is not None and left_out.startswith(start) for start in told)


def _notes(name: str, notes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{name}: {note}" for note in notes)
