"""A report with the evidence that lies beside structure and weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.compare.vocabularies import Tokenizers

if TYPE_CHECKING:
    from archdiff.report.schema import Report
    from archdiff.report.tokenizer import TokenizerEntry

__all__ = ["tokenizers", "with_tokenizer"]

_TOKENIZER = "tokenizer: "


def tokenizers(entry: TokenizerEntry) -> Tokenizers:
    """The comparison of two tokenizers as rules read it."""
    differing = tuple(dict.fromkeys(each.part for each in entry.differences))
    return Tokenizers(entry.verdict, (entry.old.size, entry.new.size), entry.reasons, differing)


def with_tokenizer(report: Report, entry: TokenizerEntry) -> Report:
    """The report with the comparison of the tokenizers in it; what of them was not checked is told as its own.

    Args:
        report: of two models.
        entry: of their tokenizers.
    """
    others = [text for text in report.not_checked if not text.startswith(_TOKENIZER)]
    own = (f"{_TOKENIZER}{text}" for text in entry.not_checked)
    return report.model_copy(update={"tokenizer": entry, "not_checked": (*others, *own)})
