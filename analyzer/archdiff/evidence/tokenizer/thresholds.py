"""Where one verdict ends and the next begins, and what unrelated tokenizers reach.

Source of every row: `tests/benchmarks/tokenizers.tsv`, which `python -m tests.benchmarks.tokenizers` writes from
tokenizers that it trains, and from published ones. Two that were trained apart share most of their tokens and the
order of what is frequent; what they never share is the order of neighbours.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = [
    "FEWEST",
    "IN_ORDER",
    "NEARLY_ALL",
    "RESTATED",
    "SAME_ID",
    "SAME_TEXT_CORRELATION",
    "UNRELATED_CORRELATION",
    "UNRELATED_SHARED",
    "Threshold",
]


class Threshold(NamedTuple):
    """A share: up to `independent` unrelated tokenizers reach it, from `derived` on only related ones do."""

    independent: float
    derived: float


IN_ORDER = Threshold(0.5, 0.7)
"""Common tokens in the longest run that both learned in the same order.

Trained on every other line of the same text: at most 0.47 (250 common tokens), 0.15 from 3,000 on. Unrelated and
published: at most 0.03. Llama 3.1 and Qwen 3, which both continue cl100k: 0.91.
"""

SAME_ID = Threshold(0.2, 0.5)
"""Common tokens with the same id, after the most frequent shift.

Trained on every other line of the same text: at most 0.18. Unrelated and published: at most 0.0005.
"""

NEARLY_ALL = 0.995
"""A smaller vocabulary that the larger one holds to this share is not called independent on its order alone."""

RESTATED = 0.999
"""Order of the same tokens under the same ids in files of two kinds: transformers writes the merges of a SentencePiece
model anew, and puts runs of spaces elsewhere (14 of 28,446 tokens of Mistral's first tokenizer)."""

FEWEST = 200
"""Common learned tokens that a verdict needs."""

UNRELATED_SHARED = (0.52, 0.98)
"""Share of the smaller vocabulary that unrelated published tokenizers have in common."""

UNRELATED_CORRELATION = (0.40, 0.81)
"""Rank correlation of what unrelated published tokenizers have in common."""

SAME_TEXT_CORRELATION = 0.99
"""The same of two that were trained on every other line of one text: what is frequent is learned early by all."""
