"""tiktoken files and tekken.json: tokens by rank, special ones in front, and what lies about its size."""

from __future__ import annotations

import base64
import json

import pytest
import tiktoken as library

from archdiff.errors import SourceError
from archdiff.evidence.tokenizer.reading import read
from tests.archdiff.evidence.tokenizer import training

BPE = training.bpe(training.lines("json", most=30_000), 400)


def opened(tmp_path, made):
    return read(training.written(tmp_path / "file", made), "given", "name")


def refused(tmp_path, made, *said):
    with pytest.raises(SourceError) as caught:
        opened(tmp_path, made)
    assert all(part in str(caught.value) for part in said), str(caught.value)


def test_ranks_are_ids(tmp_path):
    found = opened(tmp_path, training.tiktoken(BPE))
    ranks = {token: rank for rank, token in enumerate(training.raw(BPE))}
    made = library.Encoding("x", pat_str=r"\S+", mergeable_ranks=ranks, special_tokens={})
    assert (found.kind, found.model, found.size) == ("tiktoken", "bpe", made.n_vocab)
    assert all(made.decode_single_token_bytes(number) == token for token, number in found.tokens.items())
    assert len(found.alphabet) == 256
    assert found.order == tuple(found.tokens)
    assert "special tokens: a tiktoken file holds none" in found.notes


def test_blank_lines_and_line_ends_of_another_system_are_passed_over(tmp_path):
    data = training.tiktoken(BPE)
    other = b"\r\n".join(data.splitlines()) + b"\r\n\r\n"
    assert opened(tmp_path, data).tokens == opened(tmp_path, other).tokens


def test_tekken_ids_stand_behind_the_reserved_ones(tmp_path):
    plain, found = opened(tmp_path, training.tiktoken(BPE)), opened(tmp_path, training.tekken(BPE, reserved=10))
    assert found.kind == "tekken"
    assert dict(found.tokens) == {token: number + 10 for token, number in plain.tokens.items()}
    assert [(each.id, each.text) for each in found.special] == [(0, "<s>"), (1, "</s>")]
    assert found.parts["pattern"] == r"\S+|\s+"


def test_tekken_is_cut_to_the_size_it_states(tmp_path):
    made = training.tekken(BPE)
    made["config"]["default_vocab_size"] -= 40
    assert len(opened(tmp_path, made).tokens) == len(opened(tmp_path, training.tekken(BPE)).tokens) - 40


def test_a_tekken_of_the_first_version_says_nothing_of_special_tokens(tmp_path):
    made = training.tekken(BPE)
    del made["special_tokens"]
    assert "leaves them to the library" in opened(tmp_path, made).notes[0]


LINE = base64.b64encode(b"token") + b" "
BAD_LINES = {
    "duplicate rank": (LINE + b"5\n" + base64.b64encode(b"other") + b" 5\n", "two tokens have the rank 5"),
    "duplicate token": (LINE + b"5\n" + LINE + b"6\n", "a token twice"),
    "negative": (LINE + b"5\n" + LINE + b"-6\n", "rank -6 is out of bounds"),
    "huge": (LINE + b"5\n" + base64.b64encode(b"b") + b" 9999999999999\n", "out of bounds"),
    "no rank": (LINE + b"5\n" + LINE + b"\n", "line 2 is no token and rank"),
    "no base64": (LINE + b"5\n@@@@ 6\n", "line 2"),
    "garbage": (LINE + b"5\n\xff\xfe\x1b[31m\n", "line 2"),
}


@pytest.mark.parametrize("case", BAD_LINES)
def test_a_line_that_is_no_token_is_refused(tmp_path, case):
    refused(tmp_path, *BAD_LINES[case])


def changed(config=None, row=None, special=None):
    made = json.loads(json.dumps(training.tekken(BPE)))
    made["config"].update(config or {})
    if row is not None:
        made["vocab"][3] = row
    if special is not None:
        made["special_tokens"] = special
    return made


BAD_TEKKEN = {
    "10^9 tokens announced": (changed({"default_vocab_size": 10**9}), "default_vocab_size is 1000000000"),
    "more than it holds": (changed({"default_vocab_size": 10**6}), "announces 999,990 tokens and holds 398"),
    "negative size": (changed({"default_vocab_size": -1}), "default_vocab_size is -1"),
    "more special than all": (changed({"default_num_special_tokens": 10**4}), "announces -9,592 tokens"),
    "size as text": (changed({"default_vocab_size": "many"}), "'many'"),
    "token without bytes": (changed(row={"rank": 3}), "without bytes or rank"),
    "token no base64": (changed(row={"rank": 3, "token_bytes": "@"}), "no base64"),
    "row no object": (changed(row=7), "holds 7"),
    "rank true": (changed(row={"rank": True, "token_bytes": "AA=="}), "without bytes or rank"),
    "special tokens no list": (changed(special={}), "no list of at most 10"),
    "too many special": (changed(special=[{"rank": n, "token_str": str(n)} for n in range(11)]), "at most 10"),
    "special without text": (changed(special=[{"rank": 1}]), "no text"),
    "special with a huge id": (changed(special=[{"rank": 10**12, "token_str": "x"}]), "has the id"),
}


@pytest.mark.parametrize("case", BAD_TEKKEN)
def test_a_tekken_that_lies_is_refused(tmp_path, case):
    refused(tmp_path, *BAD_TEKKEN[case])
