"""From what two tokenizers share to a verdict, with the reasons for it and with what it cannot tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from archdiff.evidence.tokenizer.differences import CHAT_TEMPLATE
from archdiff.evidence.tokenizer.thresholds import FEWEST, IN_ORDER, NEARLY_ALL, RESTATED, SAME_ID

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence, Set

    from archdiff.evidence.tokenizer.controls import Control
    from archdiff.evidence.tokenizer.differences import Difference
    from archdiff.evidence.tokenizer.measures import Measures
    from archdiff.evidence.tokenizer.tokenizer import Tokenizer

__all__ = ["Verdict", "judge"]

Verdict: TypeAlias = Literal["identical", "extended", "pruned", "re-ordered", "derived", "independent", "inconclusive"]


def judge(
    old: Tokenizer,
    new: Tokenizer,
    measures: Measures,
    controls: Sequence[Control],
    differences: Sequence[Difference],
) -> tuple[Verdict, str]:
    """The verdict on NEW, and the reason that decided it.

    Args:
        old: the tokenizer of OLD.
        new: the tokenizer of NEW.
        measures: what they share.
        controls: of the measures; one that failed makes the verdict inconclusive, equality in everything aside.
        differences: of the parts that both state.
    """
    changed = [each.part for each in differences if each.part != CHAT_TEMPLATE]
    same = _equal(old, new)
    if not changed and (alike := _identical(old, new, measures)):
        return "identical", alike
    failed = [control.name for control in controls if not control.passed]
    if measures.common < FEWEST:
        return "inconclusive", f"{measures.common:,} learned tokens are common, and a verdict needs {FEWEST:,}"
    if failed:
        return "inconclusive", f"a control failed: {failed[0]}"
    if same:
        return _around(old, new, changed)
    return _inside(old, new, measures)


def _equal(old: Tokenizer, new: Tokenizer) -> bool:
    """Whether vocabulary, ids and order are equal; pairs and scores where both files state them."""
    alike = old.tokens == new.tokens and old.alphabet == new.alphabet and old.order == new.order
    known = bool(old.details and new.details)
    return alike and old.model == new.model and (not known or old.details == new.details)


def _identical(old: Tokenizer, new: Tokenizer, measures: Measures) -> str:
    """Why the two are the same tokenizer, all parts around the vocabulary being equal; empty where they are not."""
    if _equal(old, new):
        return "tokens, ids and the order in which they were learned are equal"
    if _moved(old, new, measures) and not (old.states_special and new.states_special):
        told = "tokens and the order in which they were learned are equal"
        return f"{told}; ids are moved by {measures.shift:+,}, and one file does not say where they begin"
    vocabulary = old.model == new.model and old.tokens == new.tokens and old.alphabet == new.alphabet
    if vocabulary and old.kind != new.kind and (measures.in_order or 0.0) >= RESTATED:
        left = f"but for {len(measures.ranks) - measures.run:,} tokens"
        return f"tokens and ids are equal, and so is the order {left}, which the two kinds of file state in two ways"
    return ""


def _moved(old: Tokenizer, new: Tokenizer, measures: Measures) -> bool:
    """Whether tokens and order are equal, and all ids moved by the same number."""
    alike = old.tokens.keys() == new.tokens.keys() and old.order == new.order and old.model == new.model
    return alike and measures.shifted == measures.common


def _around(old: Tokenizer, new: Tokenizer, changed: Sequence[str]) -> tuple[Verdict, str]:
    """The vocabulary is equal, and something around it is not."""
    sides = [{(each.text, each.id) for each in side.special} for side in (old, new)]
    if all("special tokens" in part for part in changed) and (found := _special(sides[0], sides[1])):
        return found[0], f"{found[1]}, and everything else is equal"
    return "derived", f"tokens, ids and order are equal, and these parts are not: {', '.join(changed)}"


def _special(old: Set[object], new: Set[object]) -> tuple[Verdict, str] | None:
    """What was done to the special tokens, where some were added or some taken away, and no others touched."""
    if old < new:
        return "extended", f"{len(new - old):,} special tokens were added"
    if old > new:
        return "pruned", f"{len(old - new):,} special tokens are gone"
    return None


def _inside(old: Tokenizer, new: Tokenizer, measures: Measures) -> tuple[Verdict, str]:
    """The vocabularies, their ids or their order are not equal."""
    run, same = measures.in_order or 0.0, measures.same_id_shifted or 0.0
    kept, only = _holds(new, old), _holds(old, new)
    if kept and only:
        return _re_ordered(old, new, measures)
    if run >= IN_ORDER.derived and kept:
        return "extended", f"NEW holds every token of OLD, in the same order, and {_more(new, old):,} more"
    if run >= IN_ORDER.derived and only:
        return "pruned", f"every token of NEW is one of OLD, in the same order; {_more(old, new):,} are gone"
    if run >= IN_ORDER.derived:
        return "derived", "what both hold was learned in the same order"
    if same >= SAME_ID.derived:
        return "derived", "what both hold has the same ids"
    return _apart(measures, run, same)


def _re_ordered(old: Tokenizer, new: Tokenizer, measures: Measures) -> tuple[Verdict, str]:
    """The tokens are the same ones."""
    ids, order = old.tokens == new.tokens, old.order == new.order
    if ids and order:
        return "derived", "tokens, ids and order are equal, and the pairs of the merges or the scores are not"
    sides = [{each.text for each in side.special} for side in (old, new)]
    if _moved(old, new, measures) and sides[0] != sides[1]:
        verdict, told = _special(sides[0], sides[1]) or ("derived", "the special tokens are others")
        return verdict, f"{told}, ids are moved by {measures.shift:+,}, and tokens and order are equal"
    told = f"under {'the same' if ids else 'other'} ids and in {'the same' if order else 'another'} order"
    return "re-ordered", f"both hold the same tokens, {told}"


def _apart(measures: Measures, run: float, same: float) -> tuple[Verdict, str]:
    if run > IN_ORDER.independent or same > SAME_ID.independent:
        return (
            "inconclusive",
            "order and ids agree more than those of unrelated tokenizers, and less than of related ones",
        )
    if (measures.shared or 0.0) >= NEARLY_ALL:
        return "inconclusive", "neither order nor ids agree, and yet one vocabulary holds nearly all of the other"
    return "independent", "ids and the order of what was learned agree no more than those of tokenizers trained apart"


def _holds(all_of: Tokenizer, some: Tokenizer) -> bool:
    return some.tokens.keys() <= all_of.tokens.keys() and some.alphabet.keys() <= all_of.alphabet.keys()


def _more(larger: Tokenizer, smaller: Tokenizer) -> int:
    """Tokens of one beyond the other's; of words, not of special tokens."""
    sides: list[Mapping[bytes, int]] = [larger.tokens, smaller.tokens]
    return len(sides[0].keys() - sides[1].keys())
