"""Code lineage in a report: how alike the modelling code of two models is, which says nothing about their weights."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from archdiff.report.values import clean, rounded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.evidence.code import Comparison, Control, Side

__all__ = ["NOT_WEIGHTS", "ClassMatch", "CodeEntry", "CodeSide", "code_entry"]

NOT_WEIGHTS = "Shared code says nothing about weights: architectures are reimplemented and reused freely."
"""Stands in every report of code."""

_REIMPLEMENTED = "Both files are transformers' own, made one from another there; the publishers' may differ."
_MAIN_FILE = "The main modelling file of each was compared, and no file that it imports from its own folder."


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class CodeSide(_Model):
    """The modelling code of one model, parsed and never imported."""

    name: str
    origin: str = Field(description="`shipped with transformers`, `ships with the model`")
    digest: str = Field(description="SHA-256 of the source: `sha256:…`")
    classes: int
    copyright: tuple[str, ...] = Field(description="copyright lines found, as they stand")
    inherits: tuple[str, ...] = Field(
        description="families of transformers whose classes it derives its own from: in the modular file, or by import"
    )
    copied: tuple[str, ...] = Field(default=(), description="families that its `# Copied from` comments name")
    beside: tuple[str, ...] = Field(
        default=(), description="modules of its own folder that it imports, and that were not looked at"
    )


class ClassMatch(_Model):
    """A class of NEW and the one of OLD that is most like it."""

    new: str
    old: str
    similarity: float = Field(description="share of equal nodes of the normalised trees, from 0 to 1")
    expected: float | None = Field(
        default=None,
        description="what one class of twenty, of its size, exceeds in an unrelated family: the control",
    )


class CodeEntry(_Model):
    """What comparing the code of two models says."""

    schema_version: Literal["1.0"] = "1.0"
    archdiff: str = Field(default="", description="version of archdiff")
    old: CodeSide
    new: CodeSide
    similarity: float = Field(description="of the whole files, names normalised, from 0 to 1")
    expected: float | None = Field(
        description="the same between unrelated families of transformers, half of all pairs: the control"
    )
    expected_high: float | None = Field(default=None, description="what one such pair of twenty exceeds")
    of_old: float | None = Field(default=None, description="share of OLD's nodes that are in NEW")
    of_new: float | None = Field(default=None, description="share of NEW's nodes that are in OLD")
    matches: tuple[ClassMatch, ...] = Field(description="the most alike first; classes of few nodes are left out")
    reasons: tuple[str, ...]
    limits: tuple[str, ...] = (NOT_WEIGHTS,)


_NAMED = 4


def code_entry(found: Comparison, expected: Control) -> CodeEntry:
    """What a report says of two sources.

    Args:
        found: the two compared.
        expected: the same between unrelated families.
    """
    return CodeEntry(
        archdiff=version("archdiff"),
        old=_side(found.old),
        new=_side(found.new),
        similarity=_share(found.shared.similarity),
        expected=expected.median,
        expected_high=expected.high,
        of_old=_share(found.shared.of_old),
        of_new=_share(found.shared.of_new),
        matches=tuple(
            ClassMatch(
                new=clean(match.new),
                old=clean(match.old),
                similarity=_share(match.similarity),
                expected=expected.of_class(match.nodes),
            )
            for match in found.matches
        ),
        reasons=tuple(map(clean, _reasons(found, expected))),
        limits=(NOT_WEIGHTS, *_limits(found)),
    )


def _limits(found: Comparison) -> Iterator[str]:
    if found.old.code.family is not None and found.new.code.family is not None:
        yield _REIMPLEMENTED
    if found.old.beside or found.new.beside:
        yield _MAIN_FILE


def _share(value: float) -> float:
    return rounded(value) or 0.0


def _side(side: Side) -> CodeSide:
    return CodeSide(
        name=clean(side.code.name),
        origin=side.code.origin,
        digest=side.digest,
        classes=side.classes,
        copyright=tuple(map(clean, side.copyright)),
        inherits=tuple(side.inherits),
        copied=tuple(side.copied),
        beside=tuple(map(clean, side.beside)),
    )


def _reasons(found: Comparison, expected: Control) -> Iterator[str]:
    """The most telling first."""
    if found.old.digest == found.new.digest:
        yield "the two files are equal"
    yield _measured(found, expected)
    yield from _declared(found.old, found.new)
    yield from _declared(found.new, found.old)
    common = sorted((found.old.ancestors & found.new.ancestors) - {found.old.code.family, found.new.code.family})
    if common:
        more = f" and {len(common) - _NAMED} more" if len(common) > _NAMED else ""
        yield f"both are declared to be made from {', '.join(common[:_NAMED])}{more}"


def _measured(found: Comparison, expected: Control) -> str:
    told = f"{_percent(found.shared.similarity)} of the code is equal, names normalised"
    if found.shared.similarity > expected.highest:
        beside = f"more than between any of {expected.pairs:,} pairs of unrelated families (the highest: "
        return f"{told}: {beside}{_percent(expected.highest)})"
    if found.shared.similarity > expected.high:
        return f"{told}: one pair of unrelated families in twenty is above {_percent(expected.high)}"
    return f"{told}, as between unrelated families (half below {_percent(expected.median)})"


def _declared(side: Side, other: Side) -> Iterator[str]:
    """What one side declares of the other."""
    family = other.code.family
    if family is None or side.code.family == family:
        return
    if family in side.inherits:
        yield f"{side.code.name} derives {_classes(side.inherits[family])} from {family}"
    if family in side.copied:
        yield f"comments of {side.code.name} say {_times(side.copied[family])} that code is copied from {family}"
    if family in side.ancestors and family not in {*side.inherits, *side.copied}:
        yield f"{side.code.name} is declared to be made from {family} through other families"


def _classes(number: int) -> str:
    return f"{number} {'class' if number == 1 else 'classes'}"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _percent(value: float) -> str:
    return f"{100 * value:.0f} %"
