"""The lines that stand in a box: its facts, what changed in bold."""

from __future__ import annotations

import dataclasses
import itertools
from types import MappingProxyType
from typing import TYPE_CHECKING

from archdiff.report.phrases import PHRASES, differing, is_stated, note, notes, phrase, spelled

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from archdiff.report.phrases import Facts
    from archdiff.report.schema import Part

__all__ = ["Span", "Words", "facts_in_words", "wrapped"]


@dataclasses.dataclass(frozen=True)
class Span:
    """A piece of a line."""

    text: str
    bold: bool = False


Words = tuple[Span, ...]
"""One line."""

_LINES: Mapping[str, tuple[tuple[tuple[str, str], ...], ...]] = MappingProxyType({
    "attention": (
        (("attention.kind", "{}"),),
        (
            ("attention.query_heads", "{} query"),
            ("attention.key_value_heads", " / {} key-value heads"),
            ("attention.head_dimension", " × {}"),
        ),
        (("latent.query_rank", "ranks: query {}"), ("latent.key_value_rank", ", key-value {}")),
        (("latent.plain_dimension", "{} plain"), ("latent.rotary_dimension", " + {} rotary dimensions")),
        (("rotary.base", "rotary base {}"), ("rotary.fraction", ", {} of the head")),
    ),
    "expert": ((("experts.count", "{}"), ("experts.width", " × width {}")),),
    "router": ((("router.scoring", "{}"), ("experts.per_token", ", top {}")),),
    "shared-expert": ((("shared_experts.count", "{}"), ("shared_experts.width", " × width {}")),),
    "dense-mlp": ((("mlp.width", "width {}"),), (("mlp.activation", "{}"), ("mlp.gated", ", gated"))),
    "embedding": ((("vocabulary", "{}"), ("hidden_size", " × {}")),),
    "norm": ((("norm.kind", "{}"), ("norm.epsilon", ", epsilon {}")),),
    "final-norm": ((("norm.kind", "{}"), ("norm.epsilon", ", epsilon {}")),),
})  # fmt: skip
"""Facts that share a line, by role, each with the text around its value."""

_SCALING = ("rotary.scaling.kind", "rotary.scaling.factor", "rotary.scaling.original_context")
_QUIET = frozenset({"position.kind", "rotary.scaling.parameters", "experts.interleaved", "router.scoring_order"})
"""Facts that are drawn only where they changed, or where they say what one would not expect."""

_USUAL = frozenset({("rotary.fraction", 1), ("shared_experts.count", 1)})
"""Values that go without saying."""


def facts_in_words(part: Part, facing: Part | None, *, new: bool) -> list[Words]:
    """The lines of a part.

    Args:
        part: the one to draw.
        facing: the part of the other model that corresponds to it.
        new: whether the part stands in NEW, where both values are drawn; OLD's box shows its own.
    """
    other = facing.facts if facing is not None else part.facts
    teller = _Teller(other, part.facts) if new else _Teller(part.facts, other, own_only=True)
    lines = list(teller.lines(part.role))
    if new and facing is not None:
        known = set(notes(facing.facts, part.facts))
        lines += [(Span(text, bold=True),) for text in part.notes if text not in known]
    return lines


class _Teller:
    def __init__(self, old: Facts, new: Facts, *, own_only: bool = False) -> None:
        self.old, self.new, self.own_only = old, new, own_only
        self.moved = frozenset(differing(old, new))

    def lines(self, role: str) -> Iterator[Words]:
        """Lines of shared facts first, then the others one by one, in the order of the vocabulary."""
        told = set(_SCALING)
        for line in _LINES.get(role, ()):
            told |= {fact for fact, _ in line}
            yield from self.together(line)
        yield from self.scaling()
        known = dict.fromkeys((*PHRASES, *sorted(self.old.keys() | self.new.keys())))
        for fact in known:
            if fact not in told and (fact in self.old or fact in self.new):
                yield from self.single(fact)

    def together(self, line: Sequence[tuple[str, str]]) -> Iterator[Words]:
        """Facts that share a line as long as they are the same in both models; what moved stands on its own."""
        still = [pair for pair in line if pair[0] not in self.moved and is_stated(self.old.get(pair[0]))]
        still = [(fact, around) for fact, around in still if (fact, self.old.get(fact)) not in _USUAL]
        if len(still) == 1:
            yield (Span(phrase(still[0][0], self.old.get(still[0][0]))),)
        elif still:
            text = "".join(around.format(spelled(self.old.get(fact))) for fact, around in still)
            yield (Span(text.lstrip(" ,/×+")),)
        for fact, _ in line:
            if fact in self.moved:
                yield from self.single(fact)

    def single(self, fact: str) -> Iterator[Words]:
        """A fact that has a line of its own."""
        old, new = self.old.get(fact), self.new.get(fact)
        if fact in self.moved:
            if fact == "rotary.scaling.parameters":
                if "rotary.scaling.kind" not in self.moved and (is_stated(old) or not self.own_only):
                    yield (Span("other scaling parameters", bold=True),)
            elif not self.own_only:
                yield (Span(note(fact, old, new), bold=True),)
            elif is_stated(old):
                yield (Span(phrase(fact, old), bold=True),)
        elif is_stated(old) and not (fact in _QUIET and (fact, old) != ("position.kind", "none")):
            yield (Span(phrase(fact, old)),)

    def scaling(self) -> Iterator[Words]:
        """How rotary frequencies are scaled, as one value: `YaRN ×2 from 65,536`."""
        old, new = _scaling(self.old), _scaling(self.new)
        if old == new or self.own_only:
            if old:
                yield (Span(old, bold=old != new),)
        else:
            yield (Span(f"{old or 'no scaling'} → {new or 'no scaling'}", bold=True),)


def _scaling(facts: Facts) -> str:
    kind, factor, context = (facts.get(fact) for fact in _SCALING)
    if not is_stated(kind):
        return ""
    return spelled(kind) + (f" ×{spelled(factor)}" if is_stated(factor) else "") + (
        f" from {spelled(context)}" if is_stated(context) else ""
    )  # fmt: skip


def wrapped(line: Sequence[Span], limit: int) -> list[Words]:
    """A line broken at spaces so that no piece is much longer than the limit."""
    lines: list[list[Span]] = [[]]
    used = 0
    for span in line:
        for word in _words(span.text):
            if used and used + len(word.rstrip()) > limit:
                lines.append([])
                used = 0
            lines[-1].append(Span(word if used else word.lstrip(), span.bold))
            used += len(word)
    return [tuple(_joined(found)) for found in lines]


def _joined(words: Sequence[Span]) -> Iterator[Span]:
    """Neighbouring words of one weight as one piece."""
    for bold, run in itertools.groupby(words, key=lambda span: span.bold):
        yield Span("".join(span.text for span in run), bold)


def _words(text: str) -> list[str]:
    """Words with the space that stands before them."""
    found: list[str] = []
    for position, word in enumerate(text.split(" ")):
        found.append(word if position == 0 else f" {word}")
    return [word for word in found if word]
