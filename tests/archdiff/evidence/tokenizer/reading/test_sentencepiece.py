"""SentencePiece models: read without the package as the package reads them, and refused where they lie."""

from __future__ import annotations

import struct

import pytest
import sentencepiece
from hypothesis import given
from hypothesis import strategies as st

from archdiff.errors import SourceError
from archdiff.evidence.tokenizer.reading.sentencepiece import is_model, parse
from archdiff.evidence.tokenizer.reading.wire import WireError, fields
from tests.archdiff.evidence.tokenizer import training

TEXT = training.lines("json", "xml", most=60_000)
BPE = training.sentence_pieces(TEXT, 500)
UNIGRAM = training.sentence_pieces(TEXT, 400, model="unigram", user_defined_symbols=["<tool>"])


def refused(data, *said):
    with pytest.raises(SourceError) as caught:
        parse(data, "given", "name")
    assert all(part in str(caught.value) for part in said), str(caught.value)


def varint(number):
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def piece(text, score=-1.0, kind=1):
    return field(1, field(1, text.encode()) + field(2, score) + field(3, kind))


@pytest.mark.parametrize(("data", "model"), [(BPE, "bpe"), (UNIGRAM, "unigram")])
def test_pieces_are_those_that_the_package_loads(data, model):
    library = sentencepiece.SentencePieceProcessor(model_proto=data)
    found = parse(data, "given", "name")
    assert (found.kind, found.model, found.size) == ("sentencepiece", model, library.get_piece_size())
    for token, number in found.tokens.items():
        assert library.id_to_piece(number).replace("▁", " ").encode() == token
    assert {each.id for each in found.special if each.text != "<tool>"} == {
        number for number in range(found.size) if library.is_control(number) or library.is_unknown(number)
    }
    assert len(found.alphabet) == 256
    assert all(library.id_to_piece(number) == f"<0x{byte:02X}>" for byte, number in found.alphabet.items())


def test_added_pieces_are_special():
    assert "<tool>" in [each.text for each in parse(UNIGRAM, "given", "name").special]


def test_the_order_is_that_of_the_scores():
    library = sentencepiece.SentencePieceProcessor(model_proto=UNIGRAM)
    found = parse(UNIGRAM, "given", "name")
    scores = [library.get_score(found.tokens[token]) for token in found.order]
    assert scores == sorted(scores, reverse=True)
    assert len(found.order) == len(found.tokens)


def test_characters_are_no_merges_of_bpe():
    found = parse(BPE, "given", "name")
    assert found.merges == len(found.order)
    assert all(len(token.decode()) > 1 for token in found.order)
    assert "no pairs" in found.notes[0]


def test_the_normaliser_is_told_in_words():
    assert parse(BPE, "given", "name").parts["normaliser"].startswith("name=nmt_nfkc, precompiled_charsmap=sha256:")
    plain = training.sentence_pieces(TEXT, 500, normalization_rule_name="identity", add_dummy_prefix=False)
    assert parse(plain, "given", "name").parts["normaliser"] == "name=identity, add_dummy_prefix=0"


def test_a_piece_without_a_type_is_an_ordinary_one():
    data = field(1, field(1, "▁the".encode()))
    assert dict(parse(data, "given", "name").tokens) == {b" the": 0}


BAD = {
    "truncated": (BPE[: len(BPE) // 2], "and", "are left"),
    "announces 10^9 bytes": (piece("a") + varint(1 << 3 | 2) + varint(10**9), "1,000,000,000 bytes"),
    "a number as piece": (piece("a") + field(1, 7), "a number where"),
    "a text as type": (piece("a") + field(1, field(1, b"x") + field(3, b"y")), "a text where"),
    "no UTF-8": (piece("a") + field(1, field(1, b"\xff")), "utf-8"),
    "score NaN": (piece("a", float("nan")), "score is no number"),
    "endless number": (piece("a") + b"\xff" * 12, "without an end"),
    "unknown wire type": (piece("a") + b"\x0f", "unknown type 7"),
    "score of 8 bytes": (field(1, field(1, b"x") + varint(2 << 3 | 1) + b"12345678"), "damaged"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_damaged_model_is_refused(case):
    data, *said = BAD[case]
    refused(data, "damaged SentencePiece model", *said)


def test_what_begins_with_no_piece_is_no_model():
    assert is_model(BPE)
    assert not is_model(b"")
    assert not is_model(b"\x0a\xff\xff\xff\xff\x0f")
    assert not is_model(field(2, b"trainer"))
    assert not is_model(field(1, 5))


@given(st.lists(st.tuples(st.integers(1, 2**20), st.integers(0, 2**63) | st.binary(max_size=50)), max_size=10))
def test_fields_are_what_was_written(pairs):
    assert list(fields(b"".join(field(*pair) for pair in pairs))) == pairs


@given(st.binary(max_size=100))
def test_any_bytes_are_fields_or_refused(data):
    try:
        found = list(fields(data))
    except WireError:
        return
    assert sum(len(value) for _, value in found if isinstance(value, bytes)) <= len(data)
