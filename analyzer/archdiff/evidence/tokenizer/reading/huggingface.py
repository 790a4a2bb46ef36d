"""`tokenizer.json` of the tokenizers library."""

from __future__ import annotations

import hashlib
import json
import math
from types import MappingProxyType
from typing import TYPE_CHECKING

from archdiff.evidence.tokenizer.reading import alphabet
from archdiff.evidence.tokenizer.reading.content import MOST_TOKENS, checked_ids, fault
from archdiff.evidence.tokenizer.tokenizer import Special, Tokenizer
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from archdiff.evidence.tokenizer.tokenizer import Model

__all__ = ["parse"]

_AGAIN = "fetch the file again, as the publisher saved it"
_MODELS: Mapping[str, Model] = MappingProxyType(
    {"BPE": "bpe", "Unigram": "unigram", "WordPiece": "wordpiece", "WordLevel": "word-level"}
)
_PARTS = MappingProxyType({"normaliser": "normalizer", "pre-tokeniser": "pre_tokenizer", "decoder": "decoder"})


def parse(stated: Mapping[str, object], data: bytes, subject: str, name: str) -> Tokenizer:
    """Return the tokenizer that a tokenizer.json states.

    Args:
        stated: the JSON object.
        data: the bytes of the file.
        subject: what errors call it.
        name: what output calls the tokenizer.

    Raises:
        SourceError: the file breaks the format.
    """
    model = stated["model"]
    if not isinstance(model, dict):
        raise fault(subject, "its model is no object", _AGAIN)
    kind = _model(model, subject)
    special = _special(stated.get("added_tokens"), subject)
    taken = {each.text for each in special}
    spell = _spelling(stated, model, kind)
    ids = _vocabulary(model, subject)
    _apart(ids, special, subject)
    spelt = alphabet.sort(
        ((text, number) for text, number in ids.items() if text not in taken),
        spell,
        is_byte=lambda text: spell is alphabet.byte_level or len(text) > 1,
    )
    order, merges, details = _order(model, kind, spell, spelt.tokens, subject)
    return Tokenizer(
        name=name,
        kind="tokenizer.json",
        model=kind,
        digest=f"sha256:{hashlib.sha256(data).hexdigest()}",
        tokens=spelt.tokens,
        alphabet=spelt.alphabet,
        special=special,
        order=order,
        merges=merges,
        details=details,
        parts=_parts(stated),
        notes=(f"{spelt.twice:,} tokens that stand for the same bytes as others",) if spelt.twice else (),
    )


def _model(model: Mapping[str, object], subject: str) -> Model:
    stated = model.get("type")
    if stated is None:  # files of the first versions
        guessed = "BPE" if "merges" in model else "WordPiece" if "continuing_subword_prefix" in model else "Unigram"
        stated = guessed if isinstance(model.get("vocab"), list) or guessed != "Unigram" else "WordLevel"
    known = _MODELS.get(stated) if isinstance(stated, str) else None
    if known is None:
        cause = f"a tokenizer model of unknown type {printable(repr(stated), 40)}"
        raise fault(subject, cause, f"models that are read: {', '.join(_MODELS)}")
    return known


def _special(stated: object, subject: str) -> tuple[Special, ...]:
    rows = stated if isinstance(stated, list) else []
    if stated is not None and (not isinstance(stated, list) or not all(isinstance(row, dict) for row in rows)):
        raise fault(subject, "its added_tokens are no list of objects", _AGAIN)
    if not all(isinstance(row.get("content"), str) for row in rows):
        raise fault(subject, "an added token has no text", _AGAIN)
    ids = checked_ids(((row["content"], row.get("id")) for row in rows), subject)
    return tuple(Special(number, text) for text, number in ids.items())


def _vocabulary(model: Mapping[str, object], subject: str) -> dict[str, int]:
    stated = model.get("vocab")
    if isinstance(stated, dict):
        return checked_ids(stated.items(), subject)
    if not isinstance(stated, list) or not stated:
        raise fault(subject, "its model has no vocabulary", _AGAIN)
    found: dict[str, int] = {}
    for number, (text, _) in enumerate(_scored(stated, subject)):
        found.setdefault(text, number)
    return found


def _scored(stated: list[object], subject: str) -> Iterator[tuple[str, float]]:
    for row in stated:
        if not isinstance(row, list) or len(row) != 2 or not isinstance(row[0], str) or not _is_score(row[1]):
            cause = f"its vocabulary holds {printable(repr(row), 60)}, which is no token with a score"
            raise fault(subject, cause, _AGAIN)
        yield row[0], float(row[1])


def _is_score(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _apart(ids: Mapping[str, int], special: tuple[Special, ...], subject: str) -> None:
    """Refuse an added token whose id another token has."""
    holders = {number: text for text, number in ids.items()}
    for each in special:
        other = holders.get(each.id, each.text)
        if other != each.text:
            both = f"{printable(repr(other), 40)} and {printable(repr(each.text), 40)}"
            raise fault(subject, f"two tokens have the id {each.id}: {both}", _AGAIN)


def _spelling(stated: Mapping[str, object], model: Mapping[str, object], kind: Model) -> Callable[[str], bytes]:
    if kind == "wordpiece":
        prefix = model.get("continuing_subword_prefix")
        return alphabet.wordpiece(prefix if isinstance(prefix, str) else "##")
    if any("ByteLevel" in _types(stated.get(part)) for part in _PARTS.values()):
        return alphabet.byte_level
    suffix = model.get("end_of_word_suffix")
    return alphabet.suffixed(suffix) if isinstance(suffix, str) and suffix else alphabet.metaspace


def _types(part: object) -> set[str]:
    """The types of a normaliser, pre-tokeniser or decoder and of those inside it."""
    if isinstance(part, list):
        return set().union(*(_types(each) for each in part))
    if not isinstance(part, dict):
        return set()
    own = {part["type"]} if isinstance(part.get("type"), str) else set()
    return own.union(*(_types(each) for each in part.values()))


def _order(
    model: Mapping[str, object],
    kind: Model,
    spell: Callable[[str], bytes],
    tokens: Mapping[bytes, int],
    subject: str,
) -> tuple[tuple[bytes, ...], int | None, str]:
    """Learned tokens in the order they were learned, the number of merges, and a digest of the pairs or scores."""
    if kind == "bpe":
        pairs = list(_merges(model.get("merges"), subject))
        results = dict.fromkeys(spell(left + right) for left, right in pairs)
        return tuple(each for each in results if each in tokens), len(pairs), _digest(pairs)
    if kind == "unigram" and isinstance(vocab := model.get("vocab"), list):
        scores = {spell(text): score for text, score in reversed(list(_scored(vocab, subject)))}
        ranked = sorted(tokens, key=lambda token: (-scores[token], tokens[token]))
        return tuple(ranked), None, _digest([score for _, score in _scored(vocab, subject)])
    return tuple(tokens), None, ""


def _merges(stated: object, subject: str) -> Iterator[tuple[str, str]]:
    if not isinstance(stated, list) or len(stated) > MOST_TOKENS:
        cause = "its merges are no list" if not isinstance(stated, list) else f"{len(stated):,} merges"
        raise fault(subject, cause, _AGAIN)
    for row in stated:
        pair = row.split(" ") if isinstance(row, str) else row
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(each, str) and each for each in pair):
            raise fault(subject, f"its merges hold {printable(repr(row), 60)}, which is no pair of tokens", _AGAIN)
        yield pair[0], pair[1]


def _parts(stated: Mapping[str, object]) -> Mapping[str, str]:
    found = {name: _canonical(stated.get(key)) for name, key in _PARTS.items()}
    patterns = list(_patterns(stated.get("pre_tokenizer")))
    return MappingProxyType({**found, **({"pattern": patterns[0]} if len(patterns) == 1 else {})})


def _patterns(part: object) -> Iterator[str]:
    """The regular expressions by which a pre-tokeniser splits."""
    if isinstance(part, list):
        for each in part:
            yield from _patterns(each)
    elif isinstance(part, dict):
        pattern = part.get("pattern")
        if isinstance(pattern, dict) and isinstance(pattern.get("Regex"), str):
            yield pattern["Regex"]
        for key in sorted(part.keys() - {"pattern"}):
            yield from _patterns(part[key])


def _canonical(part: object) -> str:
    if part is None:
        return ""
    return json.dumps(part, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, separators=(",", ":")).encode("ascii")).hexdigest()
