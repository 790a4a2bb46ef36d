"""The claims file: what a publisher states of a model, read strictly. It is untrusted text."""

from __future__ import annotations

import datetime
import difflib
import tomllib
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from archdiff.errors import SourceError
from archdiff.review import amounts
from archdiff.review.table import specs
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from archdiff.review.table import Spec

__all__ = ["COMPONENTS", "LARGEST", "NOTHING", "NOT_APPLICABLE", "RELATIONS", "SCRATCH", "Claims", "Origin", "parse"]

LARGEST = 256 * 1024
"""The most bytes of a claims file, or of a sign-off file."""

NOT_APPLICABLE = "not applicable"
"""Claims that a question does not concern the model."""

SCRATCH = frozenset({"scratch", "from scratch", "trained from scratch", "own", "none"})
"""Ways to say that something was taken from no other model."""

COMPONENTS = ("language-model", "embeddings", "heads", "prediction", "vision-tower", "audio-tower", "projector")
"""Parts whose weights are judged apart (`archdiff.weights.units`)."""

RELATIONS = (
    "finetune", "continued", "quantized", "adapter", "merge", "distilled", "depth-upscaled", "upcycled", "frozen",
    "copied", "pruned", "same-architecture", "identical", "extended", "re-ordered", "derived",
)  # fmt: skip
"""How something may come from another model."""

_LONGEST = 4000
_MOST = 64
_REMEDY = "correct the claims file; `archdiff review NEW --init` writes one to begin with"
_TOP = ("model", "parents", "origin")

Scalar: TypeAlias = bool | int | str


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a part comes from.

    Args:
        base: reference of the model that it was taken from; empty where it was made from scratch.
        relation: one of `RELATIONS`; empty where it was made from scratch.
    """

    base: str = ""
    relation: str = ""

    @property
    def text(self) -> str:
        """`trained from scratch`, or `finetune of owner/model`."""
        return f"{self.relation} of {self.base}" if self.base else "trained from scratch"


Claimed: TypeAlias = "Scalar | tuple[Scalar, ...] | Origin"


@dataclass(frozen=True, slots=True)
class Claims:
    """What a publisher states.

    Args:
        name: of the file, as output shows it; empty without one.
        model: what the publisher calls the model; empty where it is not stated.
        parents: references of models that NEW is said to come from.
        origins: where the weights of each part come from.
        values: the other claims by the id of their item.
    """

    name: str = ""
    model: str = ""
    parents: tuple[str, ...] = ()
    origins: Mapping[str, Origin] = field(default_factory=lambda: MappingProxyType({}))
    values: Mapping[str, Claimed] = field(default_factory=lambda: MappingProxyType({}))


NOTHING = Claims()


class _MalformedError(ValueError):
    """A claims file breaks the format; the message says where."""


def parse(text: str, name: str) -> Claims:
    """Read a claims file.

    Args:
        text: of the file.
        name: of the file, which errors and the checklist show.

    Raises:
        SourceError: not TOML, an unknown key, a value of the wrong type or out of bounds.
    """
    try:
        return _claims(tomllib.loads(text), printable(name))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        cause = f"not TOML ({printable(str(error), 80)})"
        raise SourceError(printable(name), cause, _REMEDY) from error
    except _MalformedError as error:
        raise SourceError(printable(name), printable(str(error)), _REMEDY) from error


def _claims(table: dict[str, object], name: str) -> Claims:
    known = specs()
    sections = dict.fromkeys([*_TOP, *(spec.section for spec in known.values())])
    _check_keys(table, sections, "")
    parents = _texts(table.get("parents", []), "parents")
    values: dict[str, Claimed] = {}
    for section in sections.keys() - set(_TOP) & table.keys():
        rows = _table(table[section], section)
        _check_keys(rows, [spec.key for spec in known.values() if spec.section == section], section)
        for key, value in rows.items():
            values[f"{section}.{key}"] = _value(known[f"{section}.{key}"], value)
    ordered = {key: values[key] for key in known if key in values}
    model = _text(table["model"], "model") if "model" in table else ""
    return Claims(name, model, parents, _origins(table.get("origin", {})), MappingProxyType(ordered))


def _origins(value: object) -> Mapping[str, Origin]:
    rows = _table(value, "origin")
    _check_keys(rows, COMPONENTS, "origin")
    return MappingProxyType({part: _origin(rows[part], f"origin.{part}") for part in COMPONENTS if part in rows})


def _origin(value: object, where: str) -> Origin:
    if isinstance(value, str):
        said = _text(value, where)
        return Origin() if said.strip().lower() in SCRATCH else Origin(said, "derived")
    rows = _table(value, where)
    _check_keys(rows, ("from", "how"), where)
    if "from" not in rows:
        raise _MalformedError(f'{where} does not say `from` what; write "from scratch", or {{ from = …, how = … }}')
    base, how = _text(rows["from"], f"{where}.from"), _text(rows.get("how", "derived"), f"{where}.how")
    if how not in RELATIONS:
        raise _MalformedError(f"{where}.how is {how!r}, no relation{_near(how, RELATIONS)}")
    return Origin() if base.strip().lower() in SCRATCH else Origin(base, how)


def _value(spec: Spec, value: object) -> Claimed:
    if isinstance(value, str) and value.strip().lower() in (NOT_APPLICABLE, "n/a"):
        return NOT_APPLICABLE
    match spec.kind:
        case "origin":
            return _origin(value, spec.id)
        case "flag":
            if not isinstance(value, bool):
                raise _MalformedError(f"{spec.id} must be true or false")
            return value
        case "amount" | "count":
            several = isinstance(value, list) and spec.kind == "count" and 0 < len(value) <= _MOST
            numbers = tuple(_number(each, spec.id) for each in value) if isinstance(value, list) and several else ()
            return numbers or _number(value, spec.id)
        case "choice" if isinstance(value, list):
            return _texts(value, spec.id)
        case "statement" if isinstance(value, datetime.date | bool | int | float):
            return str(value)
        case _:
            return _text(value, spec.id)


def _number(value: object, where: str) -> int | str:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= amounts.LARGEST:
        return value
    if isinstance(value, str) and amounts.parse(value) is not None:
        return value.strip()
    raise _MalformedError(f'{where} must be a whole number, or a text such as "102.65 B"')


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise _MalformedError(f"{where} must be text")
    if not value.strip():
        raise _MalformedError(f"{where} says nothing; answer it, or remove the line")
    if len(value) > _LONGEST:
        raise _MalformedError(f"{where} is longer than {_LONGEST:,} characters")
    return value


def _texts(value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > _MOST:
        raise _MalformedError(f"{where} must be a list of at most {_MOST} texts")
    return tuple(_text(item, where) for item in value)


def _table(value: object, where: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise _MalformedError(f"{where} must be a table")
    return value


def _check_keys(table: dict[str, object], known: Iterable[str], where: str) -> None:
    names = list(known)
    for key in table:
        if key not in names:
            place = f"[{where}] has" if where else "it has"
            raise _MalformedError(f"{place} the unknown key {printable(key, 40)!r}{_near(key, names)}")


def _near(word: str, known: Iterable[str]) -> str:
    names = list(known)
    close = difflib.get_close_matches(word[:60].lower(), names, n=1, cutoff=0.5)
    return f", did you mean {close[0]}?" if close else f"; known are {', '.join(names)}"
