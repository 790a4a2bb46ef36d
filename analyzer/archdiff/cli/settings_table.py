"""Typed and bounded reading of a TOML table: every fault is one line that names the file, the key and what to do."""

from __future__ import annotations

import datetime
import difflib
import tomllib
from typing import TYPE_CHECKING, Any

from archdiff.errors import ArchdiffError, UsageError
from archdiff.sources.json_text import read_text
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["Table", "read_toml"]

_LARGEST = 2**20
_LONGEST = 1000
_MOST = 1000


def read_toml(path: Path, shown: str) -> dict[str, Any]:
    """Return the content of a TOML file of at most 1 MiB.

    Args:
        path: of the file.
        shown: what errors call it.

    Raises:
        UsageError: it cannot be read, or is no TOML.
    """
    try:
        return tomllib.loads(read_text(path, shown, _LARGEST))
    except ArchdiffError as error:
        raise UsageError(shown, error.cause, "correct the file, or run with --isolated") from error
    except (ValueError, RecursionError) as error:
        cause = f"not TOML ({printable(str(error), 120)})"
        raise UsageError(shown, cause, "correct the file, or run with --isolated") from error


class Table:
    """A table of settings whose keys are known.

    Args:
        values: as the file states them.
        subject: what errors call the table, as `archdiff.toml: [weights]`.
        known: the keys that it may have.

    Raises:
        UsageError: it is no table, or has another key.
    """

    def __init__(self, values: object, subject: str, known: Sequence[str]) -> None:
        self._subject = subject
        if not isinstance(values, dict):
            raise self._fault("", "is not a table", "write it as a table of keys")
        self._values: Mapping[str, object] = values
        for key in values:
            if key not in known:
                close = difflib.get_close_matches(key[:100], known, n=1)
                remedy = f"did you mean {close[0]}?" if close else f"use {', '.join(known)}"
                raise self._fault("", f"unknown key {printable(repr(key), 60)}", remedy)

    def text(self, key: str) -> str | None:
        """A text of at most 1,000 characters that is not blank; None where the key is not stated."""
        value = self._values.get(key)
        if value is None:
            return None
        if not isinstance(value, str):
            raise self._fault(key, f"is {_kind(value)}, not a text", "write it in quotation marks")
        if not value.strip() or len(value) > _LONGEST:
            raise self._fault(key, "is blank" if not value.strip() else "is too long", "write a few words")
        return value

    def choice(self, key: str, options: Sequence[str]) -> str | None:
        """One of some texts; None where the key is not stated."""
        value = self.text(key)
        if value is not None and value not in options:
            raise self._fault(key, f"is {printable(repr(value), 60)}", f"choose from {', '.join(options)}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of at most 1,000 texts; empty where the key is not stated."""
        value = self._values.get(key, [])
        if not isinstance(value, list):
            raise self._fault(key, f"is {_kind(value)}, not a list", 'write a list of texts: ["…", "…"]')
        if len(value) > _MOST:
            raise self._fault(key, f"holds more than {_MOST:,} items", "write patterns")
        for item in value:
            if not isinstance(item, str) or not item.strip() or len(item) > _LONGEST:
                raise self._fault(key, f"holds {_kind(item)} where a short text belongs", "write a list of texts")
        return tuple(value)

    def date(self, key: str) -> datetime.date | None:
        """A day; None where the key is not stated."""
        value = self._values.get(key)
        if value is None:
            return None
        if not isinstance(value, datetime.date) or isinstance(value, datetime.datetime):
            raise self._fault(key, f"is {_kind(value)}, not a date", "write a date without quotation marks: 2026-12-31")
        return value

    def table(self, key: str, known: Sequence[str]) -> Table:
        """A table inside this one; an empty one where the key is not stated."""
        return Table(self._values.get(key, {}), f"{self._subject}: [{key}]", known)

    def tables(self, key: str, known: Sequence[str]) -> tuple[Table, ...]:
        """A list of at most 1,000 tables; each is called by its number, counted from 1."""
        value = self._values.get(key, [])
        if not isinstance(value, list):
            raise self._fault(key, f"is {_kind(value)}, not a list of tables", f"write [[{key}]] above each")
        if len(value) > _MOST:
            raise self._fault(key, f"holds more than {_MOST:,} tables", "write patterns")
        return tuple(Table(item, f"{self._subject}: {key} {at}", known) for at, item in enumerate(value, start=1))

    def require(self, key: str) -> str:
        """A text that must be stated.

        Raises:
            UsageError: it is not.
        """
        value = self.text(key)
        if value is None:
            raise self._fault("", f"has no {key}", f'write {key} = "…"')
        return value

    def named(self, text: str) -> str:
        """What errors call the table, with a word on what it is about."""
        return f"{self._subject} ({printable(text, 60)})"

    def _fault(self, key: str, cause: str, remedy: str) -> UsageError:
        return UsageError(f"{self._subject}: {key}" if key else self._subject, cause, remedy)


def _kind(value: object) -> str:
    names = {bool: "true or false", int: "a number", float: "a number", str: "a text", list: "a list", dict: "a table"}
    return names.get(type(value), "a date or time")
