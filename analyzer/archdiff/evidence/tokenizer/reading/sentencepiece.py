"""A SentencePiece model, read from its protocol buffer without the sentencepiece package.

The package's own loader runs C++ on the bytes; nothing that is compared needs it. Field numbers are those of
sentencepiece_model.proto.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
import struct
from types import MappingProxyType
from typing import TYPE_CHECKING

from archdiff.evidence.tokenizer.reading import alphabet
from archdiff.evidence.tokenizer.reading.content import MOST_TOKENS, fault
from archdiff.evidence.tokenizer.reading.wire import WireError, fields
from archdiff.evidence.tokenizer.tokenizer import Special, Tokenizer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archdiff.evidence.tokenizer.tokenizer import Model

__all__ = ["is_model", "parse"]

_PIECES, _TRAINER, _NORMALISER, _DENORMALISER = 1, 2, 3, 5
_TEXT, _SCORE, _TYPE = 1, 2, 3
_MODEL_TYPE = 3
_NORMAL, _UNKNOWN, _CONTROL, _USER, _BYTE = 1, 2, 3, 4, 6
_MODELS: Mapping[int, Model] = MappingProxyType({1: "unigram", 2: "bpe", 3: "word-level", 4: "word-level"})
_RULES = MappingProxyType(
    {
        1: "name",
        2: "precompiled_charsmap",
        3: "add_dummy_prefix",
        4: "remove_extra_whitespaces",
        5: "escape_whitespaces",
        6: "normalization_rule_tsv",
    }
)
_NO_MERGES = "its merges are told by their results alone: a SentencePiece model holds scores, no pairs"


@dataclasses.dataclass(frozen=True, slots=True)
class _Piece:
    text: str
    score: float
    kind: int


def is_model(data: bytes) -> bool:
    """Whether the bytes begin as a SentencePiece model does: with a piece that has a text."""
    try:
        number, value = next(fields(data))
        inner = dict(fields(value)) if isinstance(value, bytes) else {}
    except (StopIteration, WireError):
        return False
    return number == _PIECES and isinstance(inner.get(_TEXT), bytes)


def parse(data: bytes, subject: str, name: str) -> Tokenizer:
    """Return the tokenizer that a SentencePiece model states.

    Args:
        data: the bytes of the file.
        subject: what errors call it.
        name: what output calls the tokenizer.

    Raises:
        SourceError: the file breaks the format.
    """
    try:
        pieces, model, parts = _read(data)
    except (WireError, UnicodeDecodeError, struct.error, ValueError) as error:
        cause = f"a damaged SentencePiece model ({error})"
        raise fault(subject, cause, "fetch the file again, as the publisher saved it") from error
    ordinary = [(piece.text, number) for number, piece in enumerate(pieces) if piece.kind in (_NORMAL, _BYTE)]
    bytes_of = {piece.text for piece in pieces if piece.kind == _BYTE}
    spelt = alphabet.sort(ordinary, alphabet.metaspace, is_byte=bytes_of.__contains__)
    order = _order(pieces, model, spelt.tokens)
    return Tokenizer(
        name=name,
        kind="sentencepiece",
        model=model,
        digest=f"sha256:{hashlib.sha256(data).hexdigest()}",
        tokens=spelt.tokens,
        alphabet=spelt.alphabet,
        special=_special(pieces),
        order=order,
        merges=len(order) if model == "bpe" else None,
        details=_digest(pieces) if model == "unigram" else "",
        parts=MappingProxyType(parts),
        notes=(_NO_MERGES,) if model == "bpe" else (),
    )


def _read(data: bytes) -> tuple[list[_Piece], Model, dict[str, str]]:
    pieces: list[_Piece] = []
    model: Model = "unigram"
    parts = {"normaliser": "", "denormaliser": ""}
    for number, value in fields(data):
        if number == _PIECES:
            pieces.append(_piece(_message(value)))
            if len(pieces) > MOST_TOKENS:
                raise WireError(f"more than {MOST_TOKENS:,} pieces")
        elif number == _TRAINER:
            model = _MODELS.get(_whole(dict(fields(_message(value))).get(_MODEL_TYPE, 1)), "unigram")
        elif number in (_NORMALISER, _DENORMALISER):
            parts["normaliser" if number == _NORMALISER else "denormaliser"] = _rules(_message(value))
    return pieces, model, parts


def _piece(data: bytes) -> _Piece:
    found = dict(fields(data))
    score = struct.unpack("<f", _message(found[_SCORE]))[0] if _SCORE in found else 0.0
    if not math.isfinite(score):
        raise WireError("a piece whose score is no number")
    return _Piece(_message(found.get(_TEXT, b"")).decode("utf-8"), score, _whole(found.get(_TYPE, _NORMAL)))


def _rules(data: bytes) -> str:
    """The normaliser in words; its compiled table as a digest."""
    told = []
    for number, value in sorted(dict(fields(data)).items()):
        if number not in _RULES or value == b"":
            continue
        shown = str(value) if isinstance(value, int) else _shown(number, value)
        told.append(f"{_RULES[number]}={shown}")
    return ", ".join(told)


def _shown(number: int, value: bytes) -> str:
    if number == 1:
        return value.decode("utf-8")
    return f"sha256:{hashlib.sha256(value).hexdigest()[:16]} ({len(value):,} bytes)"


def _special(pieces: list[_Piece]) -> tuple[Special, ...]:
    kinds = (_UNKNOWN, _CONTROL, _USER)
    return tuple(Special(number, piece.text) for number, piece in enumerate(pieces) if piece.kind in kinds)


def _order(pieces: list[_Piece], model: Model, tokens: Mapping[bytes, int]) -> tuple[bytes, ...]:
    """Learned pieces by descending score; of a BPE model without the characters, which no merge made."""
    least = 2 if model == "bpe" else 1
    scored = [(-pieces[number].score, number, token) for token, number in tokens.items()]
    return tuple(token for _, number, token in sorted(scored) if len(pieces[number].text) >= least)


def _digest(pieces: list[_Piece]) -> str:
    found = hashlib.sha256()
    for piece in pieces:
        found.update(struct.pack("<f", piece.score))
    return found.hexdigest()


def _message(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise WireError("a number where a text or a message belongs")
    return value


def _whole(value: int | bytes) -> int:
    if not isinstance(value, int):
        raise WireError("a text where a number belongs")
    return value
