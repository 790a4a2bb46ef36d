"""A tiktoken file: one token a line, base64 and rank."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from archdiff.evidence.tokenizer.reading.content import LARGEST_ID, MOST_TOKENS, fault
from archdiff.evidence.tokenizer.tokenizer import UNSTATED, Tokenizer
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["is_tiktoken", "learned", "parse", "ranked"]

_LINE = re.compile(rb"[A-Za-z0-9+/]+={0,2} [0-9]{1,9}")
_AGAIN = "fetch the file again, as the publisher saved it"
_NOTES = (
    f"{UNSTATED}a tiktoken file holds none",
    "pre-tokeniser: a tiktoken file holds none",
)


def is_tiktoken(data: bytes) -> bool:
    """Whether the first line is a token in base64 and its rank."""
    return _LINE.fullmatch(data[:4096].lstrip().partition(b"\n")[0].strip()) is not None


def parse(data: bytes, subject: str, name: str) -> Tokenizer:
    """Return the tokenizer that a tiktoken file states; its ids are its ranks.

    Args:
        data: the bytes of the file.
        subject: what errors call it.
        name: what output calls the tokenizer.

    Raises:
        SourceError: the file breaks the format.
    """
    rows = [(number, line) for number, line in enumerate(data.splitlines(), start=1) if line.strip()]
    ids = ranked((_row(line, number, subject) for number, line in rows), subject)
    tokens, alphabet = learned(ids)
    return Tokenizer(
        name=name,
        kind="tiktoken",
        model="bpe",
        digest=f"sha256:{hashlib.sha256(data).hexdigest()}",
        tokens=tokens,
        alphabet=alphabet,
        special=(),
        order=tuple(tokens),
        merges=len(tokens),
        notes=_NOTES,
    )


def ranked(rows: Iterable[tuple[bytes, int]], subject: str) -> dict[bytes, int]:
    """Tokens by rank, ascending.

    Raises:
        SourceError: too many tokens, or a token or a rank that is stated twice.
    """
    found: dict[int, bytes] = {}
    for token, rank in rows:
        if rank in found:
            raise fault(subject, f"two tokens have the rank {rank}", _AGAIN)
        if not 0 <= rank <= LARGEST_ID or len(found) >= MOST_TOKENS:
            cause = f"the rank {rank} is out of bounds" if len(found) < MOST_TOKENS else f"over {MOST_TOKENS:,} tokens"
            raise fault(subject, cause, _AGAIN)
        found[rank] = token
    ids = {found[rank]: rank for rank in sorted(found)}
    if len(ids) < len(found):
        raise fault(subject, "states a token twice", _AGAIN)
    return ids


def learned(ids: Mapping[bytes, int], offset: int = 0) -> tuple[Mapping[bytes, int], Mapping[int, int]]:
    """Learned tokens, and the single bytes that they are made of, each with its id: its rank and the offset."""
    tokens = {token: rank + offset for token, rank in ids.items() if len(token) != 1}
    alphabet = {token[0]: rank + offset for token, rank in ids.items() if len(token) == 1}
    return MappingProxyType(tokens), MappingProxyType(dict(sorted(alphabet.items())))


def _row(line: bytes, number: int, subject: str) -> tuple[bytes, int]:
    parts = line.split()
    try:
        token, rank = parts
        return base64.b64decode(token, validate=True), int(rank)
    except (ValueError, binascii.Error) as error:
        shown = printable(repr(line[:40].decode("ascii", "replace")), 60)
        raise fault(subject, f"line {number} is no token and rank: {shown}", _AGAIN) from error
