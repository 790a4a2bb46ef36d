"""tokenizer.json: what the library writes is read as what the library does."""

from __future__ import annotations

import json

import pytest
import tokenizers

from archdiff.errors import SourceError
from archdiff.evidence.tokenizer.reading import content, read
from tests.archdiff.evidence.tokenizer import training

TEXT = training.lines("json", "xml", most=60_000)


def opened(tmp_path, made, name="tokenizer.json"):
    return read(training.written(tmp_path / name, made), name, name)


def refused(tmp_path, made, *said):
    with pytest.raises(SourceError) as caught:
        opened(tmp_path, made)
    assert str(caught.value).isprintable()
    assert all(part in str(caught.value) for part in said), str(caught.value)


@pytest.fixture(scope="module")
def bpe():
    return training.bpe(TEXT, 500)


def test_tokens_of_byte_level_bpe_are_the_bytes_that_the_library_decodes(tmp_path, bpe):
    library = tokenizers.Tokenizer.from_str(json.dumps(bpe))
    found = opened(tmp_path, bpe)
    assert (found.kind, found.model, found.size) == ("tokenizer.json", "bpe", library.get_vocab_size())
    assert len(found.alphabet) == 256
    for token, number in found.tokens.items():
        if token.isascii():
            assert library.decode([number], skip_special_tokens=False).encode() == token


def test_special_tokens_are_apart_and_ids_ascend(tmp_path, bpe):
    found = opened(tmp_path, training.with_special(bpe, "<tool>"))
    assert [(each.id, each.text) for each in found.special] == [(0, "<s>"), (1, "</s>"), (500, "<tool>")]
    assert list(found.tokens.values()) == sorted(found.tokens.values())
    assert b"<s>" not in found.tokens


def test_the_order_of_bpe_is_that_of_its_merges(tmp_path, bpe):
    found = opened(tmp_path, bpe)
    assert found.order[0] == b"".join(training.raw(bpe)[256:257])
    assert (len(found.order), found.merges) == (len(found.tokens), len(bpe["model"]["merges"]))
    assert sorted(found.order) == sorted(found.tokens)


def test_merges_as_texts_are_merges_as_pairs(tmp_path, bpe):
    texts = training.copied(bpe)
    texts["model"]["merges"] = [" ".join(pair) for pair in bpe["model"]["merges"]]
    first, second = opened(tmp_path, bpe), opened(tmp_path, texts, "other.json")
    assert (first.order, first.details) == (second.order, second.details)
    texts["model"]["merges"][0], texts["model"]["merges"][1] = texts["model"]["merges"][1::-1]
    assert opened(tmp_path, texts, "third.json").details != first.details


def test_the_order_of_unigram_is_that_of_its_scores(tmp_path):
    made = training.unigram(TEXT, 400)
    found = opened(tmp_path, made)
    assert (found.model, found.merges) == ("unigram", None)
    scores = {text.replace("▁", " ").encode(): score for text, score in made["model"]["vocab"]}
    assert all(scores[a] >= scores[b] for a, b in zip(found.order, found.order[1:], strict=False))


def test_wordpiece_tokens_begin_a_word_with_a_space(tmp_path):
    found = opened(tmp_path, training.wordpiece(TEXT, 600))
    assert found.model == "wordpiece"
    assert b" self" in found.tokens
    assert not any(token.startswith(b"##") for token in found.tokens)
    assert found.order == tuple(found.tokens)


def test_marks_of_words_and_bytes_are_undone(tmp_path):
    vocab = {"▁the": 0, "<0x0A>": 1, "x": 2, "\n": 3}
    made = {"model": {"type": "BPE", "vocab": vocab, "merges": []}, "added_tokens": []}
    found = opened(tmp_path, made)
    assert dict(found.tokens) == {b" the": 0, b"x": 2, b"\n": 3}
    assert dict(found.alphabet) == {10: 1}
    made["model"] = {"type": "BPE", "vocab": {"the</w>": 0, "th": 1}, "merges": [], "end_of_word_suffix": "</w>"}
    assert dict(opened(tmp_path, made).tokens) == {b"the ": 0, b"th": 1}


def test_files_of_the_first_versions_state_no_type(tmp_path, bpe):
    old = training.copied(bpe)
    del old["model"]["type"]
    assert opened(tmp_path, old).model == "bpe"
    word_level = {"model": {"vocab": {"a": 0}, "unk_token": "a"}, "added_tokens": []}
    assert opened(tmp_path, word_level).model == "word-level"


def test_rules_around_the_model_are_kept_as_text(tmp_path, bpe):
    parts = opened(tmp_path, bpe).parts
    assert parts["normaliser"] == ""
    assert json.loads(parts["pre-tokeniser"])["type"] == "ByteLevel"
    split = {"type": "Split", "pattern": {"Regex": r"\d"}, "behavior": "Isolated", "invert": False}
    changed = {**bpe, "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, bpe["pre_tokenizer"]]}}
    assert opened(tmp_path, changed).parts["pattern"] == r"\d"


def test_tokens_that_stand_for_the_same_bytes_are_noted(tmp_path):
    scored = [["▁a", -1.0], [" a", -2.0], ["▁b", -1.5]]
    found = opened(tmp_path, {"model": {"type": "Unigram", "vocab": scored}, "added_tokens": []})
    assert dict(found.tokens) == {b" a": 0, b" b": 2}
    assert found.order == (b" a", b" b"), "the first of the two counts"
    assert "1 tokens" in found.notes[0]


def test_more_tokens_than_any_tokenizer_has_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(content, "MOST_TOKENS", 3)
    refused(tmp_path, model(vocab={letter: number for number, letter in enumerate("abcd")}), "4 tokens, more than 3")


def model(**stated):
    return {"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [], **stated}, "added_tokens": []}


BAD = {
    "duplicate ids": (model(vocab={"a": 0, "b": 0}), "two tokens have the id 0: 'a' and 'b'"),
    "negative id": (model(vocab={"a": -1}), "the token 'a' has the id -1"),
    "huge id": (model(vocab={"a": 10**9}), "has the id 1000000000"),
    "id as text": (model(vocab={"a": "0"}), "has the id '0'"),
    "id true": (model(vocab={"a": True}), "has the id True"),
    "no vocabulary": (model(vocab=None), "no vocabulary"),
    "empty list": (model(vocab=[]), "no vocabulary"),
    "no scores": (model(type="Unigram", vocab=[["a"]]), "no token with a score"),
    "score NaN": (model(type="Unigram", vocab=[["a", float("nan")]]), "no token with a score"),
    "merges no list": (model(merges={}), "merges are no list"),
    "merge of three": (model(merges=["a b c"]), "'a b c'"),
    "merge of numbers": (model(merges=[[1, 2]]), "no pair of tokens"),
    "unknown model": (model(type="Neural"), "unknown type 'Neural'", "BPE, Unigram"),
    "added tokens no list": ({**model(), "added_tokens": {}}, "no list of objects"),
    "added token without text": ({**model(), "added_tokens": [{"id": 1}]}, "no text"),
    "added token with a taken id": ({**model(), "added_tokens": [{"id": 0, "content": "<s>"}]}, "have the id 0"),
    "escape in a token": (model(vocab={"\x1b[31m": -1}), "x1b[31m"),
    "JSON that is something else": ({"hidden_size": 8}, "no tokenizer", "tekken.json"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_breaks_the_format_is_refused(tmp_path, case):
    refused(tmp_path, *BAD[case])
