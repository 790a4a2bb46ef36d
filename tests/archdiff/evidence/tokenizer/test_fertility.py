"""Fertility: the sample, and what the libraries of the kinds count in a process of their own."""

from __future__ import annotations

import json
import subprocess

import pytest
import sentencepiece
import tokenizers

from archdiff.evidence.tokenizer import encoding, fertility
from archdiff.evidence.tokenizer.fertility import count, sample
from archdiff.evidence.tokenizer.reading import read
from tests.archdiff.evidence.tokenizer import training

TEXT = training.lines("json", "xml", most=60_000)
BPE = training.bpe(TEXT, 500)
TEXTS = [each.text for each in sample()]


def opened(tmp_path, made, name="file"):
    path = training.written(tmp_path / name, made)
    return read(path, "given", "name"), path


def test_the_sample_has_many_scripts_and_code():
    assert len({each.name for each in sample()}) == len(sample()) == 15
    assert {"English", "Chinese", "Arabic", "Hindi", "Python"} <= {each.name for each in sample()}
    assert all(each.characters > 100 for each in sample())
    assert {each.name for each in sample() if each.words is None} == {"Chinese", "Japanese", "Python", "C"}


def test_tokenizer_json_is_split_by_its_library(tmp_path):
    library = tokenizers.Tokenizer.from_str(json.dumps(BPE))
    found = count(*opened(tmp_path, BPE))
    assert (found.tokens, found.note) == (tuple(len(library.encode(text).ids) for text in TEXTS), "")


def test_special_tokens_and_truncation_do_not_count(tmp_path):
    made = tokenizers.Tokenizer.from_str(json.dumps(BPE))
    made.post_processor = tokenizers.processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    made.enable_truncation(10)
    made.enable_padding(length=4000)
    assert count(*opened(tmp_path, json.loads(made.to_str()))) == count(*opened(tmp_path, BPE, "other"))


def test_a_sentencepiece_model_is_split_by_its_library(tmp_path):
    data = training.sentence_pieces(TEXT, 500)
    library = sentencepiece.SentencePieceProcessor(model_proto=data)
    assert count(*opened(tmp_path, data)).tokens == tuple(len(library.encode(text)) for text in TEXTS)


def test_tiktoken_and_tekken_split_as_the_same_vocabulary_does_in_json(tmp_path):
    pattern = r"\S+|\s+"
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    made = training.copied(BPE)
    made["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [split, level]}
    expected = count(*opened(tmp_path, made, "a")).tokens
    tekken = opened(tmp_path, training.tekken(BPE, pattern=pattern), "b")
    assert count(*tekken) == fertility.Counted(expected)
    tiktoken = opened(tmp_path, training.tiktoken(BPE), "c")
    assert count(*tiktoken, pattern).tokens == expected
    assert "the other side's was taken" in count(*tiktoken, pattern).note
    assert "cl100k_base's was taken" in count(*tiktoken).note


def test_both_sides_are_counted_with_what_was_assumed(tmp_path):
    old, new = opened(tmp_path, BPE, "a"), opened(tmp_path, training.tiktoken(BPE), "b")
    found, notes = fertility.fertility(old, new)
    assert [each.text for each in found] == list(sample())
    assert all(each.old and each.new for each in found)
    assert notes == ("NEW: fertility: a tiktoken file holds no pattern; cl100k_base's was taken",)


def test_a_file_that_its_library_refuses_is_not_counted(tmp_path):
    made = training.copied(BPE)
    made["pre_tokenizer"] = {"type": "NoSuchThing"}
    tokenizer, path = opened(tmp_path, made)
    found = count(tokenizer, path)
    assert found.tokens == (None,) * len(sample())
    assert "its library refused the file" in found.note
    assert fertility.fertility((tokenizer, path), (tokenizer, path))[0] == ()


def test_a_pattern_without_an_end_ends_the_library_alone(tmp_path):
    made = training.copied(BPE)
    pattern = {"Regex": "([a-z]+[ ,.]?)+\\d{5}!"}
    made["pre_tokenizer"] = {"type": "Split", "pattern": pattern, "behavior": "Isolated", "invert": False}
    found = count(*opened(tmp_path, made))
    assert found.tokens == (None,) * len(sample())
    assert "its library refused the file" in found.note


def test_a_package_that_is_missing_is_named_with_what_to_install(tmp_path, monkeypatch):
    answer = subprocess.CompletedProcess((), 0, stdout=b'{"missing": "sentencepiece"}')
    monkeypatch.setattr(fertility.subprocess, "run", lambda *_, **__: answer)
    data = training.sentence_pieces(TEXT, 500)
    assert "pip install 'archdiff[tokenizers]'" in count(*opened(tmp_path, data)).note
    answer.stdout = b'{"missing": "tiktoken"}'
    assert "pip install tiktoken" in count(*opened(tmp_path, training.tiktoken(BPE))).note


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (subprocess.TimeoutExpired("x", 1), "took longer than"),
        (subprocess.CalledProcessError(-11, "x", stderr=b""), "exit status -11"),
        (subprocess.CalledProcessError(1, "x", stderr=b"a\nthread panicked \x1b[31m\n"), "thread panicked \\x1b[31m"),
        (OSError("no memory"), "could not be run (no memory)"),
    ],
)
def test_a_library_that_fails_ends_its_own_process_alone(tmp_path, monkeypatch, error, said):
    def run(*_, **__):
        raise error

    monkeypatch.setattr(fertility.subprocess, "run", run)
    assert said in count(*opened(tmp_path, BPE)).note


def test_the_program_counts_as_it_does_in_this_process(tmp_path):
    path = training.written(tmp_path / "x", training.tiktoken(BPE))
    assert encoding.counts("tiktoken", path, TEXTS) == list(
        count(*opened(tmp_path, training.tiktoken(BPE), "y")).tokens
    )
