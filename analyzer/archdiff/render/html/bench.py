"""The findings beside the diagram, with what filters and moves them."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from archdiff.compare.changes import IMPACTS
from archdiff.render.html.diagram import diagram, diagram_of_model
from archdiff.render.html.markup import Markup, details, prose, shown, table, tag
from archdiff.render.keyfigures import shown as value_of
from archdiff.render.palette import LOOKS
from archdiff.report.summary import amount

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pydantic import JsonValue

    from archdiff.render.html.markup import Content
    from archdiff.render.html.page import Stock
    from archdiff.report.schema import FactChange, FindingEntry, ModelEntry, Report, RuleEntry

__all__ = ["MEANINGS", "SYMBOLS", "bench", "bench_of_model", "finding", "tally"]

SYMBOLS = MappingProxyType({"breaking": "✗", "behavioral": "≠", "cosmetic": "·"})
"""Sign of each impact, so that colour is never needed to tell them apart."""

MEANINGS = MappingProxyType(
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

_CONFIDENCES = ("high", "medium", "low")


def bench(report: Report, stock: Stock, key: str) -> Markup:
    """Findings and diagram of a comparison.

    Args:
        report: the comparison.
        stock: where the diagram is kept.
        key: begins the ids of its elements; a page may hold several.
    """
    rules = {rule.id: rule for rule in report.rules}
    areas = {key: rule.group for key, rule in rules.items()}
    items = [finding(each, areas.get(each.rule, ""), _manual(rules.get(each.rule))) for each in report.findings]
    listed = tag("ol", *items, class_="findings") if items else tag("p", "No findings.", class_="nothing")
    left = tag(
        "div",
        _filters(report.findings, areas, key),
        listed,
        class_="bench-findings",
        role="group",
        aria_label="Findings",
    )
    names = f"{report.old.name} and {report.new.name}"
    return tag(
        "div",
        left,
        _window(names, ("removed", "changed", "added")),
        class_="bench",
        data_bench=stock.bench(diagram(report)),
    )


def bench_of_model(model: ModelEntry, stock: Stock, key: str) -> Markup:
    """The diagram of one model, with its search."""
    left = tag("div", _filters((), {}, key), class_="bench-findings search-only", role="group", aria_label="Search")
    number = stock.bench(diagram_of_model(model))
    return tag("div", left, _window(model.name, ()), class_="bench alone", data_bench=number)


def _filters(findings: Sequence[FindingEntry], areas: Mapping[str, str], key: str) -> Markup:
    search = tag(
        "div",
        tag("label", "Search", for_=f"{key}-search", class_="unseen"),
        tag(
            "input", type="search", name="search", id=f"{key}-search", placeholder="Search by name", autocomplete="off"
        ),
        tag(
            "button",
            Markup('<span aria-hidden="true">↑</span>'),
            type="button",
            class_="quiet",
            data_act="previous",
            aria_label="Previous place",
        ),
        tag(
            "button",
            Markup('<span aria-hidden="true">↓</span>'),
            type="button",
            class_="quiet",
            data_act="next",
            aria_label="Next place",
        ),
        class_="search",
    )
    rest = _choices(findings, areas, key) if findings else ()
    found = tag("p", class_="found", role="status")
    chip = tag("button", type="button", class_="chip", hidden=True) if findings else None
    return tag("form", search, *rest, tag("div", found, chip, class_="told"), class_="filters", aria_label="Filters")


def _choices(findings: Sequence[FindingEntry], areas: Mapping[str, str], key: str) -> Iterable[Content]:
    """Impact, area and confidence."""
    counts = {impact: sum(each.impact == impact for each in findings) for impact in IMPACTS}
    boxes = [
        tag(
            "label",
            tag("input", type="checkbox", name="impact", value=impact, checked=True),
            tag(
                "span",
                tag("span", SYMBOLS[impact], aria_hidden="true", class_="symbol"),
                f" {impact} ",
                tag("b", f"{counts[impact]:,}"),
            ),
            class_=f"choice {impact}",
        )
        for impact in IMPACTS
    ]
    yield tag("fieldset", tag("legend", "Impact", class_="unseen"), *boxes, class_="impacts")
    present = sorted({areas.get(each.rule, "") for each in findings} - {""})
    confidences = [name for name in _CONFIDENCES if any(each.confidence == name for each in findings)]
    yield tag(
        "div",
        _select(f"{key}-area", "area", "Area", "All areas", [(name, name) for name in present]),
        _select(
            f"{key}-confidence",
            "confidence",
            "Confidence",
            "Any confidence",
            [(n, f"{n} confidence") for n in confidences],
        ),
        tag("button", "Reset", type="reset", class_="quiet"),
        class_="selects",
    )


def _select(key: str, name: str, label: str, every: str, options: Iterable[tuple[str, str]]) -> Markup:
    choices = [tag("option", told, value=value) for value, told in (("", every), *options)]
    return tag("label", tag("span", label, class_="unseen"), tag("select", *choices, name=name, id=key))


def _window(names: str, statuses: Sequence[str]) -> Markup:
    looks = [
        tag("li", tag("span", LOOKS[status].mark, class_=f"swatch status-{status}", aria_hidden="true"), status)
        for status in LOOKS
        if status in statuses
    ]
    tools = tag(
        "div",
        _button("out", "−", "Zoom out"),
        tag("output", "100 %", aria_label="Zoom"),
        _button("in", "+", "Zoom in"),
        _button("fit", "Fit", "Fit the width, or the whole"),
        tag("span", class_="gap"),
        _button("open", "Expand all", "Expand all layers"),
        _button("close", "Collapse all", "Collapse all layers"),
        tag("ul", *looks, class_="legend", aria_label="Legend") if looks else None,
        class_="tools",
    )
    keys = "arrow keys move it, plus and minus zoom, 0 resets; drag it, or hold Ctrl and turn the wheel"
    port = tag(
        "div",
        tag("div", class_="stage"),
        class_="viewport",
        tabindex="0",
        role="region",
        aria_label=f"Diagram of {names}: {keys}",
    )
    return tag("div", tools, port, class_="bench-diagram")


def _button(act: str, text: str, label: str) -> Markup:
    told = label if text in "−+" else None
    return tag("button", text, type="button", class_="quiet", data_act=act, aria_label=told, title=label)


def _manual(rule: RuleEntry | None) -> Markup | None:
    """Why a finding matters, and what to do about it."""
    wanted = (
        [(title, rule.manual[title]) for title in _SHOWN_OF_MANUAL if title in rule.manual] if rule is not None else []
    )
    told = [part for title, text in wanted for part in (tag("h4", title), *_paragraphs(text))]
    return details("Why it matters", *told[1:]) if told else None


def _paragraphs(text: str) -> Iterable[Markup]:
    return (tag("p", prose(" ".join(piece.split()))) for piece in text.split("\n\n"))


def finding(entry: FindingEntry, area: str, manual: Content = None, aside: Content = None) -> Markup:
    """One finding.

    Args:
        entry: the finding.
        area: its rule's group.
        manual: of its rule.
        aside: why it does not count, where it does not.
    """
    told = [tag("code", entry.rule), tag("span", entry.where, class_="where")]
    if entry.parameters:
        sign = "+" if entry.parameters > 0 else "−"
        told.append(tag("span", f"{sign}{amount(abs(entry.parameters))} parameters", class_="where"))
    if entry.confidence != "high":
        told.append(tag("span", f"{entry.confidence} confidence", class_="where doubt"))
    message = f"{entry.message[:1].upper()}{entry.message[1:]}"
    symbol = tag(
        "span",
        tag("span", SYMBOLS[entry.impact], aria_hidden="true"),
        tag("span", f"{entry.impact}: ", class_="unseen"),
        class_="symbol",
    )
    show = (
        tag(
            "button",
            "Show",
            tag("span", f" {entry.rule} in the diagram", class_="unseen"),
            type="button",
            class_="goto quiet",
        )
        if aside is None
        else None
    )
    return tag(
        "li",
        symbol,
        tag(
            "div",
            tag("p", prose(message), class_="message"),
            tag("p", *told, class_="about"),
            aside,
            _facts(entry.facts),
            manual,
            class_="finding-body",
        ),
        show,
        class_=f"finding {entry.impact}",
        data_impact=entry.impact,
        data_area=shown(area),
        data_confidence=entry.confidence,
    )


def _facts(facts: Sequence[FactChange]) -> Markup | None:
    if not facts:
        return None
    rows = [(tag("code", fact.name), _told(fact.old), _told(fact.new)) for fact in facts]
    return details("Facts", table("Facts of this finding in OLD and in NEW", ("fact", "OLD", "NEW"), rows))


def _told(value: JsonValue) -> str:
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
            tag("span", MEANINGS[impact], class_="meaning"),
            class_=f"{impact}{' none' if not number else ''}",
        )
        for impact, number in counts
    ]
    return tag("ul", *items, class_="tally", aria_label="Findings by impact")
