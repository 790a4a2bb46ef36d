"""Pages about one thing: a model, or one kind of evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.render.html.bench import bench_of_model
from archdiff.render.html.comparison import NOTHING, about_models, fact_of, figures_table, unchecked
from archdiff.render.html.markup import Markup, details, join, section, table, tag
from archdiff.render.weights_words import amount_of
from archdiff.report.summary import amount

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.render.html.markup import Content
    from archdiff.render.html.page import Stock
    from archdiff.report.portrait import Portrait
    from archdiff.report.tokenizer import TokenizerEntry
    from archdiff.report.training_log import TrainingLogEntry

__all__ = ["header", "model_sections", "one", "portrait"]


def header(eyebrow: str, title: str, *content: Content) -> Markup:
    """The top of a page."""
    return tag(
        "div", tag("p", eyebrow, class_="eyebrow"), tag("h1", tag("span", title, class_="side")), *content, class_="top"
    )


def portrait(found: Portrait, stock: Stock) -> Iterator[Content]:
    """One model: its figures, diagram, parameters by role and facts."""
    yield header(
        "Portrait of a model", found.model.name, tag("div", figures_table(found.model), class_="figures alone")
    )
    yield from model_sections(found, stock)
    yield unchecked(found.not_checked)
    versions = f"archdiff {found.archdiff} · transformers {found.transformers} · schema {found.schema_version}"
    yield section("about", "About this report", about_models((found.model,)), tag("p", versions, class_="fine"))


def model_sections(found: Portrait, stock: Stock) -> Iterator[Content]:
    """What a page says of one model, without header and end."""
    model = found.model
    yield section("diagram", "Diagram", bench_of_model(model, stock, "model"))
    total = max(1, model.parameters)
    roles = [
        (each.role or "–", amount(each.parameters), f"{100 * each.parameters / total:.1f} %") for each in found.roles
    ]
    yield section(
        "parameters", "Parameters", table("Parameters by role", ("role", "parameters", "share"), roles, numbers=(1, 2))
    )
    if found.cache is not None:
        kept = found.cache
        rows = [
            ("bytes for each token", amount_of(kept.bytes_per_token)),
            ("of layers that keep every token", amount_of(kept.bytes_per_token_full)),
            ("largest window", "–" if kept.window is None else f"{kept.window:,} tokens"),
            ("layers that keep any", f"{kept.layers:,}"),
        ]
        yield section(
            "cache", "Kept of each token", table("What attention keeps, in bfloat16", ("", ""), rows, numbers=(1,))
        )
    facts = [(name, fact_of(model, name)) for name in sorted({*model.facts, *model.varying})]
    stated = [(tag("code", name), value) for name, value in facts if value != NOTHING]
    others = tag("p", *(join([tag("code", name), " "]) for name, value in facts if value == NOTHING))
    absent = details(f"Facts that do not apply ({len(facts) - len(stated)})", others)
    yield section("facts", "Facts", table("Facts of the model", ("fact", "value"), stated), absent)


def one(
    eyebrow: str, title: str, content: Markup, document: TrainingLogEntry | TokenizerEntry | None = None
) -> Iterator[Content]:
    """A page about one piece of evidence."""
    yield header(eyebrow, title)
    yield section("evidence", "Evidence", content)
    if document is not None:
        yield unchecked(document.not_checked)
        yield tag("p", f"archdiff {document.archdiff} · schema {document.schema_version}", class_="fine")
