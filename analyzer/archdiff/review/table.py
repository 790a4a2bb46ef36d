"""What a claims file may state, item by item: the tables `items.toml` and `vocabulary.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Kind", "Spec", "specs", "term"]

Kind = Literal["amount", "count", "choice", "flag", "origin", "licence", "log", "statement"]


@dataclass(frozen=True, slots=True)
class Spec:
    """What can be claimed under one key of a claims file; the fields are explained at the top of `items.toml`."""

    id: str
    heading: str
    kind: Kind
    says: str
    question: str
    finds: str = ""
    absent: int | None = None
    config: tuple[str, ...] = ()
    asked: bool = False

    def title(self, told: str) -> str:
        """The claim in words: `48 layers`, `1 shared expert in a layer`."""
        return self.says.format(told, s="" if told == "1" else "s")

    @property
    def section(self) -> str:
        """Table of the claims file that it stands in."""
        return self.id.partition(".")[0]

    @property
    def key(self) -> str:
        """Key in that table."""
        return self.id.partition(".")[2]


@cache
def specs() -> Mapping[str, Spec]:
    """Every item by id, in the order of the checklist."""
    rows = tomllib.loads(_text("items.toml"))
    return MappingProxyType({name: _spec(name, row) for name, row in rows.items()})


def _spec(name: str, row: dict[str, Any]) -> Spec:
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    return Spec(id=name, **values)


def term(key: str, word: str) -> str:
    """A word as the facts have it: `GQA` under `attention` is `grouped-query`."""
    plain = "-".join(word.lower().replace("_", " ").split())
    return _vocabulary().get(key, {}).get(plain, plain)


@cache
def _vocabulary() -> Mapping[str, Mapping[str, str]]:
    return MappingProxyType(tomllib.loads(_text("vocabulary.toml")))


def _text(name: str) -> str:
    return files(__name__.rpartition(".")[0]).joinpath(name).read_text(encoding="utf-8")
