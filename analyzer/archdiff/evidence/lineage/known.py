"""What is known of one model without building it: what it declares, where, and under which licence."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from archdiff.text import is_hub_id, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from archdiff.catalogue import Entry

__all__ = ["LOADED_FROM", "Declared", "Known", "declared_by_config", "of_entry", "sizes"]

LOADED_FROM = "loaded-from"
"""Relation of `_name_or_path`: the program that saved the config had loaded that model, to copy it or to train it."""

_SAVED_AS = "_name_or_path"
_SIZES = (
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "head_dim",
    "intermediate_size",
    "moe_intermediate_size",
    "n_routed_experts",
    "num_experts",
    "num_local_experts",
)
"""Keys of configs whose values no training changes."""


@dataclass(frozen=True, slots=True)
class Declared:
    """A model that another names as what it was made from.

    Args:
        base: hub id, or whatever stands there.
        relation: how the one comes from the other.
        where: `model card`, `adapter config`, `GGUF metadata`, `catalogue`, `saved graph` or `config`.
    """

    base: str
    relation: str
    where: str


@dataclass(frozen=True, slots=True)
class Known:
    """One model of a chain.

    Args:
        name: what output calls it.
        hub_id: where known.
        found: where it was found: `catalogue`, `directory`, `file`, `hub`, `hub cache`, `saved graph`, ….
        declared: what it says it was made from, the most telling first.
        licences: as declared, by where.
        sizes: what its config states of sizes that training keeps.
        released: ISO date, where known.
        saved_from: a path of another machine that its config was saved from; empty where it names none.
    """

    name: str
    found: str
    hub_id: str | None = None
    declared: tuple[Declared, ...] = ()
    licences: tuple[tuple[str, str], ...] = ()
    sizes: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    released: str | None = None
    saved_from: str = ""

    @property
    def title(self) -> str:
        """Its hub id, or its name."""
        return self.hub_id or self.name


def of_entry(entry: Entry) -> Known:
    """What the catalogue says of a model."""
    return Known(
        name=entry.name,
        found="catalogue",
        hub_id=entry.hub_id,
        declared=tuple(Declared(item.base, item.relation, "catalogue") for item in entry.lineage),
        licences=(("catalogue", entry.licence),),
        sizes=sizes(entry.config),
        released=entry.released,
    )


def sizes(config: Mapping[str, object]) -> Mapping[str, int]:
    """The sizes that a config states of its text model, by key."""
    inner = config.get("text_config")
    stated = {**config, **inner} if isinstance(inner, dict) else config
    return MappingProxyType({key: value for key in _SIZES if type(value := stated.get(key)) is int})


def declared_by_config(config: Mapping[str, object], own: str | None) -> Iterator[Declared | str]:
    """The model that a config was saved from, or the path that stands in its place.

    Args:
        config: as published.
        own: hub id of the model itself, which many configs name.
    """
    saved = config.get(_SAVED_AS)
    if not isinstance(saved, str) or not saved.strip():
        return
    if not is_hub_id(saved):
        yield printable(saved, 120)
    elif own is None or saved.lower() != own.lower():
        yield Declared(saved, LOADED_FROM, "config")
