"""Compare two tokenizers: measures, controls, differences, and the verdict that they carry."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from archdiff.evidence.tokenizer.controls import Control, controls
from archdiff.evidence.tokenizer.differences import CHAT_TEMPLATE, Difference, differences, unstated
from archdiff.evidence.tokenizer.measures import Measures, measure
from archdiff.evidence.tokenizer.verdict import Verdict, judge
from archdiff.evidence.tokenizer.wording import limits, reasons

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.evidence.tokenizer.fertility import Fertility
    from archdiff.evidence.tokenizer.tokenizer import Tokenizer

__all__ = ["TokenizerComparison", "compare"]


@dataclasses.dataclass(frozen=True, slots=True)
class TokenizerComparison:
    """What comparing two tokenizers says.

    Args:
        old: the tokenizer of OLD.
        new: the tokenizer of NEW.
        measures: what they share.
        controls: of the measures.
        differences: parts that both state and that are not equal.
        verdict: on NEW.
        reasons: for it, the most telling first.
        limits: what comparing tokenizers cannot tell.
        fertility: tokens that each needs for the same texts; empty where it was not counted.
        not_checked: what was left out, and why.
    """

    old: Tokenizer
    new: Tokenizer
    measures: Measures
    controls: tuple[Control, ...]
    differences: tuple[Difference, ...]
    verdict: Verdict
    reasons: tuple[str, ...]
    limits: tuple[str, ...]
    fertility: tuple[Fertility, ...] = ()
    not_checked: tuple[str, ...] = ()


def compare(
    old: Tokenizer, new: Tokenizer, fertility: tuple[Fertility, ...] = (), uncounted: tuple[str, ...] = ()
) -> TokenizerComparison:
    """Compare two tokenizers.

    Args:
        old: the tokenizer of OLD.
        new: the tokenizer of NEW.
        fertility: tokens for the texts of the sample.
        uncounted: why texts were not split, where they were not.
    """
    measures = measure(old, new)
    tested = controls(measures)
    found = differences(old, new)
    verdict, decisive = judge(old, new, measures, tested, found)
    return TokenizerComparison(
        old=old,
        new=new,
        measures=measures,
        controls=tested,
        differences=found,
        verdict=verdict,
        reasons=(decisive, *reasons(measures, verdict)),
        limits=limits(verdict),
        fertility=fertility,
        not_checked=tuple(dict.fromkeys((*_unread(old, new), *unstated(old, new), *uncounted))),
    )


def _unread(old: Tokenizer, new: Tokenizer) -> Iterator[str]:
    for side, tokenizer in (("OLD", old), ("NEW", new)):
        yield from (f"{side}: {note}" for note in tokenizer.notes)
        if tokenizer.chat_template is None:
            yield f"{CHAT_TEMPLATE}: none was found beside {side}"
    if old.model != new.model:
        yield f"merges: OLD is {old.model} and NEW {new.model}, so the order of ids was compared instead"
