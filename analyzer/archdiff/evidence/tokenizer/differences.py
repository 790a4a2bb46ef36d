"""The parts of two tokenizers that are not equal: rules around the model, special tokens, chat template."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import TYPE_CHECKING

from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence, Set

    from archdiff.evidence.tokenizer.tokenizer import Tokenizer

__all__ = ["CHAT_TEMPLATE", "Difference", "differences", "unstated"]

CHAT_TEMPLATE = "chat template"
"""The part that says how messages are written; it is no part of how text is split."""

_LONGEST = 2_000
_NAMED = 8
_NONE = "none"


@dataclasses.dataclass(frozen=True, slots=True)
class Difference:
    """A part that is not equal.

    Args:
        part: its name.
        old: in OLD, in words.
        new: in NEW, in words.
    """

    part: str
    old: str
    new: str


def differences(old: Tokenizer, new: Tokenizer) -> tuple[Difference, ...]:
    """What differs of what both state: rules in the order they run, special tokens, chat template."""
    return tuple(_differences(old, new))


def unstated(old: Tokenizer, new: Tokenizer) -> tuple[str, ...]:
    """Parts that could not be compared, because one of the files does not state them, or in another form."""
    found = [
        f"{part}: {'NEW' if part in old.parts else 'OLD'} does not state it"
        for part in (*old.parts, *(part for part in new.parts if part not in old.parts))
        if (part in old.parts) != (part in new.parts) and part != "pattern"
    ]
    if old.kind != new.kind and _both(old, new, "normaliser"):
        found.append(f"normaliser: {old.kind} and {new.kind} state it in different forms")
    if not (old.states_special and new.states_special):
        found.append("special tokens: one of the files holds none")
    return tuple(found)


def _differences(old: Tokenizer, new: Tokenizer) -> Iterator[Difference]:
    if old.model != new.model:
        yield Difference("model", old.model, new.model)
    for part in ("normaliser", "pre-tokeniser", "pattern", "decoder", "denormaliser"):
        comparable = _both(old, new, part) and (old.kind == new.kind or part == "pattern")
        if comparable and old.parts[part] != new.parts[part] and not _told(old, new, part):
            yield Difference(part, *(_shown(each.parts[part]) for each in (old, new)))
    if len(old.alphabet) != len(new.alphabet):
        yield Difference("byte tokens", f"{len(old.alphabet):,}", f"{len(new.alphabet):,}")
    yield from _special(old, new)
    if old.chat_template != new.chat_template and None not in (old.chat_template, new.chat_template):
        yield Difference(CHAT_TEMPLATE, *_templates(old.chat_template or "", new.chat_template or ""))


def _both(old: Tokenizer, new: Tokenizer, part: str) -> bool:
    return part in old.parts and part in new.parts


def _told(old: Tokenizer, new: Tokenizer, part: str) -> bool:
    """Whether the pre-tokenisers, which hold the pattern, were compared as a whole."""
    return part == "pattern" and old.kind == new.kind and _both(old, new, "pre-tokeniser")


def _special(old: Tokenizer, new: Tokenizer) -> Iterator[Difference]:
    if not (old.states_special and new.states_special) or old.special == new.special:
        return
    sides = [{each.text: each.id for each in side.special} for side in (old, new)]
    both = sides[0].keys() & sides[1].keys()
    alone = [_listed(_numbered(side, side.keys() - both)) for side in sides]
    if sides[0].keys() != sides[1].keys():
        yield Difference("special tokens of one alone", *alone)
    if moved := {text for text in both if sides[0][text] != sides[1][text]}:
        yield Difference("ids of special tokens", *(_listed(_numbered(side, moved)) for side in sides))


def _numbered(side: Mapping[str, int], chosen: Set[str]) -> list[str]:
    return [f"{text} ({number})" for text, number in side.items() if text in chosen]


def _templates(old: str, new: str) -> tuple[str, str]:
    """Size and digest of each, and the first line that is not equal."""
    lines = [text.splitlines() for text in (old, new)]
    shortest = min(len(each) for each in lines)
    place = next((number for number in range(shortest) if lines[0][number] != lines[1][number]), shortest)
    shown = [repr(each[place][: _NAMED * 10]) if place < len(each) else "its end" for each in lines]
    return (_template(old, place, shown[0]), _template(new, place, shown[1]))


def _template(text: str, place: int, line: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return printable(f"{len(text):,} characters, sha256:{digest}, line {place + 1:,}: {line}", _LONGEST)


def _shown(text: str) -> str:
    return printable(text, _LONGEST) or _NONE


def _listed(found: Sequence[str]) -> str:
    more = f" and {len(found) - _NAMED:,} more" if len(found) > _NAMED else ""
    return f"{', '.join(printable(text, 80) for text in found[:_NAMED])}{more}" or _NONE
