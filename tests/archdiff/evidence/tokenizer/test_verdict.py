"""Each verdict, on tokenizers that are known to be related so, or not at all."""

from __future__ import annotations

import dataclasses
import random

import pytest

from archdiff.evidence.tokenizer import compare as comparing
from archdiff.evidence.tokenizer.compare import compare
from archdiff.evidence.tokenizer.controls import Control
from archdiff.evidence.tokenizer.tokenizer import Special
from tests.archdiff.evidence.tokenizer.values import tokenizer, words

SHUFFLED = random.Random(3).sample(words(1000), 1000)
OLD = tokenizer(parts={"normaliser": "", "pattern": "x"})


def changed(**values):
    return dataclasses.replace(OLD, **values)


def swapped(count):
    """Tokens of which so many, taken in pairs far apart, have changed places."""
    tokens = words(1000)
    half = count // 2
    tokens[:half], tokens[-half:] = tokens[-half:], tokens[:half]
    return tokens


def between(tokens, others):
    """Tokens with others between them, half of them not, so that no shift of ids is frequent."""
    return [each for pair in zip(tokens, others, strict=True) for each in pair][:1800]


CASES = {
    "itself": (OLD, "identical", "are equal"),
    "another file of it": (changed(kind="tiktoken", parts={}, digest="sha256:11"), "identical", "are equal"),
    "ranks without special tokens": (
        tokenizer(special=(), kind="tiktoken", notes=("special tokens: none held",)),
        "identical",
        "ids are moved by -1, and one file does not say",
    ),
    "the order restated in another kind of file": (
        changed(kind="sentencepiece", parts={}, order=[*words(1000)[1:], *words(1)]),
        "identical",
        "but for 1 tokens, which the two kinds",
    ),
    "the order changed in the same kind of file": (
        changed(order=[*words(1000)[1:], *words(1)]),
        "re-ordered",
        "the same ids and in another order",
    ),
    "special tokens added": (tokenizer(tokens=OLD.tokens, special=("<s>", "<x>")), "extended", "1 special tokens"),
    "tokens added": (tokenizer(words(1200)), "extended", "200 more"),
    "special tokens in front": (tokenizer(special=("<s>", "<x>")), "extended", "ids are moved by +1"),
    "special tokens gone": (tokenizer(tokens=OLD.tokens, special=()), "pruned", "1 special tokens are gone"),
    "special tokens in front gone": (tokenizer(special=()), "pruned", "ids are moved by -1"),
    "tokens gone at the end": (tokenizer(words(700)), "pruned", "300 are gone"),
    "tokens gone in between": (tokenizer(words(1000)[::2]), "pruned", "500 are gone"),
    "ids shuffled": (tokenizer(SHUFFLED, order=OLD.order), "re-ordered", "other ids and in the same order"),
    "order shuffled": (changed(order=tuple(SHUFFLED)), "re-ordered", "the same ids and in another order"),
    "both shuffled": (tokenizer(SHUFFLED), "re-ordered", "other ids and in another order"),
    "other special tokens in front": (tokenizer(special=("<x>", "<y>")), "derived", "the special tokens are others"),
    "another pattern": (changed(parts={"normaliser": "", "pattern": "y"}), "derived", "pattern"),
    "another special token": (changed(special=(Special(256, "<x>"),)), "derived", "special tokens"),
    "other scores": (changed(details="b"), "derived", "pairs of the merges or the scores"),
    "some gone, some added": (tokenizer([*words(1000)[::2], *words(500, 2000)]), "derived", "in the same order"),
    "ids kept, order shuffled": (
        tokenizer({**OLD.tokens, b" new": 5000}, order=SHUFFLED),
        "derived",
        "the same ids",
    ),
    "trained apart": (tokenizer([*SHUFFLED[:600], *words(400, 2000)]), "independent", "trained apart"),
    "half in order": (tokenizer(between(swapped(400), words(1000, 2000))), "inconclusive", "less than of related"),
    "all of it, shuffled, and more": (tokenizer([*SHUFFLED, *words(400, 2000)]), "inconclusive", "nearly all"),
    "too little in common": (tokenizer([*words(100), *words(400, 2000)]), "inconclusive", "100 learned tokens"),
    "nothing in common": (tokenizer(words(400, 2000)), "inconclusive", "0 learned tokens"),
}


@pytest.mark.parametrize("case", CASES)
def test_verdict(case):
    new, verdict, said = CASES[case]
    old = dataclasses.replace(OLD, details="a") if case == "other scores" else OLD
    found = compare(old, new)
    assert (found.verdict, said in found.reasons[0]) == (verdict, True), found.reasons


def test_a_verdict_rests_on_figures_and_has_limits():
    found = compare(OLD, tokenizer(words(1200)))
    assert any("in the same order stand 100 % of the 1,000 tokens" in reason for reason in found.reasons)
    assert any("says nothing about weights" in limit for limit in found.limits)
    assert any("same text" in limit for limit in found.limits)
    independent = compare(OLD, CASES["trained apart"][0])
    assert not any("same text yields" in limit for limit in independent.limits)
    assert any("carried over" in limit for limit in independent.limits)


def test_a_control_that_fails_makes_the_verdict_inconclusive(monkeypatch):
    failed = (Control("same id, ids of NEW shuffled", 0.9, 0.01),)
    monkeypatch.setattr(comparing, "controls", lambda _: failed)
    found = compare(OLD, tokenizer(words(1200)))
    assert (found.verdict, found.reasons[0]) == ("inconclusive", "a control failed: same id, ids of NEW shuffled")
    assert compare(OLD, OLD).verdict == "identical", "equality needs no measure"


def test_another_chat_template_does_not_make_another_tokenizer():
    found = compare(changed(chat_template="{{ x }}"), changed(chat_template="{{ y }}"))
    assert found.verdict == "identical"
    assert [each.part for each in found.differences] == ["chat template"]
    assert not compare(OLD, changed(chat_template="{{ x }}")).differences, "one alone may have been left behind"


def test_a_pattern_is_told_once():
    rules = [{"pre-tokeniser": f"split by {letter}", "pattern": letter} for letter in "xy"]
    found = compare(changed(parts=rules[0]), changed(parts=rules[1]))
    assert [each.part for each in found.differences] == ["pre-tokeniser"]
    found = compare(changed(parts=rules[0]), changed(parts={"pattern": "y"}, kind="tekken"))
    assert [each.part for each in found.differences] == ["pattern"]


def test_another_byte_alphabet_is_told():
    found = compare(OLD, changed(alphabet={}))
    assert [(each.part, each.old, each.new) for each in found.differences] == [("byte tokens", "256", "0")]


def test_what_one_file_does_not_state_is_not_checked():
    found = compare(OLD, changed(kind="tiktoken", parts={}, special=(), notes=("special tokens: none held",)))
    assert found.verdict == "identical"
    assert "normaliser: NEW does not state it" in found.not_checked
    assert "special tokens: one of the files holds none" in found.not_checked
    assert "NEW: special tokens: none held" in found.not_checked
    assert "chat template: none was found beside OLD" in found.not_checked


def test_rules_of_different_kinds_of_files_are_not_compared():
    found = compare(changed(parts={"normaliser": "a"}), changed(kind="sentencepiece", parts={"normaliser": "b"}))
    assert found.verdict == "identical"
    assert "normaliser: tokenizer.json and sentencepiece state it in different forms" in found.not_checked


def test_different_models_are_told():
    found = compare(OLD, changed(model="unigram", merges=None))
    assert found.differences[0].part == "model"
    assert any("order of ids was compared" in text for text in found.not_checked)


def test_differences_are_told_in_words():
    old = changed(chat_template="a\nb\n", special=(Special(256, "<s>"), Special(257, "</s>\x1b[31m")))
    new = changed(chat_template="a\nc\n", special=(Special(258, "<s>"),), parts={"normaliser": "NFC", "pattern": "x"})
    found = {each.part: each for each in compare(old, new).differences}
    assert (found["normaliser"].old, found["normaliser"].new) == ("none", "NFC")
    assert found["special tokens of one alone"].old == "</s>\\x1b[31m (257)"
    assert (found["ids of special tokens"].old, found["ids of special tokens"].new) == ("<s> (256)", "<s> (258)")
    assert found["chat template"].old.startswith("4 characters, sha256:")
    assert found["chat template"].old.endswith("line 2: 'b'")
    assert found["chat template"].new.endswith("line 2: 'c'")
