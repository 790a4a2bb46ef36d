"""A comparison as Markdown: what it comes to, the findings in tables, the evidence, what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.compare.changes import IMPACTS
from archdiff.render import markdown_evidence, markdown_weights
from archdiff.render.findings import RULE_MANUAL, counted
from archdiff.render.markdown_fit import Section, fitted
from archdiff.render.markdown_models import figures, notes, unchecked
from archdiff.render.markdown_text import code, prose, row, rule, told
from archdiff.report.summary import amount

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.report.schema import FindingEntry, Impact, Report, SetAside

__all__ = ["text"]

_SYMBOL = {"breaking": "✗", "behavioral": "≠", "cosmetic": "·"}
_MEANING = {
    "breaking": "weights of OLD do not fit NEW",
    "behavioral": "weights of OLD fit and compute something else",
    "cosmetic": "weights of OLD fit and compute the same",
}
_RANK = {"breaking": 90, "behavioral": 75, "cosmetic": 60}


def text(report: Report, limit: int) -> str:
    """The comparison, within a number of bytes."""
    return fitted(_first(report), list(_sections(report)), _last(report), limit)


def _first(report: Report) -> str:
    heading = f"### Architecture diff: {code(report.old.name)} → {code(report.new.name)}"
    return f"{heading}\n\n**{counted(report)}**\n"


def _sections(report: Report) -> Iterator[Section]:
    yield Section("", tuple(f"- {told(sentence)}" for sentence in report.summary.sentences), rank=100)
    for impact in IMPACTS:
        yield _findings(impact, [finding for finding in report.findings if finding.impact == impact])
    if report.weights is not None:
        yield from markdown_weights.sections(report.weights)
    yield figures(report.old, report.new)
    yield from markdown_evidence.beside(report)
    yield _aside(report.set_aside)
    yield _manuals(report)
    yield notes((report.old, report.new))
    yield unchecked(report.not_checked)


def _findings(impact: Impact, findings: list[FindingEntry]) -> Section:
    """A table; what breaks is in view, the rest is folded."""
    title = f"{_SYMBOL[impact]} {impact.capitalize()} ({len(findings):,}): {_MEANING[impact]}"
    width = 4 if any(finding.parameters for finding in findings) else 3
    head = (row(("rule", "where", "what differs", "parameters")[:width]), rule((False, False, False, True)[:width]))
    found = tuple(row(_cells(finding)[:width]) for finding in findings)
    return Section(title, found, head, _RANK[impact], folded=impact != "breaking")


def _cells(finding: FindingEntry) -> tuple[str, ...]:
    doubt = "" if finding.confidence == "high" else f" _({finding.confidence} confidence)_"
    sign = "+" if finding.parameters > 0 else "−"
    parameters = f"{sign}{amount(abs(finding.parameters))}" if finding.parameters else ""
    return (code(finding.rule), prose(finding.where, 120), told(finding.message) + doubt, parameters)


def _aside(set_aside: tuple[SetAside, ...]) -> Section:
    lines = []
    for each in set_aside:
        reason = f" ({prose(each.reason)}{f'; until {prose(each.expires)}' if each.expires else ''})"
        why = "in the baseline" if each.cause == "baseline" else f"suppressed{reason if each.reason else ''}"
        lines.append(f"- {code(each.finding.rule)}, {prose(each.finding.where)}: {told(each.finding.message)}: {why}")
    return Section(f"Known or suppressed, not counted ({len(set_aside):,})", tuple(lines), rank=50, folded=True)


def _manuals(report: Report) -> Section:
    """What to do about each finding, by rule in the order of the findings."""
    known = {each.id: each.manual.get("What to do", "") for each in report.rules}
    spoken = dict.fromkeys(finding.rule for finding in report.findings)
    lines = tuple(f"- {code(name)}: {told(' '.join(known[name].split()))}" for name in spoken if known.get(name))
    return Section("What to do", lines, rank=20, folded=True)


def _last(report: Report) -> str:
    changes = report.summary.changes
    packs = ", ".join(code(pack) for pack in sorted({rule.pack for rule in report.rules}))
    ran = f"{changes:,} {'change' if changes == 1 else 'changes'}, {len(report.rules):,} rules run (packs: {packs})"
    made = f"archdiff {prose(report.archdiff)}, transformers {prose(report.transformers)}"
    return f"_{made}; {ran}. A rule's manual: `{RULE_MANUAL.format('ID')}`._\n"
