"""The sections of a comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.render.html.bench import bench
from archdiff.render.html.beside import code, lineage, tokenizer
from archdiff.render.html.findings import finding, tally, value_in_words
from archdiff.render.html.markup import Markup, bullets, details, join, section, table, tag
from archdiff.render.html.weights import weights
from archdiff.render.keyfigures import rows
from archdiff.report.values import plain
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pydantic import JsonValue

    from archdiff.render.html.markup import Content
    from archdiff.render.html.page import Stock
    from archdiff.report.schema import ChangeEntry, ModelEntry, Report, SetAside

__all__ = [
    "NOTHING",
    "about_models",
    "comparison",
    "fact_of",
    "figures_table",
    "long_list",
    "unchecked",
    "verdict",
    "weights_alone",
]

NOTHING = "–"
"""Where there is no value."""

_VERDICTS = {
    "breaking": "The weights of OLD do not fit NEW.",
    "behavioral": "The weights of OLD fit NEW, and compute something else.",
    "cosmetic": "The same architecture: the weights of OLD fit NEW and compute the same.",
    None: "No difference in architecture was found.",
}


def comparison(report: Report, stock: Stock) -> Iterator[Content]:
    """Everything that a report says, the most telling first."""
    yield _top(report)
    yield section("findings", "Findings and diagram", bench(report, stock, "main"))
    yield from _evidence(report)
    yield section("configuration", "Configuration", _facts(report.old, report.new), _config(report.changes))
    yield section(
        "changes",
        "Changes",
        _changes(report.changes, stock),
        note=f"{_counted(report.changes, 'difference')} between the graphs, layers folded",
    )
    if report.set_aside:
        yield section("set-aside", "Set aside", _set_aside(report.set_aside, report), note="there, and not counted")
    yield unchecked(report.not_checked)
    yield section(
        "about", "About this report", about_models((report.old, report.new)), _rules(report), _versions(report)
    )


def weights_alone(report: Report, stock: Stock) -> Iterator[Content]:
    """What a weight check says, and what it was made of."""
    yield _top(report, "Weight evidence")
    yield from _evidence(report)
    yield section("findings", "Findings and diagram", bench(report, stock, "main"))
    yield unchecked(report.not_checked)
    yield section(
        "about", "About this report", about_models((report.old, report.new)), _rules(report), _versions(report)
    )


def _top(report: Report, eyebrow: str = "Architecture comparison") -> Markup:
    names = tag(
        "h1",
        _side("OLD", report.old.name),
        tag("span", "→", class_="to", aria_hidden="true"),
        _side("NEW", report.new.name),
    )
    said = tag(
        "div",
        tag("p", verdict(report), class_="verdict"),
        tally(report.findings),
        bullets(report.summary.sentences, "sentences"),
    )
    figures = tag("div", figures_table(report.old, report.new), class_="figures")
    return tag(
        "div", tag("p", eyebrow, class_="eyebrow"), names, tag("div", said, figures, class_="top-columns"), class_="top"
    )


def _side(side: str, name: str) -> Markup:
    return tag("span", tag("span", side, class_="tag"), " ", name, class_="side")


def verdict(report: Report) -> str:
    """What the comparison comes to, in one sentence."""
    if report.summary.same_architecture:
        return _VERDICTS["cosmetic" if report.changes else None]
    worst = next(
        (c for c in ("breaking", "behavioral") if any(e.impact == c and not e.inert for e in report.changes)), None
    )
    return _VERDICTS[report.summary.impact if worst is None else worst]


def figures_table(*models: ModelEntry) -> Markup:
    """The key figures of models, side by side; rows without any value are left out."""
    found = []
    for cells in zip(*map(rows, models), strict=True):
        values = [value for _, value in cells]
        if any(value != NOTHING for value in values):
            found.append((cells[0][0], values, len(set(values)) > 1))
    head = ("", *(("OLD", "NEW") if len(models) == 2 else ("",)), *(("",) if len(models) == 2 else ()))
    body = [
        (name, *values, *((_sign(differs=differs),) if len(models) == 2 else ())) for name, values, differs in found
    ]
    marked = [number for number, (_, _, differs) in enumerate(found) if differs]
    return table("Key figures", head, body, numbers=(1, 2), marked=marked)


def _sign(*, differs: bool) -> Markup | None:
    return tag("span", "≠", class_="sign", role="img", aria_label="differs") if differs else None


def _evidence(report: Report) -> Iterator[Content]:
    if report.weights is not None:
        yield section("weights", "Weights", weights(report.weights))
    if report.tokenizer is not None:
        yield section("tokenizer", "Tokenizer", tokenizer(report.tokenizer))
    if declared := [entry for entry in report.lineage if not entry.is_bare]:
        yield section("lineage", "Declared lineage and licence", *map(lineage, declared))
    if report.code is not None:
        yield section("code", "Code", code(report.code))


def _facts(old: ModelEntry, new: ModelEntry) -> Markup:
    """Every fact of the two models; those that differ stand first."""
    names = dict.fromkeys((*old.facts, *old.varying, *new.facts, *new.varying))
    found = [(name, fact_of(old, name), fact_of(new, name)) for name in sorted(names)]
    differing = [row for row in found if row[1] != row[2]]
    same = [row for row in found if row[1] == row[2]]
    unlike = [(tag("code", name), a, b) for name, a, b in differing]
    head = ("fact", "OLD", "NEW")
    first = table("Facts that differ", head, unlike, marked=range(len(unlike))) if unlike else None
    rest = table("Facts that are the same in both models", head, [(tag("code", n), a, b) for n, a, b in same])
    return join(
        [
            tag("h3", f"Facts that differ ({len(differing)})"),
            first or tag("p", "None.", class_="nothing"),
            details(f"Facts that are the same ({len(same)})", rest),
        ]
    )


def fact_of(model: ModelEntry, name: str) -> str:
    """A fact of a model, or the values it has in its layers."""
    if name in model.varying:
        return " / ".join(value_in_words(value) for value in model.varying[name])
    return value_in_words(model.facts.get(name))


def _config(changes: Sequence[ChangeEntry]) -> Markup | None:
    """Keys of the config files that differ, each with what it comes to."""
    found = [change for change in changes if change.kind == "config-changed"]
    if not found:
        return None
    rows = [(tag("code", c.subject), _short(c.before), _short(c.after), _meaning(c)) for c in found]
    return join(
        [
            tag("h3", f"Keys of the config that differ ({len(found)})"),
            table("Keys of the config that differ", ("key", "OLD", "NEW", "what it comes to"), rows),
        ]
    )


def _meaning(change: ChangeEntry) -> Markup:
    rules = [tag("code", rule) for rule in change.explained_by]
    told = join([part for rule in rules for part in (rule, " ")]) if rules else None
    return join([told or change.inert])


def _short(value: JsonValue) -> str:
    return value_in_words(plain(value)) if not isinstance(value, dict) else str(value)


def _changes(changes: Sequence[ChangeEntry], stock: Stock) -> Markup:
    rows = [
        [
            c.kind.replace("-", " "),
            c.impact,
            " ".join(filter(None, (_where(c), c.subject))),
            _short(c.before),
            _short(c.after),
            ", ".join(c.explained_by) or c.inert,
        ]
        for c in changes
    ]
    head = ("change", "impact", "where", "OLD", "NEW", "explained by")
    return long_list(_counted(rows, "change"), "Changes", head, rows, (2, 3, 4), stock)


def _counted(things: Sequence[object], name: str) -> str:
    return f"{len(things):,} {name if len(things) == 1 else f'{name}s'}"


def _where(change: ChangeEntry) -> str:
    old, new = (place.text if place is not None else "" for place in (change.old, change.new))
    return old if old == new else " → ".join(filter(None, (old, new)))


def long_list(
    summary: str,
    caption: str,
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    code_columns: Sequence[int],
    stock: Stock,
) -> Markup:
    """A table of which the page draws as many rows as a reader asks for."""
    number = stock.long_list([[printable(cell, 600) for cell in row] for row in rows], code_columns)
    key = f"list-{number}"
    field = tag(
        "p",
        tag("label", "Search ", for_=key, class_="unseen"),
        tag("input", type="search", id=key, placeholder="Search these rows", autocomplete="off"),
        tag("output", aria_label="Rows found"),
        class_="list-search",
    )
    more = tag("button", type="button", class_="more", hidden=True)
    made = details(summary, field, table(caption, head, ()), more, class_="long")
    return Markup(made.replace("<details", f'<details data-list="{number}"', 1))


def _set_aside(found: Sequence[SetAside], report: Report) -> Markup:
    areas = {rule.id: rule.group for rule in report.rules}
    items = []
    for each in found:
        until = f", until {each.expires}" if each.expires else ""
        why = f"{each.cause}{f': {each.reason}' if each.reason else ''}{until}"
        items.append(finding(each.finding, areas.get(each.finding.rule, ""), aside=tag("p", why, class_="reason")))
    return tag("ol", *items, class_="findings still")


def unchecked(texts: Sequence[str]) -> Markup:
    """What was left out, and why: in every report."""
    listed = bullets(texts) or tag("p", "Nothing was left out.", class_="nothing")
    return section("not-checked", "Not checked", listed, note="what this report says nothing about")


def about_models(models: Sequence[ModelEntry]) -> Markup:
    """Where the models come from."""
    rows = [
        ("model", [m.name for m in models]),
        ("reference", [m.reference for m in models]),
        ("source", [m.kind for m in models]),
        ("on the hub", [m.hub_id or NOTHING for m in models]),
        ("revision", [m.revision or NOTHING for m in models]),
        ("digest of the config", [m.digest for m in models]),
        ("licence", [m.licence or NOTHING for m in models]),
        ("released", [m.released or NOTHING for m in models]),
        ("model type", [m.model_type for m in models]),
        ("class", [m.class_name or NOTHING for m in models]),
        ("declared base", [", ".join(f"{i.base} ({i.relation})" for i in m.lineage) or NOTHING for m in models]),
        ("data flow recorded", ["yes" if m.traced else "no" for m in models]),
    ]
    head = ("", "OLD", "NEW") if len(models) == 2 else ("", "model")
    notes = [tag("li", tag("b", model.name), ": ", note) for model in models for note in model.notes]
    return join(
        [
            table("Where the models come from", head, [(name, *values) for name, values in rows]),
            tag("h3", "Notes") if notes else None,
            tag("ul", *notes, class_="plain") if notes else None,
        ]
    )


def _rules(report: Report) -> Markup:
    found = {each.rule for each in report.findings}
    rows = [
        (tag("code", rule.id), rule.group or NOTHING, rule.pack, "yes" if rule.id in found else NOTHING)
        for rule in report.rules
    ]
    return details(
        f"{len(rows):,} rules ran", table("Rules that ran", ("rule", "area", "pack", "noticed something"), rows)
    )


def _versions(report: Report) -> Markup:
    told: Iterable[str] = (
        f"archdiff {report.archdiff}",
        f"transformers {report.transformers}",
        f"report schema {report.schema_version}",
    )
    return tag("p", " · ".join(told), class_="fine")
