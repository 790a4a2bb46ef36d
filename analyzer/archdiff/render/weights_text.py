"""Weight evidence for people: a verdict for each component with what it rests on, and the tests, folded over layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.text import Text

from archdiff.render.aside import lines
from archdiff.render.screen import PLAIN, Screen, capture, safe
from archdiff.render.weights_tables import elements_table, tests_table
from archdiff.render.weights_words import amount_of, figure, layer_map, listed, plainly, share
from archdiff.weights.wording import family_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType
    from rich.table import Table

    from archdiff.report.schema import Report
    from archdiff.report.weights import JudgementEntry, TestEntry, WeightsEntry

__all__ = ["section", "text"]

_STYLE = {
    "identical": "bold magenta",
    "derived": "bold red",
    "transformed": "bold yellow",
    "independent": "bold green",
    "inconclusive": "bold",
}

_MEANING = {
    "identical": "every compared element is equal",
    "derived": "the weights depend on each other",
    "transformed": "the weights match after a transformation",
    "independent": "no dependence detected",
    "inconclusive": "the evidence carries no verdict",
}

_POWER = "log10 p: median, least. power: the row cosine at which the weakest of these tests would reach p = 1e-12."
_COSINE = (
    "difference: ‖NEW − OLD‖ / ‖OLD‖. Pearson and cosine: medians. A raw cosine is worth what it has beyond the "
    "expected one, which means and deviations alone give unrelated tensors."
)

_REASONS = 4
"""Abstentions that are told one by one; the report holds them all."""


def text(report: Report, screen: Screen = PLAIN) -> str:
    """The section alone, as lines of text; that weights were not compared, where they were not."""
    names = Text(" → ").join((safe(report.old.name, "bold"), safe(report.new.name, "bold")))
    aside = [_line(told, "dim", 2) for told in lines(report)]
    if report.weights is None:
        return capture(Group(names, Text("weights: not compared"), *aside), screen)
    return capture(Group(names, Text(), *section(report.weights), *aside), screen)


def section(weights: WeightsEntry) -> Iterator[RenderableType]:
    """Verdicts, layer maps, both tables, what was read, what was not checked and what a pair cannot tell."""
    yield Text.assemble(("Weights", "bold"), "  ", safe(_read(weights), "dim"))
    for judgement in weights.judgements:
        yield from _verdict(judgement, weights)
    yield from _table(tests_table(weights.tests), f"{_POWER} {_legend(weights.tests)}.")
    yield from (_line(told, "dim", 2) for told in _abstained(weights.tests))
    yield from _table(elements_table(weights.elements), _COSINE)
    yield Text()
    yield from (_line(f"not checked: {left_out}", "dim", 2) for left_out in weights.not_checked)
    yield _line(_limits(weights), "", 2)


def _limits(weights: WeightsEntry) -> str:
    """What cannot be told: the limits of all verdicts, each once; in general where none states any."""
    limits = dict.fromkeys(limit for judgement in weights.judgements for limit in judgement.limits)
    return f"What a pair of checkpoints cannot tell: {'; '.join(limits)}." if limits else weights.cannot_tell


def _legend(tests: tuple[TestEntry, ...]) -> str:
    """What the families of the table compare."""
    families = dict.fromkeys(test.family for test in tests)
    return "; ".join(f"{plainly(family)}: {family_name(family)}" for family in families)


def _table(table: Table | None, legend: str) -> Iterator[RenderableType]:
    if table is not None:
        yield Text()
        yield Padding(table, (0, 0, 0, 2))
        yield _line(legend, "dim", 2)


def _read(weights: WeightsEntry) -> str:
    sides = zip(("OLD", "NEW"), weights.read, weights.total, strict=True)
    told = ", ".join(f"{amount_of(read)} of {amount_of(total)} of {side}" for side, read, total in sides)
    return f"read {told}; computed on {weights.device}"


def _verdict(judgement: JudgementEntry, weights: WeightsEntry) -> Iterator[RenderableType]:
    verdict = Text(judgement.verdict, _STYLE[judgement.verdict])
    labels = f" ({listed(judgement.labels)})" if judgement.labels else ""
    meaning = _MEANING[judgement.verdict]
    if judgement.verdict == "independent" and judgement.power is not None:
        meaning += f" at row cosine ≥ {figure(judgement.power)}"
    name = safe(plainly(judgement.component), "bold", 60)
    yield Padding(Text.assemble(name, "  ", verdict, safe(f"{labels}: {meaning}")), (0, 0, 0, 2))
    yield from (_line(told) for told in (*_grounds(judgement), *_equal(judgement, weights)))
    for found in weights.maps:
        if found.component == judgement.component:
            yield _line(layer_map(found))


def _grounds(judgement: JudgementEntry) -> Iterator[str]:
    """What the verdict rests on, line by line."""
    yield from judgement.reasons
    if judgement.log10_p:
        told = ", ".join(f"{figure(value)} ({plainly(name)})" for name, value in judgement.log10_p.items())
        least = figure(judgement.power)
        known = "power unknown" if judgement.power is None else f"power: a row cosine of {least} would give p = 1e-12"
        yield f"log10 p {told}; {known}"
    if judgement.controls:
        yield _controls(judgement)
    if judgement.frozen:
        yield f"equal in every element, while the rest is not: {listed(judgement.frozen, 4)}"


def _equal(judgement: JudgementEntry, weights: WeightsEntry) -> Iterator[str]:
    """How many elements are equal, where the reasons do not tell it."""
    found = [pair for pair in weights.elements if pair.component == judgement.component and pair.count]
    if found and not any("elements are equal" in reason for reason in judgement.reasons):
        equal, elements = sum(pair.equal for pair in found), sum(pair.count for pair in found)
        pairs = f"{len(found):,} {'pair' if len(found) == 1 else 'pairs'} of tensors"
        yield f"equal elements: {share(equal, elements)} of {elements:,} in {pairs}"


def _controls(judgement: JudgementEntry) -> str:
    failed = [control for control in judgement.controls if not control.passed]
    told = f"controls: {len(judgement.controls) - len(failed)} of {len(judgement.controls)} passed"
    named = [f"{each.name} ({figure(each.value)}, limit {figure(each.limit)})" for each in failed]
    return f"{told}; failed: {listed(named, 4)}" if named else told


def _abstained(tests: tuple[TestEntry, ...]) -> Iterator[str]:
    """Why tests gave no p, each reason once with the number of tests."""
    counted: dict[str, list[TestEntry]] = {}
    for test in tests:
        if test.abstained:
            counted.setdefault(test.abstained, []).append(test)
    for reason, found in list(counted.items())[:_REASONS]:
        more = f" and {len(found) - 1:,} more" if len(found) > 1 else ""
        yield f"abstained: {plainly(found[0].family)}, {found[0].new}{more}: {reason}"
    if len(counted) > _REASONS:
        yield f"abstained: for {len(counted) - _REASONS:,} more reasons"


def _line(told: str, style: str = "", indent: int = 6) -> Padding:
    return Padding(safe(told, style), (0, 0, 0, indent))
