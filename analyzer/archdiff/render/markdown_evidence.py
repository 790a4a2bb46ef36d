"""The evidence beside the weights as Markdown: training logs, tokenizers, lineage and code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.render.markdown_fit import Section, fitted
from archdiff.render.markdown_text import NOTHING, bold, code, prose, row, rule, told
from archdiff.render.weights_words import figure, plainly

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from archdiff.report.code import CodeEntry, CodeSide
    from archdiff.report.lineage import LineageEntry
    from archdiff.report.schema import Report
    from archdiff.report.tokenizer import TokenizerEntry
    from archdiff.report.training_log import TrainingLogEntry

__all__ = ["beside", "code_lineage", "lineage", "tokenizer", "training_log"]


def training_log(entry: TrainingLogEntry, limit: int) -> str:
    """What a training log says, within a number of bytes."""
    lines = [f"### Training log: {code(entry.name)}", "", f"Consistent with: {bold(entry.verdict)}", ""]
    objective = f"objective: {entry.objective or 'unknown'}; the loss before the first update: {plainly(entry.start)}"
    sections = [
        Section("", _items(entry.reasons), rank=95),
        Section("Known losses", tuple(_references(entry)), _head("reference", "nats", "source"), 80),
        Section("Events", tuple(_events(entry)), _head("kind", "steps", "what"), 60),
        Section("Figures", _figures(entry.figures), _head("figure", "value"), 50, folded=True),
        Section("What a log cannot prove", _items(entry.limits), rank=90),
        Section("Not checked", _items(entry.not_checked), rank=85, folded=True),
    ]
    points = f"{len(entry.curve):,} points of the curve are in the JSON"
    source = f"{prose(entry.kind)}, {code(entry.digest)}; {prose(objective)}; {points}"
    last = f"_archdiff {prose(entry.archdiff)}; {source}._\n"
    return fitted("\n".join(lines), sections, last, limit)


def _references(entry: TrainingLogEntry) -> Iterator[str]:
    yield from (row((prose(each.name), figure(each.loss, 4), told(each.source))) for each in entry.references)


def _events(entry: TrainingLogEntry) -> Iterator[str]:
    for event in entry.events:
        steps = f"{event.first:,}" if event.first == event.last else f"{event.first:,}–{event.last:,}"
        yield row((prose(plainly(event.kind)), steps, told(event.text)))


def tokenizer(entry: TokenizerEntry, limit: int) -> str:
    """What comparing two tokenizers says, within a number of bytes."""
    heading = f"### Tokenizers: {code(entry.old.name)} → {code(entry.new.name)}"
    last = f"_archdiff {prose(entry.archdiff)}_\n"
    first = "\n".join([heading, "", f"Verdict: {bold(entry.verdict)}", ""])
    return fitted(first, list(_tokenizer(entry)), last, limit)


def _tokenizer(entry: TokenizerEntry) -> Iterator[Section]:
    yield Section("", _items(entry.reasons), rank=95)
    yield Section("The two", tuple(_sides(entry)), _head("", "OLD", "NEW"), 80)
    differences = tuple(row((prose(d.part), code(d.old), code(d.new))) for d in entry.differences)
    yield Section("Other parts", differences, _head("part", "OLD", "NEW"), 60)
    yield Section("Figures", _figures(entry.figures), _head("figure", "value"), 50, folded=True)
    yield Section(
        "Tokens for the texts of the sample", tuple(_fertility(entry)), _head("text", "OLD", "NEW"), 45, folded=True
    )
    failed = [control for control in entry.controls if not control.passed]
    controls = (f"{each.name}: {figure(each.value)}, limit {figure(each.limit)}" for each in failed)
    yield Section("Controls that failed", _items(controls), rank=88)
    yield Section("What comparing tokenizers cannot tell", _items(entry.limits), rank=90)
    yield Section("Not checked", _items(entry.not_checked), rank=85, folded=True)


def _fertility(entry: TokenizerEntry) -> Iterator[str]:
    for each in entry.fertility:
        yield row((prose(each.text), *(NOTHING if n is None else f"{n:,}" for n in (each.old, each.new))))


def _sides(entry: TokenizerEntry) -> Iterator[str]:
    old, new = entry.old, entry.new
    yield row(("kind", code(old.kind), code(new.kind)))
    yield row(("model", code(old.model), code(new.model)))
    yield row(("tokens", f"{old.size:,}", f"{new.size:,}"))
    yield row(("merges", *(NOTHING if side.merges is None else f"{side.merges:,}" for side in (old, new))))
    yield row(("special tokens", f"{len(old.special):,}", f"{len(new.special):,}"))
    yield row(("digest", code(old.digest), code(new.digest)))


def lineage(entry: LineageEntry, limit: int) -> str:
    """What a model declares about where it comes from, within a number of bytes."""
    roots = tuple(f"- root: {code(name)}" for name in entry.roots) or ("- It declares no base model.",)
    sections = [Section("", roots, rank=80), Section("", tuple(_lineage([entry])), rank=90)]
    return fitted(f"### Declared lineage of {code(entry.model)}\n", sections, "", limit)


def code_lineage(entry: CodeEntry, limit: int) -> str:
    """How alike the code of two models is, within a number of bytes."""
    first = f"### Modelling code: {code(entry.old.name)} → {code(entry.new.name)}\n"
    sides = tuple(
        row((side, code(its.name), prose(its.origin), f"{its.classes:,}", code(its.digest)))
        for side, its in (("OLD", entry.old), ("NEW", entry.new))
    )
    matches = tuple(row((code(each.new), code(each.old), figure(each.similarity))) for each in entry.matches)
    declared = tuple(line for its in (entry.old, entry.new) for line in _declared(its))
    sections = [
        Section("", tuple(_code(entry)), rank=90),
        Section("The two", sides, _head("", "model", "origin", "classes", "digest"), 80),
        Section("Classes", matches, _head("of NEW", "most like, of OLD", "similarity"), 50, folded=True),
        Section("Declared in the code", declared, rank=60),
    ]
    return fitted(first, sections, "", limit)


def _declared(side: CodeSide) -> Iterator[str]:
    name = code(side.name)
    if side.inherits:
        yield f"- {name} derives classes from {prose(', '.join(side.inherits))}"
    if side.copied:
        yield f"- comments of {name} say that code is copied from {prose(', '.join(side.copied))}"
    if side.beside:
        yield f"- {name} imports from its own folder, and this was not looked at: {prose(', '.join(side.beside))}"
    yield from (f"- {name}: {told(line)}" for line in side.copyright)


def beside(report: Report) -> Iterator[Section]:
    """What a report of two models holds of tokenizers, lineage and code; nothing of what it does not hold."""
    if report.tokenizer is not None:
        verdict = (f"- tokenizer: {bold(report.tokenizer.verdict)}",)
        reasons = (*report.tokenizer.reasons, *report.tokenizer.limits)
        yield Section("Tokenizers", (*verdict, *_items(reasons)), rank=72, folded=True)
    if declared := [entry for entry in report.lineage if not entry.is_bare]:
        yield Section("Declared lineage", tuple(_lineage(declared)), rank=71, folded=True)
    if report.code is not None:
        yield Section("Code", tuple(_code(report.code)), rank=55, folded=True)


def _lineage(entries: Sequence[LineageEntry]) -> Iterator[str]:
    """Each model's chain, and what holds for them all once."""
    for entry in entries:
        yield from (f"- contradiction: {told(text)}" for text in entry.contradictions)
        yield from (f"- licence: {told(text)}" for text in entry.inherited)
        for step in entry.chain:
            declared = f"declared in {prose(step.declared_in)}"
            yield f"- {code(step.model)}: {prose(step.relation)} of {code(step.base)} ({declared})"
        for found in entry.licences:
            conditions = f": {prose(', '.join(found.conditions))}" if found.conditions else ""
            yield f"- licence of {code(found.model)}: {code(found.spdx or found.declared)}{conditions}"
        yield from (f"- not followed: {told(text)}" for text in entry.not_followed)
    yield from _items(dict.fromkeys(limit for entry in entries for limit in entry.limits))


def _code(entry: CodeEntry) -> Iterator[str]:
    expected = f" (unrelated families: {figure(entry.expected)})" if entry.expected is not None else ""
    yield f"- similarity of the code: {figure(entry.similarity)}{expected}"
    yield from _items((*entry.reasons, *entry.limits))


def _items(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"- {told(text)}" for text in texts)


def _figures(figures: Mapping[str, float | None]) -> tuple[str, ...]:
    """Those that are known; whole numbers in full."""
    known = ((name, value) for name, value in figures.items() if value is not None)
    return tuple(row((prose(plainly(name.replace("_", " "))), _number(value))) for name, value in known)


def _number(value: float) -> str:
    return f"{int(value):,}" if float(value).is_integer() and abs(value) < 1e15 else figure(value, 6)


def _head(*names: str) -> tuple[str, str]:
    return row(names), rule([False for _ in names])
