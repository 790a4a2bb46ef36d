"""Findings as a list: what each says, its facts, and why it matters."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from archdiff.compare.changes import IMPACTS
from archdiff.render.html.markup import Markup, details, prose, table, tag
from archdiff.render.keyfigures import shown as value_of
from archdiff.report.summary import amount

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pydantic import JsonValue

    from archdiff.render.html.markup import Content
    from archdiff.report.schema import FactChange, FindingEntry, RuleEntry

__all__ = ["SYMBOLS", "finding", "manual", "tally", "value_in_words"]

SYMBOLS = MappingProxyType({"breaking": "✗", "behavioral": "≠", "cosmetic": "·"})
"""Sign of each impact, so that colour is never needed to tell them apart."""

_MEANINGS = MappingProxyType(
    {
        "breaking": "weights of OLD do not fit NEW",
        "behavioral": "weights of OLD fit and compute something else",
        "cosmetic": "weights of OLD fit and compute the same",
    }
)
"""What each impact says."""

_SHOWN_OF_MANUAL = ("Why it matters", "What to do")

_LISTED = 8
"""Items of a list that a table shows."""


def manual(rule: RuleEntry | None) -> Markup | None:
    """Why a finding matters, and what to do about it; None where its rule's manual is not in the report."""
    wanted = (
        [(title, rule.manual[title]) for title in _SHOWN_OF_MANUAL if title in rule.manual] if rule is not None else []
    )
    told = [part for title, text in wanted for part in (tag("h4", title), *_paragraphs(text))]
    return details("Why it matters", *told[1:]) if told else None


def _paragraphs(text: str) -> Iterable[Markup]:
    return (tag("p", prose(" ".join(piece.split()))) for piece in text.split("\n\n"))


def finding(entry: FindingEntry, area: str, about: Content = None, aside: Content = None) -> Markup:
    """One finding.

    Args:
        entry: the finding.
        area: its rule's group.
        about: its rule's manual.
        aside: why it does not count, where it does not.
    """
    message = f"{entry.message[:1].upper()}{entry.message[1:]}"
    said = (tag("p", prose(message), class_="message"), tag("p", *_about(entry), class_="about"))
    return tag(
        "li",
        _symbol(entry),
        tag("div", *said, aside, _facts(entry.facts), about, class_="finding-body"),
        _show(entry.rule) if aside is None else None,
        class_=f"finding {entry.impact}",
        data_impact=entry.impact,
        data_area=area,
        data_confidence=entry.confidence,
    )


def _symbol(entry: FindingEntry) -> Markup:
    sign = tag("span", SYMBOLS[entry.impact], aria_hidden="true")
    return tag("span", sign, tag("span", f"{entry.impact}: ", class_="unseen"), class_="symbol")


def _show(rule: str) -> Markup:
    rest = tag("span", f" {rule} in the diagram", class_="unseen")
    return tag("button", "Show", rest, type="button", class_="goto quiet")


def _about(entry: FindingEntry) -> Iterable[Markup]:
    """Rule, place, parameters, and doubt."""
    yield tag("code", entry.rule)
    yield tag("span", entry.where, class_="where")
    if entry.parameters:
        sign = "+" if entry.parameters > 0 else "−"
        yield tag("span", f"{sign}{amount(abs(entry.parameters))} parameters", class_="where")
    if entry.confidence != "high":
        yield tag("span", f"{entry.confidence} confidence", class_="where doubt")


def _facts(facts: Sequence[FactChange]) -> Markup | None:
    if not facts:
        return None
    rows = [(tag("code", fact.name), value_in_words(fact.old), value_in_words(fact.new)) for fact in facts]
    return details("Facts", table("Facts of this finding in OLD and in NEW", ("fact", "OLD", "NEW"), rows))


def value_in_words(value: JsonValue) -> str:
    """A value; of a long list its beginning, for the JSON has the rest."""
    if isinstance(value, list) and len(value) > _LISTED:
        return f"{value_of(value[: _LISTED - 2])}, … ({len(value):,} in all)"
    return value_of(value)


def tally(findings: Sequence[FindingEntry]) -> Markup:
    """How many findings there are of each impact, and what it means."""
    counts = [(impact, sum(each.impact == impact for each in findings)) for impact in IMPACTS]
    items = [
        tag(
            "li",
            tag("span", SYMBOLS[impact], class_="symbol", aria_hidden="true"),
            tag("b", f"{number:,}"),
            f" {impact}",
            tag("span", _MEANINGS[impact], class_="meaning"),
            class_=f"{impact}{' none' if not number else ''}",
        )
        for impact, number in counts
    ]
    return tag("ul", *items, class_="tally", aria_label="Findings by impact")
