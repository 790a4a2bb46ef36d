"""A report with the evidence that lies beside structure and weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archdiff.report.schema import Report
    from archdiff.report.tokenizer import TokenizerEntry

__all__ = ["with_tokenizer"]

_TOKENIZER = "tokenizer: "


def with_tokenizer(report: Report, entry: TokenizerEntry) -> Report:
    """The report with the comparison of the tokenizers in it; what of them was not checked is told as its own.

    Args:
        report: of two models.
        entry: of their tokenizers.
    """
    others = [text for text in report.not_checked if not text.startswith(_TOKENIZER)]
    own = (f"{_TOKENIZER}{text}" for text in entry.not_checked)
    return report.model_copy(update={"tokenizer": entry, "not_checked": (*others, *own)})
