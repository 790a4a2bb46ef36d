"""What a model card declares in its front matter: licence and base models.

Reads four keys, in the shapes that the hub documents (`key: value`, `key: [a, b]` and lines of `- value`),
rather than all of YAML: a card is untrusted text, and no other key of it is used.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from archdiff.catalogue import Lineage, Relation, is_relation
from archdiff.errors import SourceError
from archdiff.sources.json_text import read_text
from archdiff.text import is_hub_id, printable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["NAME", "NOTHING", "Card", "read", "read_beside"]

NAME = "README.md"
"""The file that the hub shows as a model's card."""

_LONGEST = 64 * 1024
_MOST_BASES = 64
_FRONT = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)^---[ \t]*$", re.DOTALL | re.MULTILINE)
_KEY = re.compile(r"(base_model|base_model_relation|license|license_name):(?:[ \t]+(.*))?")
_ITEM = re.compile(r"[ \t]*-[ \t]+(.*)")


@dataclass(frozen=True, slots=True)
class Card:
    """The licence, the declared parents, and the notes that a report must repeat about them."""

    licence: str | None = None
    lineage: tuple[Lineage, ...] = ()
    notes: tuple[str, ...] = ()


NOTHING = Card()


def read_beside(config_file: Path, config: Mapping[str, object]) -> Card:
    """Return what the card next to `config_file` declares; an absent or unreadable one declares nothing."""
    try:
        text = read_text(config_file.with_name(NAME), NAME)
    except SourceError:
        return NOTHING
    return read(text, quantized=config.get("quantization_config") is not None)


def read(text: str, *, quantized: bool) -> Card:
    """Return what the card `text` declares; a malformed card declares nothing.

    `quantized` tells whether the model's config declares quantized weights. A card that names a base without
    the relation to it is read as the hub reads it: several bases as a merge, a quantized model as quantized,
    and everything else as a fine-tune; a note says so.
    """
    match = _FRONT.match(text[:_LONGEST])
    values = _values(match.group(1)) if match else {}
    bases = [base for base in values.get("base_model", []) if is_hub_id(base)][:_MOST_BASES]
    licence = _licence(values)
    if not bases:
        return Card(licence)
    declared = next(iter(values.get("base_model_relation", [])), None)
    relation = cast("Relation", declared) if is_relation(declared) else _guess(bases, quantized=quantized)
    lineage = tuple(Lineage(base, relation) for base in bases)
    if is_relation(declared):
        return Card(licence, lineage)
    note = f"model card names {', '.join(bases[:3])} as base without the relation; read as {relation}"
    return Card(licence, lineage, (note,))


def _licence(values: dict[str, list[str]]) -> str | None:
    """Return the licence's identifier, or its name where the identifier is just `other`."""
    identifier = next(iter(values.get("license", [])), None)
    if identifier == "other":
        identifier = next(iter(values.get("license_name", [])), identifier)
    return printable(identifier, 80) if identifier else None


def _guess(bases: list[str], *, quantized: bool) -> Relation:
    if len(bases) > 1:
        return "merge"
    return "quantized" if quantized else "finetune"


def _values(front: str) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in front.splitlines():
        if match := _KEY.fullmatch(line.rstrip()):
            current = values.setdefault(match.group(1), _scalars(match.group(2) or ""))
        elif current is not None and (match := _ITEM.fullmatch(line.rstrip())):
            current.extend(_scalars(match.group(1)))
        else:
            current = None
    return values


def _scalars(text: str) -> list[str]:
    text = re.split(r"(?:^|\s)#", text, maxsplit=1)[0].strip()
    parts = text[1:-1].split(",") if text.startswith("[") and text.endswith("]") else [text]
    return [value for part in parts if (value := part.strip().strip("'\""))]
