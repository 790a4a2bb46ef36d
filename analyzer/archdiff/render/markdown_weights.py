"""Weight evidence as Markdown: a verdict for each component with what it rests on, and the tests in tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.render.markdown_fit import Section, fitted
from archdiff.render.markdown_text import bold, code, prose, row, rule, told
from archdiff.render.weights_tables import elements_table, tests_table
from archdiff.render.weights_words import amount_of, figure, layer_map, listed, plainly

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

    from archdiff.report.schema import Report
    from archdiff.report.weights import JudgementEntry, TestEntry, WeightsEntry

__all__ = ["sections", "text"]


def text(report: Report, limit: int) -> str:
    """The weight evidence alone; that weights were not compared, where they were not."""
    first = f"### Weights: {code(report.old.name)} → {code(report.new.name)}\n"
    if report.weights is None:
        return f"{first}\nWeights were not compared.\n"
    last = f"_archdiff {prose(report.archdiff)}_\n"
    return fitted(first, list(sections(report.weights)), last, limit)


def sections(weights: WeightsEntry) -> Iterator[Section]:
    """Verdicts in view; grounds, tests, tensors and limits folded."""
    yield Section(f"Weights ({_read(weights)})", tuple(map(_verdict, weights.judgements)), _HEAD, 80)
    yield Section("Weights: what the verdicts rest on", tuple(_grounds(weights)), rank=65, folded=True)
    yield _converted("Weights: tests", tests_table(weights.tests), 40)
    yield Section("Weights: tests that abstained", tuple(_abstained(weights.tests)), rank=35, folded=True)
    yield _converted("Weights: tensors, element by element", elements_table(weights.elements), 30)
    yield Section("Weights: what was not checked, and what cannot be told", tuple(_limits(weights)), rank=66)


_HEAD = (row(("component", "verdict", "log10 p", "power", "controls")), rule((False, False, True, True, True)))


def _read(weights: WeightsEntry) -> str:
    sides = zip(("OLD", "NEW"), weights.read, weights.total, strict=True)
    return "read " + ", ".join(f"{amount_of(read)} of {amount_of(total)} of {side}" for side, read, total in sides)


def _verdict(found: JudgementEntry) -> str:
    labels = f" ({prose(listed(found.labels))})" if found.labels else ""
    values = "; ".join(f"{figure(value)} {plainly(name)}" for name, value in found.log10_p.items())
    passed = sum(control.passed for control in found.controls)
    controls = f"{passed} of {len(found.controls)}" if found.controls else ""
    power = figure(found.power)
    return row((prose(plainly(found.component)), f"{bold(found.verdict)}{labels}", prose(values), power, controls))


def _grounds(weights: WeightsEntry) -> Iterator[str]:
    for found in weights.judgements:
        component = prose(plainly(found.component))
        yield from (f"- {component}: {told(reason)}" for reason in found.reasons)
        yield from (f"- {component}: {prose(layer_map(m))}" for m in weights.maps if m.component == found.component)
        failed = [control for control in found.controls if not control.passed]
        for control in failed:
            limits = f"{figure(control.value)}, limit {figure(control.limit)}"
            yield f"- {component}: control failed: {prose(control.name)} ({limits})"
        if found.frozen:
            yield f"- {component}: equal in every element, while the rest is not: {prose(listed(found.frozen))}"


def _abstained(tests: tuple[TestEntry, ...]) -> Iterator[str]:
    """Why tests gave no p, each reason once with the number of tests."""
    counted: dict[str, int] = {}
    for test in tests:
        if test.abstained:
            counted[test.abstained] = counted.get(test.abstained, 0) + 1
    for reason, number in counted.items():
        yield f"- {number:,} {'test' if number == 1 else 'tests'}: {told(reason)}"


def _limits(weights: WeightsEntry) -> Iterator[str]:
    limits = dict.fromkeys(limit for judgement in weights.judgements for limit in judgement.limits)
    yield from (f"- {told(limit)}" for limit in (limits or [weights.cannot_tell]))
    yield from (f"- not checked: {told(left_out)}" for left_out in weights.not_checked)


def _converted(title: str, table: Table | None, rank: int) -> Section:
    """A table of the terminal as one of Markdown, so that both say the same."""
    if table is None:
        return Section(title, ())
    columns = [[prose(str(cell), 300) if str(cell) else "" for cell in column.cells] for column in table.columns]
    right = [column.justify == "right" for column in table.columns]
    height = max(map(len, columns))
    lines = tuple(row(column[place] if place < len(column) else "" for column in columns) for place in range(height))
    head = (row(prose(str(column.header)) for column in table.columns), rule(right))
    return Section(title, lines, head, rank, folded=True)
