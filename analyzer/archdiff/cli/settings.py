"""Settings of a project: the nearest `archdiff.toml`, or `[tool.archdiff]` of a `pyproject.toml`."""

from __future__ import annotations

import dataclasses
import datetime
import os
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from archdiff.cli.options import CONFIDENCES, LEVELS
from archdiff.cli.settings_table import Table, read_toml
from archdiff.errors import UsageError
from archdiff.reference import work_tree
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["NOTHING", "Settings", "Stated", "load", "today"]

_OWN, _PROJECT = "archdiff.toml", "pyproject.toml"
_KEYS = ("select", "ignore", "fail-on", "min-confidence", "baseline", "weights", "suppress")
_WEIGHTS = ("budget", "device", "parts")
_SUPPRESS = ("rule", "where", "old", "new", "reason", "expires")


@dataclasses.dataclass(frozen=True, slots=True)
class Stated:
    """A suppression as a file states it; `rule` names rules as `--select` does.

    The other fields are those of `archdiff.report.shown.Suppression`.
    """

    rule: str
    reason: str
    where: str
    old: str
    new: str
    expires: str | None
    subject: str


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """What a file of settings states.

    Args:
        file: its path from the root of the repository, or as the user named it; None without a file.
        select: patterns of rules to show.
        ignore: patterns of rules to leave out.
        options: defaults of options by the name of their parameter, as `fail_on`.
        suppressions: in the order of the file.
    """

    file: str | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    options: Mapping[str, str] = dataclasses.field(default_factory=lambda: MappingProxyType({}))
    suppressions: tuple[Stated, ...] = ()


NOTHING = Settings()
"""No file, or `--isolated`."""


def load(named: str | None, *, isolated: bool) -> Settings:
    """Read the settings that apply.

    Args:
        named: the file that the user named; None to look for one.
        isolated: read none.

    Raises:
        UsageError: the file is not there or no TOML; a key is unknown or has a value of another kind; a suppression
            has no reason, or has expired.
    """
    if isolated:
        if named is not None:
            raise UsageError("--config", "contradicts --isolated", "give one of the two")
        return NOTHING
    if named is not None:
        path, shown = Path(named), printable(named)
        values = read_toml(path, shown)
        return _settings(_inside(values, shown) if path.name == _PROJECT else values, path, shown)
    try:
        return next(_found(), NOTHING)
    except OSError as error:
        cause = f"cannot be looked for ({printable(error.strerror or str(error), 80)})"
        raise UsageError("settings", cause, "name a file with --config, or run with --isolated") from error


def today() -> datetime.date:
    """The day against which suppressions expire: that of `SOURCE_DATE_EPOCH`, where it is set, in UTC.

    Raises:
        UsageError: the variable holds no time.
    """
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if not epoch:
        return datetime.datetime.now(datetime.UTC).date()
    try:
        return datetime.datetime.fromtimestamp(int(epoch), datetime.UTC).date()
    except (ValueError, OverflowError, OSError) as error:
        cause = f"is {printable(repr(epoch), 40)}, no number of seconds"
        raise UsageError("SOURCE_DATE_EPOCH", cause, "unset it, or set seconds since 1970") from error


def _found() -> Iterator[Settings]:
    """The settings of the nearest file, from the working directory up to the root of the repository."""
    here, root = Path.cwd(), work_tree()
    top = root if root is not None else here
    for folder in (here, *(parent for parent in here.parents if parent.is_relative_to(top))):
        for name in (_OWN, _PROJECT):
            if not (path := folder / name).is_file():
                continue
            shown = printable(path.relative_to(top).as_posix())
            values = read_toml(path, shown)
            if name == _OWN:
                yield _settings(values, path, shown)
            elif "archdiff" in values.get("tool", {}):
                yield _settings(_inside(values, shown), path, shown)


def _inside(values: dict[str, Any], shown: str) -> object:
    """The table of archdiff in a project's file."""
    tool = values.get("tool")
    if not isinstance(tool, dict) or "archdiff" not in tool:
        raise UsageError(shown, "holds no [tool.archdiff]", "add it, or name an archdiff.toml")
    return tool["archdiff"]


def _settings(values: object, path: Path, shown: str) -> Settings:
    table = Table(values, shown, _KEYS)
    weights = table.table("weights", _WEIGHTS)
    stated = {
        "fail_on": table.choice("fail-on", (*LEVELS, "never")),
        "min_confidence": table.choice("min-confidence", CONFIDENCES),
        "baseline": _beside(path, table.text("baseline")),
        **{key: weights.text(key) for key in _WEIGHTS},
    }
    return Settings(
        file=shown,
        select=table.texts("select"),
        ignore=table.texts("ignore"),
        options=MappingProxyType({key: value for key, value in stated.items() if value is not None}),
        suppressions=tuple(map(_suppression, table.tables("suppress", _SUPPRESS))),
    )


def _suppression(table: Table) -> Stated:
    rule, expires = table.require("rule"), table.date("expires")
    subject = table.named(rule)
    if expires is not None and expires < today():
        raise UsageError(subject, f"expired on {expires.isoformat()}", "settle the matter, or give it a later day")
    return Stated(
        rule=rule,
        reason=table.require("reason"),
        where=table.text("where") or "*",
        old=table.text("old") or "*",
        new=table.text("new") or "*",
        expires=expires.isoformat() if expires is not None else None,
        subject=subject,
    )


def _beside(file: Path, text: str | None) -> str | None:
    """A path that a file names from its own folder, told from the working directory, as no machine's report differs."""
    if text is None:
        return None
    path = Path(text)
    return str(path) if path.is_absolute() else os.path.relpath(file.parent / path)
