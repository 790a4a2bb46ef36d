"""A checklist in Markdown, with check boxes: what is proved, signed or does not concern the model is ticked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.render.checklist_words import counts, no_claims, sections, signature_line
from archdiff.render.markdown_text import bold, code, prose, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.report.checklist import Checklist, Nearest, ReviewItem

__all__ = ["text"]

_TICKED = frozenset({"proved", "signed", "not-applicable"})
_SYMBOL = {"proved": "✅", "signed": "✍️", "refuted": "❌", "open": "⬜", "not-applicable": "➖"}
_LONGEST = 800


def text(checklist: Checklist) -> str:
    """The checklist as a Markdown document, with a final newline."""
    return "\n".join(_lines(checklist)) + "\n"


def _lines(checklist: Checklist) -> Iterator[str]:
    yield f"# Review of {prose(checklist.model.model.name)}"
    yield ""
    yield ", ".join(f"{_SYMBOL[status]} {number} {status}" for status, number in counts(checklist)) + "."
    yield ""
    yield from _inputs(checklist)
    for heading, items in sections(checklist).items():
        yield f"\n## {heading}\n"
        for item in items:
            yield from _item(item)
    yield from _nearest(checklist.nearest)
    yield from _standards(checklist)
    if checklist.not_checked:
        yield "\n## Not checked\n"
        yield from (f"- {prose(left_out)}" for left_out in checklist.not_checked)


def _inputs(checklist: Checklist) -> Iterator[str]:
    model = checklist.model.model
    yield f"- model: {code(model.reference)}, config {code(model.digest)}"
    yield f"- claims: {code(checklist.claims) if checklist.claims else told(no_claims(checklist))}"
    if checklist.sign_off:
        yield f"- sign-off: {code(checklist.sign_off)}"
    yield f"- archdiff {prose(checklist.archdiff)}, transformers {prose(checklist.model.transformers)}"


def _item(item: ReviewItem) -> Iterator[str]:
    box = "x" if item.status in _TICKED else " "
    yield f"- [{box}] {_SYMBOL[item.status]} {bold(item.title)} ({item.status}, {code(item.id)})"
    yield f"  - {told(item.reason)}"
    for found in item.evidence:
        yield f"  - {prose(found.text)}: {code(found.where, _LONGEST)}"
    if item.command:
        yield f"  - to settle it: {code(item.command, _LONGEST)}"
    if line := signature_line(item):
        yield f"  - {line}"


def _nearest(near: tuple[Nearest, ...]) -> Iterator[str]:
    if not near:
        return
    yield "\n## Nearest public architectures\n"
    yield "Distance: 0 is the same architecture, 1 shares nothing.\n"
    yield "| distance | architecture | |"
    yield "|---:|---|---|"
    for each in near:
        yield f"| {each.distance:.3f} | {code(each.name)} | {prose(each.sentence)} |"


def _standards(checklist: Checklist) -> Iterator[str]:
    """Which items answer which fields of the disclosure standards."""
    found: dict[tuple[str, str], dict[str, list[str]]] = {}
    for item in checklist.items:
        for answered in item.fields:
            named = found.setdefault((answered.standard, answered.source), {})
            named.setdefault(answered.field, []).append(item.id)
    if not found:
        return
    yield "\n## Disclosure standards\n"
    for (standard, source), fields in sorted(found.items()):
        yield f"<details><summary>{prose(standard)}</summary>\n"
        yield f"Source: <{source}>\n"
        yield "| field | items |"
        yield "|---|---|"
        for field, items in sorted(fields.items()):
            yield f"| {prose(field)} | {', '.join(map(code, items))} |"
        yield "\n</details>\n"
