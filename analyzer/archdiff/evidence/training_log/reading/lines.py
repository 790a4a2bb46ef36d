"""Text logs: lines that a pattern finds the step and the loss in."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING

from archdiff.errors import UsageError
from archdiff.evidence.training_log.reading.numbers import number
from archdiff.evidence.training_log.record import Record
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from archdiff.evidence.training_log.reading.files import LogFile

__all__ = ["compiled", "read"]

_LONGEST = 4096
"""Characters of a line that a pattern is tried on."""

_TRIED = 20_000
"""Lines from the start among which one must fit."""


def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern that a user gave.

    Raises:
        UsageError: it is no regular expression, or has no group `loss`.
    """
    try:
        found = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        cause = f"{printable(repr(pattern), 60)} is no regular expression ({printable(str(error), 80)})"
        raise UsageError("--pattern", cause, r"write one as 'it (?P<step>\d+) .* loss (?P<loss>\S+)'") from error
    if "loss" not in found.groupindex:
        cause = f"{printable(repr(pattern), 60)} has no group named loss"
        raise UsageError("--pattern", cause, r"write one as 'it (?P<step>\d+) .* loss (?P<loss>\S+)'")
    return found


def read(file: LogFile, pattern: str | None) -> Iterator[Record]:
    """A record for every line that fits.

    Args:
        file: the log.
        pattern: of the user; None for the first known one that fits a line.

    Raises:
        SourceError: no line among the first fits.
        UsageError: as `compiled`.
    """
    known = [compiled(pattern)] if pattern is not None else list(_known())
    chosen: re.Pattern[str] | None = None
    for count, (_, line) in enumerate(file.lines()):
        text = line[:_LONGEST].decode("utf-8", "replace")
        fitting, found = _first(known if chosen is None else [chosen], text)
        if found is not None and fitting is not None:
            chosen = fitting
            yield _record(found)
        elif chosen is None and count >= _TRIED:
            break
    if chosen is None:
        what = "the pattern fits no line" if pattern is not None else "no known pattern fits a line"
        remedy = r"say how step and loss stand in a line: --pattern 'it (?P<step>\d+) .* loss (?P<loss>\S+)'"
        raise file.fault(f"is read as text, and {what}", remedy)


def _known() -> Iterator[re.Pattern[str]]:
    table = tomllib.loads(files("archdiff.evidence.training_log").joinpath("patterns.toml").read_text("utf-8"))
    return (re.compile(entry["text"]) for entry in table["pattern"])


def _first(patterns: Iterable[re.Pattern[str]], text: str) -> tuple[re.Pattern[str] | None, re.Match[str] | None]:
    """The first pattern that finds a loss that is a number."""
    for pattern in patterns:
        found = pattern.search(text)
        if found is not None and number(found["loss"]) is not None:
            return pattern, found
    return None, None


def _record(found: re.Match[str]) -> Record:
    values = {name: value for name, text in found.groupdict().items() if (value := number(text)) is not None}
    step = values.pop("step", None)
    return Record(values, step=int(step) if step is not None and abs(step) < 2**63 else None)
