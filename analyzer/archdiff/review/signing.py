"""Signatures under items that no program can settle, kept in a TOML file beside the claims."""

from __future__ import annotations

import datetime
import difflib
import json
import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archdiff.errors import SourceError, UsageError
from archdiff.report.checklist import Signature
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archdiff.report.checklist import ReviewItem

__all__ = ["SignOff", "parse", "sign", "signed"]

_HEAD = (
    "# Signatures of archdiff review; `rests_on` says what was signed. Written by `archdiff review NEW --sign ITEM`.\n"
)
_KEYS = ("item", "name", "date", "note", "rests_on")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_LONGEST = 1000
_MOST = 1000
_REMEDY = "correct the sign-off file, or sign again with --sign"


@dataclass(frozen=True, slots=True)
class SignOff:
    """The signatures of a file.

    Args:
        name: of the file, as output shows it.
        signatures: by the id of the item.
    """

    name: str
    signatures: tuple[tuple[str, Signature], ...] = ()

    @property
    def text(self) -> str:
        """The file's content; the same signatures give the same bytes."""
        return _HEAD + "".join(map(_written, sorted(self.signatures, key=lambda pair: pair[0])))


def _written(pair: tuple[str, Signature]) -> str:
    identity, signature = pair
    rows = {"item": identity, **signature.model_dump()}
    return "\n[[signature]]\n" + "".join(f"{key} = {_quoted(rows[key])}\n" for key in _KEYS)


def _quoted(text: str) -> str:
    """A basic string of TOML: JSON's escapes are a part of TOML's, apart from surrogates and the character DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def parse(text: str, name: str) -> SignOff:
    """Read a sign-off file.

    Args:
        text: of the file.
        name: of the file, which errors show.

    Raises:
        SourceError: not TOML, or not in the format that `SignOff.text` writes.
    """
    shown = printable(name)
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SourceError(shown, f"not TOML ({printable(str(error), 80)})", _REMEDY) from error
    rows = table.get("signature", [])
    if table.keys() - {"signature"} or not isinstance(rows, list) or len(rows) > _MOST:
        raise SourceError(shown, "holds something else than [[signature]] tables", _REMEDY)
    found: dict[str, Signature] = {}
    for number, row in enumerate(rows, start=1):
        identity, signature = _row(row, f"signature {number}", shown)
        if identity in found:
            raise SourceError(shown, f"signs {printable(identity, 60)} twice", _REMEDY)
        found[identity] = signature
    return SignOff(shown, tuple(found.items()))


def _row(row: object, where: str, name: str) -> tuple[str, Signature]:
    values = {key: str(value) for key, value in row.items()} if isinstance(row, dict) else {}
    if set(values) != set(_KEYS) or any(len(value) > _LONGEST for value in values.values()):
        raise SourceError(name, f"{where} must have the keys {', '.join(_KEYS)}, and no other", _REMEDY)
    if not _DIGEST.fullmatch(values["rests_on"]):
        raise SourceError(name, f"{where} rests on no digest", _REMEDY)
    identity = values.pop("item")
    return identity, _signature(values, f"{name}: {where}")


def _signature(values: dict[str, str], subject: str) -> Signature:
    try:
        datetime.date.fromisoformat(values["date"])
    except ValueError as error:
        cause = f"{printable(repr(values['date']), 40)} is no date"
        raise SourceError(subject, cause, "write it as 2026-12-31") from error
    if not values["name"].strip():
        raise SourceError(subject, "names nobody", "write who signs")
    return Signature(**values)


def sign(
    sign_off: SignOff, items: Sequence[ReviewItem], identity: str, *, name: str, date: str, note: str = ""
) -> SignOff:
    """The signatures with one more, or with one in another's place.

    Args:
        sign_off: the signatures that there are.
        items: of the checklist, before signatures are applied.
        identity: id of the item that is signed.
        name: who signs.
        date: ISO date.
        note: what they say about it; empty for nothing.

    Raises:
        UsageError: there is no such item, or it is not one that a person settles.
        SourceError: the date is no date, or the name is empty.
    """
    found = next((item for item in items if item.id == identity), None)
    if found is None:
        raise UsageError(
            f"item {printable(identity, 60)}", f"is not in this review{_near(identity, items)}", "name an item"
        )
    if not found.needs_signature:
        why = {"open": "it waits for evidence", "refuted": "a signature does not settle what is refuted"}
        cause = f"is {found.status}, and no item for a signature"
        raise UsageError(f"item {identity}", cause, why.get(found.status, "the evidence settles it"))
    values = {"name": name, "date": date, "note": note, "rests_on": found.digest}
    made = _signature({key: value[:_LONGEST] for key, value in values.items()}, f"item {identity}")
    others = tuple(pair for pair in sign_off.signatures if pair[0] != identity)
    return SignOff(sign_off.name, (*others, (identity, made)))


def signed(items: Iterable[ReviewItem], sign_off: SignOff) -> tuple[ReviewItem, ...]:
    """The items with the signatures that hold, and with a word on those that no longer do.

    Raises:
        SourceError: a signature stands under an item that the review does not have.
    """
    listed, by_id = tuple(items), dict(sign_off.signatures)
    known = {item.id for item in listed}
    for identity in by_id:
        if identity not in known:
            cause = f"signs the unknown item {printable(identity, 60)}{_near(identity, listed)}"
            raise SourceError(sign_off.name, cause, "remove that signature, or state the claim that it is about")
    return tuple(_apply(item, by_id[item.id]) if item.id in by_id else item for item in listed)


def _apply(item: ReviewItem, signature: Signature) -> ReviewItem:
    if signature.rests_on == item.digest and item.needs_signature:
        told = f"Signed by {signature.name} on {signature.date}{': ' if signature.note else ''}{signature.note}."
        status = "signed" if item.status == "open" else item.status
        return item.model_copy(update={"status": status, "signature": signature, "reason": told, "command": ""})
    if item.status in ("proved", "not-applicable"):
        return item.model_copy(update={"lapsed": signature})
    told = f"{item.reason} {signature.name} signed it on {signature.date}, and what that rests on has changed since."
    return item.model_copy(update={"lapsed": signature, "reason": told})


def _near(identity: str, items: Iterable[ReviewItem]) -> str:
    close = difflib.get_close_matches(identity[:60], [item.id for item in items], n=1, cutoff=0.5)
    return f", did you mean {close[0]}?" if close else ""
