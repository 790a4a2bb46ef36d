"""What comparing two tokenizers says, in the terms that rules read."""

from __future__ import annotations

import dataclasses
from typing import Literal

__all__ = ["Tokenizers"]


@dataclasses.dataclass(frozen=True, slots=True)
class Tokenizers:
    """The verdict on the tokenizers of OLD and NEW.

    Args:
        verdict: what NEW's is of OLD's.
        sizes: tokens of OLD and of NEW, added ones included.
        reasons: sentences, the most telling first.
        differing: parts that are not equal: `chat template`, `normaliser`, ….
    """

    verdict: Literal["identical", "extended", "pruned", "re-ordered", "derived", "independent", "inconclusive"]
    sizes: tuple[int, int]
    reasons: tuple[str, ...] = ()
    differing: tuple[str, ...] = ()
