"""The rule on tokenizers: what each verdict says, and when it says nothing."""

from __future__ import annotations

import pytest

from archdiff.rule import Tokenizers
from tests.archdiff.making import change, comparison
from tests.archdiff_rules import corpus


def found(*values, **more):
    """What the rule says of a verdict."""
    rule = corpus.RULES["tokenizer-changed"]
    return list(rule.check(comparison(change(1)).with_tokenizers(Tokenizers(*values, **more))))


def test_nothing_is_said_where_they_were_not_compared():
    assert list(corpus.RULES["tokenizer-changed"].check(comparison(change(1)))) == []


def test_nothing_is_said_where_they_are_the_same():
    assert found("identical", (10, 10)) == []


def test_another_template_is_a_difference():
    (finding,) = found("identical", (10, 10), differing=("chat template",))
    assert finding.message == "tokenizer identical: its tokens are OLD's; 10 → 10 tokens; chat template differ"


@pytest.mark.parametrize("verdict", ["extended", "pruned", "re-ordered", "derived", "independent", "inconclusive"])
def test_every_other_verdict_is_said(verdict):
    (finding,) = found(verdict, (1000, 2000))
    assert finding.message.startswith(f"tokenizer {verdict}: ")
    assert finding.message.endswith("; 1,000 → 2,000 tokens")
    assert (finding.impact, finding.explains) == ("cosmetic", ())
    assert finding.facts["tokenizer.size"] == (1000, 2000)


def test_what_was_told_of_tokenizers_outlives_what_else_is_told():
    told = Tokenizers("extended", (1, 2))
    one = comparison(change(1)).with_tokenizers(told)
    later = one.with_weights(()).after(["0" * 20])
    assert later.tokenizers == told
    assert later.explained == {"0" * 20}
    assert one.explained == frozenset()
    assert comparison(change(1)).tokenizers is None
