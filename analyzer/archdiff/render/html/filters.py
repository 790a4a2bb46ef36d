"""What narrows the findings down, and finds places in the diagram."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.compare.changes import IMPACTS
from archdiff.render.html.findings import SYMBOLS
from archdiff.render.html.markup import Markup, tag

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from archdiff.render.html.markup import Content
    from archdiff.report.schema import FindingEntry

__all__ = ["filters"]

_CONFIDENCES = ("high", "medium", "low")


def filters(findings: Sequence[FindingEntry], areas: Mapping[str, str], key: str) -> Markup:
    """The form beside the diagram: search, and, where there are findings, impact, area and confidence.

    Args:
        findings: those that are listed.
        areas: group of each rule.
        key: begins the ids of its fields.
    """
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
