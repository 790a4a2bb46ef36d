"""The public architectures of the catalogue that are nearest to a model: is it one of them under another name?"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING

from archdiff.report.checklist import Nearest
from archdiff.review.distance import SIZES, Facts, between, differences, facts_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archdiff.report.schema import ModelEntry

__all__ = ["MOST", "TABLE", "Known", "by_hub_id", "known", "nearest", "same_design"]

MOST = 5
"""Architectures that a checklist lists, beside those that are the same."""

TABLE = "architectures.json"
"""Facts of every architecture of the catalogue; `python -m archdiff.review.survey` writes it."""

_NAMED = 6


@dataclass(frozen=True, slots=True)
class Known:
    """An architecture of the catalogue.

    Args:
        name: in the catalogue.
        title: what people call it.
        hub_id: where it is published.
        digest: of the config that its facts were read from.
        facts: of it.
    """

    name: str
    title: str
    hub_id: str
    digest: str
    facts: Facts


@cache
def known() -> Mapping[str, Known]:
    """Every architecture of the catalogue by its name."""
    rows = json.loads(files(__name__.rpartition(".")[0]).joinpath(TABLE).read_text(encoding="utf-8"))
    return MappingProxyType({
        name: Known(name, row["title"], row["hub_id"], row["digest"], {k: tuple(v) for k, v in row["facts"].items()})
        for name, row in rows.items()
    })  # fmt: skip


def by_hub_id(hub_id: str) -> Known | None:
    """The architecture of the catalogue that is published under a hub id, whatever its case."""
    return next((each for each in known().values() if each.hub_id.lower() == hub_id.lower()), None)


def same_design(old: ModelEntry, new: ModelEntry) -> bool:
    """Whether two models are made alike and differ in sizes at the most."""
    return set(differences(facts_of(old.facts, old.varying), facts_of(new.facts, new.varying))) <= SIZES


def nearest(model: ModelEntry) -> tuple[Nearest, ...]:
    """The nearest public architectures, without the model's own entry: all that are the same, and `MOST` at least.

    Where nothing is known of the model, as of weights without a config, there are none.
    """
    own = facts_of(model.facts, model.varying)
    if not model.class_name:
        return ()
    found = sorted((between(each.facts, own), each.name) for each in known().values() if not _is_itself(each, model))
    listed = [pair for position, pair in enumerate(found) if position < MOST or not pair[0]]
    return tuple(_entry(known()[name], distance, own) for distance, name in listed)


def _is_itself(each: Known, model: ModelEntry) -> bool:
    own = (model.hub_id or "").lower() == each.hub_id.lower()
    return own or (model.kind == "catalogue" and model.name == each.name)


def _entry(each: Known, distance: float, own: Facts) -> Nearest:
    return Nearest(name=each.name, distance=distance, same_architecture=not distance, sentence=_sentence(each, own))


def _sentence(each: Known, own: Facts) -> str:
    differing = differences(each.facts, own)
    if not differing:
        return f"The architecture is that of {each.title}, sizes included."
    if set(differing) <= SIZES:
        sizes = ", ".join(f"{name} {_told(each.facts, name)} → {_told(own, name)}" for name in differing[:_NAMED])
        return f"Made as {each.title}, at other sizes: {sizes}."
    made = [name for name in differing if name not in SIZES]
    told = ", ".join(f"{name} {_told(each.facts, name)} → {_told(own, name)}" for name in made[:_NAMED])
    more = f", and {len(made) - _NAMED} more" if len(made) > _NAMED else ""
    every = len(each.facts.keys() | own.keys())
    return f"{len(differing)} of {every} facts differ from {each.title}: {told}{more}."


def _told(facts: Facts, name: str) -> str:
    values = [", ".join(map(str, value)) if isinstance(value, list) else str(value) for value in facts.get(name, ())]
    return "/".join(values)[:60].replace("True", "yes") or "none"
