"""Two tokenizers in a report: what they share, and whether one comes from the other."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from archdiff.report.values import clean, rounded
from archdiff.report.weights import ControlEntry

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archdiff.evidence.tokenizer.compare import TokenizerComparison
    from archdiff.evidence.tokenizer.fertility import Fertility
    from archdiff.evidence.tokenizer.tokenizer import Tokenizer

__all__ = [
    "FertilityEntry",
    "TokenizerDifference",
    "TokenizerEntry",
    "TokenizerSide",
    "TokenizerVerdict",
    "tokenizer_entry",
]

TokenizerVerdict = Literal["identical", "extended", "pruned", "re-ordered", "derived", "independent", "inconclusive"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class TokenizerSide(_Model):
    """One tokenizer."""

    name: str
    kind: str = Field(description="`tokenizer.json`, `sentencepiece`, `tiktoken`, `tekken`")
    model: str = Field(description="`bpe`, `unigram`, `wordpiece`, `word-level`")
    digest: str = Field(description="SHA-256 of the file: `sha256:…`")
    size: int = Field(description="tokens, added ones included")
    merges: int | None = Field(description="None where the model has none")
    special: tuple[str, ...] = Field(description="special tokens in the order of their ids")


class TokenizerDifference(_Model):
    """A part of the two that is not equal: normaliser, pre-tokeniser, special tokens, chat template, …."""

    part: str
    old: str
    new: str


class FertilityEntry(_Model):
    """Tokens that both need for one text of the sample."""

    text: str = Field(description="its language: `English`, `Hindi`, `Python`")
    words: int | None = Field(description="that spaces part; None where they part none")
    characters: int = Field(description="Unicode code points")
    old: int | None = Field(description="tokens of OLD; None where they were not counted")
    new: int | None = Field(description="tokens of NEW; None where they were not counted")


class TokenizerEntry(_Model):
    """What comparing two tokenizers says; the same files give the same bytes."""

    schema_version: Literal["1.0"] = "1.0"
    archdiff: str = Field(description="version of archdiff")
    old: TokenizerSide
    new: TokenizerSide
    verdict: TokenizerVerdict
    reasons: tuple[str, ...] = Field(description="the most telling first")
    limits: tuple[str, ...] = Field(description="what comparing tokenizers cannot tell")
    figures: dict[str, float | None] = Field(
        description="for programs: `shared`, `same_id`, `merge_prefix`, `merge_rank_correlation`, `fertility_old`, …"
    )
    controls: tuple[ControlEntry, ...]
    differences: tuple[TokenizerDifference, ...]
    fertility: tuple[FertilityEntry, ...] = Field(default=(), description="empty where no text was split")
    not_checked: tuple[str, ...]


def tokenizer_entry(comparison: TokenizerComparison) -> TokenizerEntry:
    """What a report tells of two tokenizers.

    Args:
        comparison: of the two.
    """
    return TokenizerEntry(
        archdiff=version("archdiff"),
        old=_side(comparison.old),
        new=_side(comparison.new),
        verdict=comparison.verdict,
        reasons=_cleaned(comparison.reasons),
        limits=_cleaned(comparison.limits),
        figures=_figures(comparison),
        controls=tuple(
            ControlEntry(name=each.name, value=rounded(each.value), limit=rounded(each.limit), passed=each.passed)
            for each in comparison.controls
        ),
        differences=tuple(
            TokenizerDifference(part=each.part, old=clean(each.old), new=clean(each.new))
            for each in comparison.differences
        ),
        fertility=tuple(_fertility(each) for each in comparison.fertility),
        not_checked=_cleaned(comparison.not_checked),
    )


def _side(tokenizer: Tokenizer) -> TokenizerSide:
    return TokenizerSide(
        name=clean(tokenizer.name),
        kind=tokenizer.kind,
        model=tokenizer.model,
        digest=tokenizer.digest,
        size=tokenizer.size,
        merges=tokenizer.merges,
        special=_cleaned(each.text for each in tokenizer.special),
    )


def _figures(comparison: TokenizerComparison) -> dict[str, float | None]:
    found = comparison.measures
    words = [each for each in comparison.fertility if each.text.words is not None]
    figures: dict[str, float | None] = {
        "tokens_old": found.tokens[0],
        "tokens_new": found.tokens[1],
        "common": found.common,
        "shared": found.shared,
        "same_id": found.same_id,
        "same_id_shifted": found.same_id_shifted,
        "id_shift": found.shift,
        "merge_prefix": found.prefix,
        "in_order": found.in_order,
        "merge_rank_correlation": found.correlation,
        "fertility_old": _tokens((each.old, each.text.words) for each in words),
        "fertility_new": _tokens((each.new, each.text.words) for each in words),
        "fertility_old_characters": _tokens((each.old, each.text.characters) for each in comparison.fertility),
        "fertility_new_characters": _tokens((each.new, each.text.characters) for each in comparison.fertility),
    }
    return {name: rounded(value) if isinstance(value, float) else value for name, value in figures.items()}


def _tokens(pairs: Iterable[tuple[int | None, int | None]]) -> float | None:
    """Tokens for each word or character; None where some were not counted."""
    found = list(pairs)
    tokens = [tokens for tokens, _ in found if tokens is not None]
    units = sum(units or 0 for _, units in found)
    return sum(tokens) / units if units and len(tokens) == len(found) else None


def _fertility(each: Fertility) -> FertilityEntry:
    text = each.text
    return FertilityEntry(text=text.name, words=text.words, characters=text.characters, old=each.old, new=each.new)


def _cleaned(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(clean(text) for text in texts)
