"""Weight evidence: verdict by component with its reasons, pictures and tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.render import weights_heatmap, weights_histogram
from archdiff.render.html.markup import Markup, bullets, details, join, table, tag
from archdiff.render.html.page import picture
from archdiff.render.svgfile import SvgFile
from archdiff.render.weights_tables import elements_table, tests_table
from archdiff.render.weights_words import amount_of, figure, layer_map, plainly
from archdiff.report.summary import amount

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.table import Table

    from archdiff.render.html.markup import Content
    from archdiff.report.weights import ControlEntry, JudgementEntry, WeightsEntry

__all__ = ["controls", "from_rich", "weights"]

_LEFT, _TOP, _AROUND = 76, 16, 190


def weights(found: WeightsEntry) -> Markup:
    """The verdicts, and what they rest on."""
    read = ", ".join(
        f"{amount_of(part)} of {amount_of(whole)} of {side}"
        for part, whole, side in zip(found.read, found.total, ("OLD", "NEW"), strict=True)
    )
    tables = [
        (name, from_rich(made, name))
        for name, made in (("Tests", tests_table(found.tests)), ("Element by element", elements_table(found.elements)))
        if made is not None
    ]
    return join(
        [
            tag("div", *(_judgement(each, found) for each in found.judgements), class_="judgements"),
            *(details(f"{name}, by component", made) for name, made in tables),
            tag("p", found.cannot_tell, class_="limit"),
            tag("p", f"Read: {read}; computed on {found.device}.", class_="fine"),
            bullets(found.not_checked, "plain fine"),
        ]
    )


def _judgement(judgement: JudgementEntry, found: WeightsEntry) -> Markup:
    labels = [tag("span", label, class_="label") for label in judgement.labels]
    title = tag(
        "h3",
        plainly(judgement.component).capitalize(),
        " ",
        tag("span", judgement.verdict, class_=f"stamp {judgement.verdict}"),
        *labels,
    )
    figures = [(plainly(name), figure(value)) for name, value in judgement.log10_p.items()]
    if judgement.power is not None:
        figures.append(("row cosine it would have detected", figure(judgement.power)))
    told = [
        bullets(judgement.reasons, "sentences"),
        table(f"Figures of {judgement.component}", ("test", "log10 p"), figures, numbers=(1,)) if figures else None,
        _named("Equal in every element", judgement.frozen),
        _named("What cannot be told here", judgement.limits),
        controls(judgement.controls),
    ]
    return tag("article", title, *told, tag("div", *_pictures(judgement, found), class_="pictures"), class_="card")


def _named(title: str, texts: Sequence[str]) -> Markup | None:
    listed = bullets(texts)
    return details(f"{title} ({len(texts)})", listed) if listed is not None else None


def controls(found: Sequence[ControlEntry]) -> Markup | None:
    """Tests of the tests, with what came out and what was allowed."""
    if not found:
        return None
    rows = [(c.name, figure(c.value), figure(c.limit), "passed" if c.passed else "FAILED") for c in found]
    failed = sum(not c.passed for c in found)
    summary = f"Controls: {len(found) - failed} of {len(found)} passed"
    made = table(
        "Controls",
        ("control", "value", "limit", ""),
        rows,
        numbers=(1, 2),
        marked=[n for n, c in enumerate(found) if not c.passed],
    )
    return details(summary, made, start_open=bool(failed))


def _pictures(judgement: JudgementEntry, found: WeightsEntry) -> Iterator[Content]:
    """Its maps, and how far apart its elements are."""
    for each in found.maps:
        if each.component == judgement.component and each.map:
            out = SvgFile()
            weights_heatmap.draw(out, each, (_LEFT, _TOP))
            columns = max(map(len, each.scores), default=0)
            wide = min(weights_heatmap.WIDEST, 24 * max(1, columns)) if columns else 60
            svg = out.source(_LEFT + max(wide, 60) + _AROUND, _TOP + weights_heatmap.height(each), layer_map(each))
            yield tag("figure", picture(svg, layer_map(each)), tag("figcaption", layer_map(each)))
    elements = [pair for pair in found.elements if pair.component == judgement.component]
    if counts := sum(weights_histogram.pooled(elements)):
        out = SvgFile()
        weights_histogram.draw(out, elements, (_LEFT, _TOP))
        told = f"relative differences of {amount(counts)} elements"
        svg = out.source(_LEFT + weights_histogram.WIDTH + 24, _TOP + weights_histogram.HEIGHT, told)
        yield tag("figure", picture(svg, f"Histogram: {told}"), tag("figcaption", told.capitalize()))


def from_rich(made: Table, caption: str) -> Markup:
    """A table of the terminal as one of the page."""
    columns = [[str(cell) for cell in column.cells] for column in made.columns]
    numbers = [number for number, column in enumerate(made.columns) if column.justify == "right"]
    return table(
        caption, [str(column.header) for column in made.columns], list(zip(*columns, strict=True)), numbers=numbers
    )
