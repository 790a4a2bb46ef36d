"""The evidence beside the weights: training logs, tokenizers, declared lineage with licences, and code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.render import training_log_picture
from archdiff.render.html.markup import Markup, bullets, details, join, table, tag
from archdiff.render.html.page import picture
from archdiff.render.html.weights import controls
from archdiff.render.weights_words import figure, share

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archdiff.report.code import CodeEntry, CodeSide
    from archdiff.report.lineage import LineageEntry
    from archdiff.report.tokenizer import FertilityEntry, TokenizerEntry, TokenizerSide
    from archdiff.report.training_log import TrainingLogEntry

__all__ = ["code", "lineage", "tokenizer", "training_log"]


def training_log(found: TrainingLogEntry) -> Markup:
    """What a training log shows, with its curve."""
    told = f"loss of {found.name} by step, with the losses known beforehand"
    drawn = picture(training_log_picture.text(found), told) if found.curve else None
    events = [(e.kind, f"{e.first:,}", f"{e.last:,}", e.text) for e in found.events]
    references = [(r.name, figure(r.loss, 4), r.source) for r in found.references]
    return tag(
        "article",
        tag("h3", found.name, " ", _stamp(found.verdict)),
        bullets(found.reasons, "sentences"),
        tag("figure", drawn, tag("figcaption", "Loss in nats for each token, by step")) if drawn is not None else None,
        table("Losses known beforehand", ("reference", "loss", "source"), references, numbers=(1,))
        if references
        else None,
        table("What the log holds", ("event", "first step", "last step", ""), events, numbers=(1, 2))
        if events
        else None,
        _figures(found.figures),
        _limits(found.limits, found.not_checked),
        tag("p", f"{found.kind} · {found.digest}", class_="fine"),
        class_="card",
    )


def tokenizer(found: TokenizerEntry) -> Markup:
    """What two tokenizers share."""
    rows = [
        (name, told(found.old), told(found.new))
        for name, told in (
            ("name", lambda side: side.name),
            ("file", lambda side: side.kind),
            ("model", lambda side: side.model),
            ("tokens", lambda side: f"{side.size:,}"),
            ("merges", lambda side: "–" if side.merges is None else f"{side.merges:,}"),
            ("special tokens", _special),
            ("digest", lambda side: side.digest),
        )
    ]
    parts = [(each.part, tag("code", each.old), tag("code", each.new)) for each in found.differences]
    return tag(
        "article",
        tag("h3", f"{found.old.name} and {found.new.name}", " ", _stamp(found.verdict)),
        bullets(found.reasons, "sentences"),
        table("The two tokenizers", ("", "OLD", "NEW"), rows),
        table("Parts that are not equal", ("part", "OLD", "NEW"), parts) if parts else None,
        _figures(found.figures),
        _fertility(found.fertility),
        controls(found.controls),
        _limits(found.limits, found.not_checked),
        class_="card",
    )


def _fertility(found: Sequence[FertilityEntry]) -> Markup | None:
    """Tokens that both need for the same texts."""
    rows = [
        (each.text, f"{each.characters:,}", *("–" if n is None else f"{n:,}" for n in (each.old, each.new)))
        for each in found
    ]
    head = ("text", "characters", "tokens of OLD", "tokens of NEW")
    return (
        details("Tokens for the same texts", table("Tokens for the same texts", head, rows, numbers=(1, 2, 3)))
        if rows
        else None
    )


def _special(side: TokenizerSide) -> str:
    more = f" and {len(side.special) - 12:,} more" if len(side.special) > 12 else ""
    return f"{', '.join(side.special[:12])}{more}" or "–"


def lineage(found: LineageEntry) -> Markup:
    """What a model declares about where it comes from."""
    chain = [(step.model, step.relation, step.base, step.declared_in) for step in found.chain]
    licences = [
        (each.model, each.declared or "–", each.spdx or "–", ", ".join(each.conditions) or "–", each.source)
        for each in found.licences
    ]
    said = tag("p", "Declares no model that it comes from.", class_="nothing") if not chain else None
    return tag(
        "article",
        tag("h3", found.model),
        _warned("Contradictions", found.contradictions),
        _warned("Licences to be read by a person", found.inherited),
        said,
        table("Declared lineage", ("model", "relation", "base", "declared in"), chain) if chain else None,
        table("Licences of the chain", ("model", "declared", "SPDX", "asks for", "source"), licences)
        if licences
        else None,
        bullets((f"Not followed: {text}" for text in found.not_followed), "plain fine"),
        _limits(found.limits, ()),
        class_="card",
    )


def code(found: CodeEntry) -> Markup:
    """How alike the modelling code of two models is."""
    rows = [
        (name, told(found.old), told(found.new))
        for name, told in (
            ("model", lambda side: side.name),
            ("code", lambda side: side.origin),
            ("classes", lambda side: f"{side.classes:,}"),
            ("made from", _made_from),
            ("copied from", lambda side: ", ".join(side.copied) or "–"),
            ("imports, not looked at", lambda side: ", ".join(side.beside) or "–"),
            ("copyright", lambda side: "; ".join(side.copyright) or "–"),
            ("digest", lambda side: side.digest),
        )
    ]
    matches = [
        (tag("code", m.new), tag("code", m.old), _percent(m.similarity), _percent_of(m.expected)) for m in found.matches
    ]
    control = (_percent_of(found.expected), _percent_of(found.expected_high))
    expected = f" unrelated families: {control[0]}, one pair in twenty above {control[1]}"
    return tag(
        "article",
        tag(
            "h3",
            f"Similarity {_percent(found.similarity)}",
            tag("span", expected if found.expected is not None else None, class_="where"),
        ),
        bullets(found.reasons, "sentences"),
        table("The code of the two models", ("", "OLD", "NEW"), rows),
        details(
            f"Classes ({len(matches)})",
            table(
                "Classes most alike",
                ("class of NEW", "class of OLD", "alike", "unrelated: 1 in 20 above"),
                matches,
                numbers=(2, 3),
            ),
        )
        if matches
        else None,
        _limits(found.limits, ()),
        class_="card",
    )


def _made_from(side: CodeSide) -> str:
    return ", ".join(side.inherits) or "–"


def _percent_of(value: float | None) -> str:
    return "–" if value is None else _percent(value)


def _percent(value: float) -> str:
    return share(round(value * 1_000_000), 1_000_000)


def _stamp(verdict: str) -> Markup:
    return tag("span", verdict, class_=f"stamp {verdict}")


def _figures(figures: Mapping[str, float | None]) -> Markup | None:
    rows = [(tag("code", name), figure(value, 6)) for name, value in figures.items()]
    return (
        details(f"Figures ({len(rows)})", table("Figures", ("figure", "value"), rows, numbers=(1,))) if rows else None
    )


def _warned(title: str, texts: Sequence[str]) -> Markup | None:
    listed = bullets(texts)
    return tag("div", tag("h4", title), listed, class_="warning") if listed is not None else None


def _limits(limits: Sequence[str], unread: Sequence[str]) -> Markup:
    return join(
        [
            *(tag("p", text, class_="limit") for text in limits),
            bullets((f"Not checked: {text}" for text in unread), "plain fine"),
        ]
    )
