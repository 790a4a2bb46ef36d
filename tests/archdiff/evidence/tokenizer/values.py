"""Tokenizers as values, without files."""

from __future__ import annotations

from archdiff.evidence.tokenizer.tokenizer import Special, Tokenizer


def words(count, start=0):
    """Tokens that are different words."""
    return [f" word{number}".encode() for number in range(start, start + count)]


def tokenizer(tokens=None, order=None, special=("<s>",), **values):
    """A tokenizer with these learned tokens in the order of their ids, behind a byte alphabet and special tokens."""
    tokens = words(1000) if tokens is None else tokens
    first = 256 + len(special)
    ids = tokens if isinstance(tokens, dict) else {token: first + place for place, token in enumerate(tokens)}
    stated = {"name": "tiny", "kind": "tokenizer.json", "model": "bpe", "digest": "sha256:00", "merges": len(ids)}
    return Tokenizer(
        tokens=ids,
        alphabet={byte: byte for byte in range(256)},
        special=tuple(Special(256 + place, text) for place, text in enumerate(special)),
        order=tuple(ids) if order is None else tuple(order),
        **{**stated, **values},
    )
