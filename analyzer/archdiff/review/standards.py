"""Which fields of public disclosure standards an item answers: the table `standards.toml`."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING

from archdiff.report.checklist import ItemField

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["fields_of", "rows"]


@cache
def rows() -> Mapping[str, tuple[ItemField, ...]]:
    """The fields by id of the item; an id that ends in `.*` stands for all items that begin so."""
    table = tomllib.loads(files(__name__.rpartition(".")[0]).joinpath("standards.toml").read_text(encoding="utf-8"))
    sources: dict[str, dict[str, str]] = table["standards"]
    return MappingProxyType({
        item: tuple(
            ItemField(standard=sources[short]["name"], field=field, source=sources[short]["source"])
            for short, fields in row.items()
            for field in fields
        )
        for item, row in table["items"].items()
    })  # fmt: skip


def fields_of(item: str) -> tuple[ItemField, ...]:
    """The fields that an item answers, those of its own first."""
    return rows().get(item) or rows().get(f"{item.partition('.')[0]}.*", ())
