"""The review of a model as a page: every claim with its status, its evidence and what would settle it."""

from __future__ import annotations

import itertools
from types import MappingProxyType
from typing import TYPE_CHECKING

from archdiff.render.html.alone import header, model_sections
from archdiff.render.html.bench import bench
from archdiff.render.html.beside import code, lineage, tokenizer, training_log
from archdiff.render.html.comparison import about_models, figures_table, unchecked, verdict
from archdiff.render.html.findings import tally
from archdiff.render.html.markup import Markup, bullets, details, join, prose, section, table, tag
from archdiff.render.html.weights import weights
from archdiff.render.keyfigures import shown as value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import JsonValue

    from archdiff.render.html.markup import Content
    from archdiff.render.html.page import Stock
    from archdiff.report.checklist import Checklist, ReviewItem, Signature
    from archdiff.report.schema import Report

__all__ = ["checklist"]

_SIGNS = MappingProxyType({"proved": "✓", "signed": "✓", "refuted": "✗", "open": "○", "not-applicable": "–"})


def checklist(found: Checklist, stock: Stock) -> Iterator[Content]:
    """The items first, then what they rest on."""
    model = found.model.model
    counts = [
        tag(
            "li",
            tag("span", _SIGNS.get(status, ""), class_="symbol", aria_hidden="true"),
            tag("b", f"{number:,}"),
            f" {status.replace('-', ' ')}",
            class_=f"{status}{'' if number else ' none'}",
        )
        for status, number in found.counts.items()
    ]
    claims = f"Claims: {found.claims}" if found.claims else "No claims file was given."
    left = tag(
        "div",
        tag("p", _verdict(found), class_="verdict"),
        tag("ul", *counts, class_="tally", aria_label="Items by status"),
        tag("p", claims, class_="fine"),
    )
    columns = tag("div", left, tag("div", figures_table(model), class_="figures"), class_="top-columns")
    yield header("Review before publication", model.name, columns)
    yield section("checklist", "Checklist", *_sections(found))
    if found.nearest:
        rows = [
            (each.name, f"{each.distance:.3g}", "yes" if each.same_architecture else "no", each.sentence)
            for each in found.nearest
        ]
        head = ("architecture", "distance", "the same", "")
        yield section(
            "nearest",
            "Nearest public architectures",
            table("Nearest public architectures", head, rows, numbers=(1,)),
            note="is it one of these with another name?",
        )
    if found.parents:
        yield section(
            "parents", "Declared parents", *(_parent(each, number, stock) for number, each in enumerate(found.parents))
        )
    yield from _evidence(found)
    yield from model_sections(found.model, stock)
    yield unchecked(found.not_checked)
    yield section(
        "about",
        "About this report",
        about_models((model,)),
        tag("p", f"archdiff {found.archdiff} · schema {found.schema_version}", class_="fine"),
    )


def _verdict(found: Checklist) -> str:
    """What the review comes to, in one sentence."""
    refuted, waiting = found.counts.get("refuted", 0), found.counts.get("open", 0)
    if refuted:
        return "1 claim is refuted." if refuted == 1 else f"{refuted:,} claims are refuted."
    if waiting:
        return (
            "No claim is refuted; 1 item is open."
            if waiting == 1
            else f"No claim is refuted; {waiting:,} items are open."
        )
    return "Every item is settled."


def _sections(found: Checklist) -> Iterator[Content]:
    for title, items in itertools.groupby(found.items, key=lambda item: item.section):
        yield tag("h3", title)
        yield tag("ol", *map(_item, items), class_="items")


def _item(item: ReviewItem) -> Markup:
    sign = tag(
        "span",
        tag("span", _SIGNS.get(item.status, "?"), aria_hidden="true"),
        tag("span", f"{item.status}: ", class_="unseen"),
        class_="symbol",
    )
    values = [
        (name, _value(value)) for name, value in (("claimed", item.claimed), ("found", item.found)) if value is not None
    ]
    evidence = [join([each.text, " ", tag("code", each.where)]) for each in item.evidence]
    fields = [(each.standard, each.field, each.source) for each in item.fields]
    rest = join(
        [
            bullets(evidence),
            table(f"Fields that {item.id} answers", ("standard", "field", "source"), fields) if fields else None,
            tag("p", f"digest {item.digest}", class_="fine"),
        ]
    )
    body = tag(
        "div",
        tag("p", prose(item.title), class_="message"),
        tag(
            "p",
            tag("span", item.status.replace("-", " "), class_=f"stamp {item.status}"),
            *(tag("span", f"{n}: {v}", class_="where") for n, v in values),
            class_="about",
        ),
        tag("p", prose(item.reason)),
        tag("p", "To settle it: ", tag("code", item.command)) if item.command else None,
        *_signatures(item),
        details("Evidence and fields", rest),
        class_="finding-body",
    )
    return tag("li", sign, body, class_=f"item {item.status}")


def _value(value: JsonValue) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_value(inner)}" for name, inner in value.items())
    return value_of(value)


def _signatures(item: ReviewItem) -> Iterator[Content]:
    if item.signature is not None:
        yield tag("p", f"Signed: {_signed(item.signature)}", class_="signature")
    elif item.needs_signature:
        yield tag("p", "Name and date:", tag("span", class_="line"), class_="signature")
    if item.lapsed is not None:
        yield tag("p", f"Lapsed, for what it rested on has changed: {_signed(item.lapsed)}", class_="signature lapsed")


def _signed(found: Signature) -> str:
    return f"{found.name}, {found.date}{f': {found.note}' if found.note else ''}"


def _parent(report: Report, number: int, stock: Stock) -> Markup:
    inside = [
        tag("p", verdict(report), class_="verdict"),
        tally(report.findings),
        bullets(report.summary.sentences, "sentences"),
        bench(report, stock, f"parent-{number}"),
        weights(report.weights) if report.weights is not None else None,
        bullets((f"Not checked: {text}" for text in report.not_checked), "plain fine"),
    ]
    return details(f"{report.old.name} → {report.new.name}", *inside, class_="card", start_open=number == 0)


def _evidence(found: Checklist) -> Iterator[Content]:
    if found.training_log is not None:
        yield section("training-log", "Training log", training_log(found.training_log))
    if found.tokenizers:
        yield section("tokenizer", "Tokenizer", *map(tokenizer, found.tokenizers))
    if found.lineage is not None:
        yield section("lineage", "Declared lineage and licence", lineage(found.lineage))
    if found.code:
        yield section("code", "Code", *map(code, found.code))
