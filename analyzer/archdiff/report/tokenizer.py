"""Two tokenizers in a report: what they share, and whether one comes from the other."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from archdiff.report.weights import ControlEntry

__all__ = ["TokenizerDifference", "TokenizerEntry", "TokenizerSide", "TokenizerVerdict"]

TokenizerVerdict = Literal["identical", "extended", "pruned", "re-ordered", "derived", "independent", "inconclusive"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


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
    not_checked: tuple[str, ...]
