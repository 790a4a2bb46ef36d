"""`tekken.json` of Mistral: a tiktoken vocabulary as JSON, cut to a size, its ids behind those of special tokens."""

from __future__ import annotations

import base64
import binascii
import hashlib
from types import MappingProxyType
from typing import TYPE_CHECKING

from archdiff.evidence.tokenizer.reading.content import LARGEST_ID, MOST_TOKENS, checked_ids, fault
from archdiff.evidence.tokenizer.reading.tiktoken import learned, ranked
from archdiff.evidence.tokenizer.tokenizer import UNSTATED, Special, Tokenizer
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["is_tekken", "parse"]

_AGAIN = "fetch the file again, as the publisher saved it"
_NO_SPECIAL = f"{UNSTATED}this tekken file is of a version that leaves them to the library"


def is_tekken(stated: Mapping[str, object]) -> bool:
    """Whether a JSON object is laid out as tekken's: a config that says the size, and a list of tokens."""
    config = stated.get("config")
    return isinstance(config, dict) and "default_vocab_size" in config and isinstance(stated.get("vocab"), list)


def parse(stated: Mapping[str, object], data: bytes, subject: str, name: str) -> Tokenizer:
    """Return the tokenizer that a tekken.json states.

    Args:
        stated: the JSON object, which `is_tekken`.
        data: the bytes of the file.
        subject: what errors call it.
        name: what output calls the tokenizer.

    Raises:
        SourceError: the file breaks the format.
    """
    config, rows = stated["config"], stated["vocab"]
    if not isinstance(config, dict) or not isinstance(rows, list):
        raise fault(subject, "its config or its vocabulary is missing", _AGAIN)
    reserved = _count(config, "default_num_special_tokens", subject)
    size = _count(config, "default_vocab_size", subject) - reserved
    if not 0 <= size <= len(rows) <= MOST_TOKENS:
        cause = f"announces {size:,} tokens and holds {len(rows):,}"
        raise fault(subject, cause, _AGAIN)
    tokens, alphabet = learned(ranked(_rows(rows[:size], subject), subject), reserved)
    special, notes = _special(stated.get("special_tokens"), reserved, subject)
    pattern = config.get("pattern")
    return Tokenizer(
        name=name,
        kind="tekken",
        model="bpe",
        digest=f"sha256:{hashlib.sha256(data).hexdigest()}",
        tokens=tokens,
        alphabet=alphabet,
        special=special,
        order=tuple(tokens),
        merges=len(tokens),
        parts=MappingProxyType({"pattern": pattern} if isinstance(pattern, str) else {}),
        notes=notes,
    )


def _count(config: Mapping[str, object], key: str, subject: str) -> int:
    value = config.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST_ID:
        raise fault(subject, f"{key} is {printable(repr(value), 40)}", _AGAIN)
    return value


def _rows(rows: list[object], subject: str) -> Iterator[tuple[bytes, int]]:
    for row in rows:
        if not isinstance(row, dict):
            raise fault(subject, f"its vocabulary holds {printable(repr(row), 40)}", _AGAIN)
        token, rank = row.get("token_bytes"), row.get("rank")
        if not isinstance(token, str) or isinstance(rank, bool) or not isinstance(rank, int):
            raise fault(subject, f"a token without bytes or rank: {printable(repr(row), 60)}", _AGAIN)
        try:
            yield base64.b64decode(token, validate=True), rank
        except (ValueError, binascii.Error) as error:
            raise fault(subject, f"a token that is no base64: {printable(repr(token), 40)}", _AGAIN) from error


def _special(stated: object, reserved: int, subject: str) -> tuple[tuple[Special, ...], tuple[str, ...]]:
    if stated is None:
        return (), (_NO_SPECIAL,)
    if not isinstance(stated, list) or len(stated) > max(reserved, 0):
        raise fault(subject, f"its special_tokens are no list of at most {reserved:,}", _AGAIN)
    rows = [row if isinstance(row, dict) else {} for row in stated]
    if not all(isinstance(row.get("token_str"), str) for row in rows):
        raise fault(subject, "a special token has no text", _AGAIN)
    ids = checked_ids(((row["token_str"], row.get("rank")) for row in rows), subject)
    return tuple(Special(number, text) for text, number in ids.items()), ()
