"""CSV and other tables of text, as W&B exports them."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from archdiff.evidence.training_log.reading.numbers import number
from archdiff.evidence.training_log.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.evidence.training_log.reading.files import LogFile

__all__ = ["delimiter", "read"]

_DELIMITERS = ",\t;"
_MOST_COLUMNS = 10_000


def delimiter(first: str, second: str) -> str:
    """What separates the columns, told from the first two lines; empty where they are no table with a heading."""
    for sign in _DELIMITERS:
        heading, row = _cells(first, sign), _cells(second, sign)
        named = all(cell.strip() and number(cell) is None for cell in heading)
        if len(heading) > 1 and len(heading) == len(row) and named and any(number(cell) is not None for cell in row):
            return sign
    return ""


def read(file: LogFile) -> Iterator[Record]:
    """Every row as a record; cells that hold no number are left out.

    Raises:
        SourceError: too many columns, or rows that do not fit the heading.
    """
    sign, names = "", []
    previous, odd = "", 0
    for number_, line in file.lines():
        text = line.decode("utf-8", "replace")
        if not sign:
            sign, previous = (delimiter(previous, text) if previous else ""), previous or text
            if not sign:
                continue
            names = _names(file, previous, sign)
        if odd:
            raise file.fault(f"line {odd:,} has more or fewer cells than the heading")
        cells = _cells(text, sign)
        if len(cells) != len(names):
            odd = number_
            continue
        found = ((name, number(cell)) for name, cell in zip(names, cells, strict=True))
        yield Record({name: value for name, value in found if value is not None})
    if odd:
        yield Record(note=f"the last line ({odd:,}) is cut off")


def _names(file: LogFile, heading: str, sign: str) -> list[str]:
    names = [cell.strip() for cell in _cells(heading, sign)]
    if len(names) > _MOST_COLUMNS:
        raise file.fault(f"has more than {_MOST_COLUMNS:,} columns")
    return names


def _cells(line: str, sign: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=sign), [])
    except csv.Error:
        return []
