"""How tokens are spelt in files, undone: the byte-level alphabet, `▁`, byte tokens, marks of WordPiece and BPE."""

from __future__ import annotations

import dataclasses
import re
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["Spelt", "byte_level", "metaspace", "sort", "suffixed", "wordpiece"]

_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>", re.ASCII)
_PRINTED = (*range(33, 127), *range(161, 173), *range(174, 256))
"""Bytes that the byte-level alphabet writes as the character of their own number; the others follow from 256 on.

Source: `bytes_to_unicode` of GPT-2's encoder.py.
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Spelt:
    """Tokens as bytes.

    Args:
        tokens: the id of each ordinary token of more than one byte, or of one that is a character.
        alphabet: the id of each byte that is a token of its own.
        twice: tokens that were left out, because another one stands for the same bytes.
    """

    tokens: Mapping[bytes, int]
    alphabet: Mapping[int, int]
    twice: int


def byte_level(text: str) -> bytes:
    """The bytes that a token of the byte-level alphabet stands for; UTF-8 of one that is spelt otherwise."""
    table = _letters()
    try:
        return bytes([table[letter] for letter in text])
    except KeyError:
        return _utf8(text)


def metaspace(text: str) -> bytes:
    """The bytes of a token in which `▁` is a space; a byte token, as `<0x0A>`, is that byte."""
    if (found := _BYTE.fullmatch(text)) is not None:
        return bytes([int(found[1], 16)])
    return _utf8(text.replace("▁", " "))


def wordpiece(prefix: str) -> Callable[[str], bytes]:
    """Spelling in which `prefix` marks the tokens that go on with a word; the others begin one, with a space."""

    def spell(text: str) -> bytes:
        begins = not prefix or not text.startswith(prefix)
        return _utf8(f" {text}" if begins else text[len(prefix) :])

    return spell


def suffixed(suffix: str) -> Callable[[str], bytes]:
    """Spelling in which `suffix` marks the tokens that end a word; they end with a space."""

    def spell(text: str) -> bytes:
        return _utf8(f"{text[: -len(suffix)]} ") if text.endswith(suffix) else _utf8(text)

    return spell


def sort(ids: Iterable[tuple[str, int]], spell: Callable[[str], bytes], *, is_byte: Callable[[str], bool]) -> Spelt:
    """Tokens by the bytes that they stand for; of several for the same bytes the first.

    Args:
        ids: text and id of each ordinary token, ascending by id.
        spell: the bytes of a token.
        is_byte: whether the token is a byte, and no character that happens to have one.
    """
    tokens: dict[bytes, int] = {}
    alphabet: dict[int, int] = {}
    twice = 0
    for text, number in ids:
        found = spell(text)
        if len(found) == 1 and is_byte(text):
            twice += found[0] in alphabet
            alphabet.setdefault(found[0], number)
        else:
            twice += found in tokens
            tokens.setdefault(found, number)
    return Spelt(MappingProxyType(tokens), MappingProxyType(dict(sorted(alphabet.items()))), twice)


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


@lru_cache(maxsize=1)
def _letters() -> Mapping[str, int]:
    others = [byte for byte in range(256) if byte not in _PRINTED]
    moved = {chr(256 + position): byte for position, byte in enumerate(others)}
    return MappingProxyType({**{chr(byte): byte for byte in _PRINTED}, **moved})
