"""The table of licences: what well-known licences ask of models that are made from a licensed one; no legal advice."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Licence", "Terms", "conditions", "conflicts", "find", "licences"]

Terms = Literal["permissive", "conditional", "share-alike", "non-commercial"]

_FILE = "table.toml"


@dataclasses.dataclass(frozen=True, slots=True)
class Licence:
    """One row of the table.

    Args:
        name: as people call it.
        ids: spellings in model cards and in the catalogue, in lower case with dashes.
        spdx: SPDX identifier; None where it has none.
        terms: `permissive` asks for notices at most; `conditional` binds a derived model to conditions;
            `share-alike` wants the same licence on it; `non-commercial` forbids commercial use.
        conditions: what it asks, as words of `conditions()`.
        asks: what it asks of a derived model, to follow "which".
        source: where the text is published.
    """

    name: str
    ids: tuple[str, ...]
    spdx: str | None
    terms: Terms
    conditions: tuple[str, ...]
    asks: str
    source: str


def licences() -> tuple[Licence, ...]:
    """Every row, in the order of the table."""
    return tuple(
        Licence(
            name=row["name"],
            ids=tuple(row["ids"]),
            spdx=row.get("spdx"),
            terms=row["terms"],
            conditions=tuple(row["conditions"]),
            asks=row["asks"],
            source=row["source"],
        )
        for row in _table()["licence"]
    )


def conditions() -> Mapping[str, str]:
    """The words that say what a licence asks, and what each means."""
    return MappingProxyType(dict(_table()["conditions"]))


def find(name: object) -> Licence | None:
    """The row of a licence by any of its spellings; None for one that the table does not have."""
    if not isinstance(name, str):
        return None
    return _by_id().get(re.sub(r"[^a-z0-9+]+", "-", name[:200].lower()).strip("-"))


def conflicts(base: Licence, derived: Licence) -> bool:
    """Whether a derived model's licence grants what the licence of its base forbids or conditions."""
    if base == derived or base.terms == "permissive":
        return False
    return derived.terms == "permissive" or (
        base.terms in ("share-alike", "non-commercial") and derived.terms != base.terms
    )


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath(_FILE).read_text(encoding="utf-8"))


@cache
def _by_id() -> Mapping[str, Licence]:
    return MappingProxyType({spelling: row for row in licences() for spelling in row.ids})
