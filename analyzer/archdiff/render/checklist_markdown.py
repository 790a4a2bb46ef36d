"""A checklist in Markdown, with check boxes: what is proved, signed or does not concern the model is ticked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from archdiff.render.checklist_words import counts, sections, signature_line
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.report.checklist import Checklist, Nearest, ReviewItem

__all__ = ["text"]

_TICKED = frozenset({"proved", "signed", "not-applicable"})
_SYMBOL = {"proved": "✅", "signed": "✍️", "refuted": "❌", "open": "⬜", "not-applicable": "➖"}
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&$^])|(?<=www)(\.)|(:)(?=//)")
_LEADING = re.compile(r"^(\d{0,9})([-+.)=])")
_BACKTICKS = re.compile(r"`+")
_LONGEST = 800


def text(checklist: Checklist) -> str:
    """The checklist as a Markdown document, with a final newline."""
    return "\n".join(_lines(checklist)) + "\n"


def _lines(checklist: Checklist) -> Iterator[str]:
    yield f"# Review of {_escaped(checklist.model.model.name)}"
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
        yield from (f"- {_escaped(left_out)}" for left_out in checklist.not_checked)


def _inputs(checklist: Checklist) -> Iterator[str]:
    model = checklist.model.model
    yield f"- model: {_code(model.reference)}, config {_code(model.digest)}"
    yield f"- claims: {_code(checklist.claims) if checklist.claims else 'none given'}"
    if checklist.sign_off:
        yield f"- sign-off: {_code(checklist.sign_off)}"
    yield f"- archdiff {_escaped(checklist.archdiff)}, transformers {_escaped(checklist.model.transformers)}"


def _item(item: ReviewItem) -> Iterator[str]:
    box = "x" if item.status in _TICKED else " "
    yield f"- [{box}] {_SYMBOL[item.status]} **{_escaped(item.title)}** ({item.status}, {_code(item.id)})"
    yield f"  - {_escaped(item.reason)}"
    for found in item.evidence:
        yield f"  - {_escaped(found.text)}: {_code(found.where)}"
    if item.command:
        yield f"  - to settle it: {_code(item.command)}"
    if line := signature_line(item):
        yield f"  - {line.replace('_', chr(92) + '_')}"


def _nearest(near: tuple[Nearest, ...]) -> Iterator[str]:
    if not near:
        return
    yield "\n## Nearest public architectures\n"
    yield "Distance: 0 is the same architecture, 1 shares nothing.\n"
    yield "| distance | architecture | |"
    yield "|---:|---|---|"
    for each in near:
        yield f"| {each.distance:.2f} | {_code(each.name)} | {_escaped(each.sentence)} |"


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
        yield f"<details><summary>{_escaped(standard)}</summary>\n"
        yield f"Source: <{source}>\n"
        yield "| field | items |"
        yield "|---|---|"
        for field, items in sorted(fields.items()):
            yield f"| {_escaped(field)} | {', '.join(map(_code, items))} |"
        yield "\n</details>\n"


def _escaped(content: str) -> str:
    """Text that is no Markdown and no HTML, links nothing and mentions nobody."""
    plain = _SPECIAL.sub(lambda found: f"\\{found[0]}", printable(content, _LONGEST))
    return _LEADING.sub(r"\1\\\2", plain).replace("@", "@\u200b")


def _code(content: str) -> str:
    """Text as a code span, whatever backticks it holds; a bar would end the cell of a table."""
    plain = printable(content, _LONGEST).replace("|", "¦")
    fence = "`" * (max((len(run) for run in _BACKTICKS.findall(plain)), default=0) + 1)
    space = " " if plain.startswith("`") or plain.endswith("`") or not plain.strip() else ""
    return f"{fence}{space}{plain}{space}{fence}"
