"""The findings beside the diagram, with what filters and moves them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.render.html.diagram import diagram, diagram_of_model
from archdiff.render.html.filters import filters
from archdiff.render.html.findings import finding, manual
from archdiff.render.html.markup import Markup, tag
from archdiff.render.palette import LOOKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archdiff.render.html.page import Stock
    from archdiff.report.schema import ModelEntry, Report

__all__ = ["bench", "bench_of_model"]


def bench(report: Report, stock: Stock, key: str) -> Markup:
    """Findings and diagram of a comparison.

    Args:
        report: the comparison.
        stock: where the diagram is kept.
        key: begins the ids of its elements; a page may hold several.
    """
    rules = {rule.id: rule for rule in report.rules}
    areas = {key: rule.group for key, rule in rules.items()}
    items = [finding(each, areas.get(each.rule, ""), manual(rules.get(each.rule))) for each in report.findings]
    listed = tag("ol", *items, class_="findings") if items else tag("p", "No findings.", class_="nothing")
    left = tag(
        "div",
        filters(report.findings, areas, key),
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
    left = tag("div", filters((), {}, key), class_="bench-findings search-only", role="group", aria_label="Search")
    number = stock.bench(diagram_of_model(model))
    return tag("div", left, _window(model.name, ()), class_="bench alone", data_bench=number)


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
