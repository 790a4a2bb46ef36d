"""What one catalogue file says, and the strict reading of it."""

from __future__ import annotations

import datetime
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from archdiff.catalogue.patterns import expand
from archdiff.errors import SourceError
from archdiff.text import is_hub_id, printable

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Entry", "Lineage", "Parameters", "Relation", "is_relation", "parse_entry"]

Relation: TypeAlias = Literal[
    "finetune",
    "quantized",
    "adapter",
    "merge",
    "depth-upscaled",
    "upcycled",
    "distilled",
    "continued",
    "same-architecture",
]


@dataclass(frozen=True, slots=True)
class Lineage:
    """A model that the publisher names as a parent, and how the published one comes from it."""

    base: str
    relation: Relation


@dataclass(frozen=True, slots=True)
class Parameters:
    """Parameter counts of a published model.

    `instantiated` counts what the transformers class builds from the config; `published` is the figure as
    announced (it may count parts that the class does not build); `source` is where the figures come from.
    """

    instantiated: int
    published: str | None
    source: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """A published model: its hyperparameters as facts, with their public source.

    `name` is what a user types (the file's stem), `display_name` what people call the model. `config` holds
    what differs from the class defaults, and is shared: copy it before a change. `released` is an ISO date.
    """

    name: str
    display_name: str
    hub_id: str
    licence: str
    released: str
    source: str
    config: Mapping[str, object]
    parameters: Parameters | None = None
    lineage: tuple[Lineage, ...] = ()
    notes: tuple[str, ...] = ()


_REQUIRED = {"name", "hub_id", "licence", "released", "source", "config"}
_OPTIONAL = {"parameters", "lineage", "null", "notes", "patterns"}


def is_relation(text: object) -> bool:
    """Tell whether `text` is one of the relations of `Relation`."""
    return text in get_args(Relation)


def parse_entry(name: str, text: str) -> Entry:
    """Read the catalogue file of stem `name`.

    Raises:
        SourceError: not TOML, an unknown or missing key, a value of the wrong type, a key stated twice.
    """
    try:
        return _entry(name, _Table(name, tomllib.loads(text), _REQUIRED, _OPTIONAL))
    except tomllib.TOMLDecodeError as error:
        raise _fault(name, f"not TOML: {error}") from error
    except _MalformedError as error:
        raise _fault(name, str(error)) from error


class _MalformedError(ValueError):
    """A catalogue file breaks the format; the message says where."""


class _Table:
    """A TOML table that answers only with values of the type asked for; `optional` None allows every key."""

    def __init__(self, where: str, table: object, required: set[str], optional: set[str] | None) -> None:
        if not isinstance(table, dict):
            raise _MalformedError(f"{where} must be a table")
        if missing := sorted(required - table.keys()):
            raise _MalformedError(f"{where} lacks {missing[0]!r}")
        if optional is not None and (unknown := sorted(table.keys() - required - optional)):
            raise _MalformedError(f"{where} has the unknown key {unknown[0]!r}")
        self.where, self.table = where, table

    def text(self, key: str) -> str:
        value = self.table[key]
        if not isinstance(value, str) or not value.strip() or not value.isprintable():
            raise _MalformedError(f"{key!r} of {self.where} must be one line of text")
        return value

    def optional_text(self, key: str) -> str | None:
        return self.text(key) if key in self.table else None

    def hub_id(self, key: str) -> str:
        if not is_hub_id(value := self.text(key)):
            raise _MalformedError(f"{key!r} of {self.where} must be a hub id, owner/name")
        return value

    def date(self, key: str) -> str:
        value = self.table[key]
        if type(value) is not datetime.date:
            raise _MalformedError(f"{key!r} of {self.where} must be a date, such as 2025-12-31")
        return value.isoformat()

    def url(self, key: str) -> str:
        if not (value := self.text(key)).startswith("https://"):
            raise _MalformedError(f"{key!r} of {self.where} must be an https address")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
            raise _MalformedError(f"{key!r} of {self.where} must be a list of texts")
        return tuple(value)


def _entry(name: str, table: _Table) -> Entry:
    return Entry(
        name=name,
        display_name=table.text("name"),
        hub_id=table.hub_id("hub_id"),
        licence=table.text("licence"),
        released=table.date("released"),
        source=table.url("source"),
        config=_config(table),
        parameters=_parameters(table.table["parameters"]) if "parameters" in table.table else None,
        lineage=_lineage(table.table.get("lineage", [])),
        notes=table.texts("notes"),
    )


def _parameters(value: object) -> Parameters:
    table = _Table("parameters", value, {"instantiated"}, {"published", "source"})
    count = table.table["instantiated"]
    if type(count) is not int or count < 1:
        raise _MalformedError("'instantiated' of parameters must be a positive integer")
    return Parameters(count, table.optional_text("published"), table.optional_text("source"))


def _lineage(value: object) -> tuple[Lineage, ...]:
    if not isinstance(value, list):
        raise _MalformedError("lineage must be written as [[lineage]]")
    return tuple(_parent(_Table("lineage", item, {"base", "relation"}, set())) for item in value)


def _parent(table: _Table) -> Lineage:
    relation = table.table["relation"]
    if not is_relation(relation):
        raise _MalformedError(f"'relation' of lineage must be one of {', '.join(get_args(Relation))}")
    return Lineage(table.hub_id("base"), relation)


def _config(table: _Table) -> Mapping[str, object]:
    checked = _Table("config", table.table["config"], {"model_type", "architectures"}, None)
    checked.text("model_type")
    if not checked.texts("architectures"):
        raise _MalformedError("'architectures' of config must name a class")
    config = checked.table
    for path in table.texts("null"):
        _set(config, path.split("."), None)
    _expand(config, table.table.get("patterns", {}), ())
    _check_plain(config)
    return config


def _check_plain(value: object) -> None:
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            _check_plain(inner)
    elif isinstance(value, datetime.date | datetime.time):
        raise _MalformedError("config holds a date, which no config.json can")


def _set(config: dict[str, object], path: list[str], value: object) -> None:
    for part in path[:-1]:
        inner = config.get(part)
        if not isinstance(inner, dict):
            raise _MalformedError(f"config has no table {part!r} to set {'.'.join(path)!r} in")
        config = inner
    if path[-1] in config:
        raise _MalformedError(f"config states {'.'.join(path)!r} twice")
    config[path[-1]] = value


def _expand(config: dict[str, object], patterns: object, path: tuple[str, ...]) -> None:
    if not isinstance(patterns, dict):
        raise _MalformedError("patterns must be a table")
    for key, pattern in patterns.items():
        if isinstance(pattern, dict):
            inner = config.get(key)
            if not isinstance(inner, dict):
                raise _MalformedError(f"config has no table {key!r} for its patterns")
            _expand(inner, pattern, (*path, key))
            continue
        try:
            _set(config, [key], expand(pattern, config.get("num_hidden_layers")))
        except ValueError as error:
            raise _MalformedError(f"pattern {'.'.join((*path, key))!r}: {error}") from error


def _fault(name: str, cause: str) -> SourceError:
    return SourceError(f"catalogue entry {printable(name)}", printable(cause), "correct the entry's TOML file")
