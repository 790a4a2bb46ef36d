"""The tables of weight evidence: tests folded over layers, and element-wise figures by role."""

from __future__ import annotations

import math
import re
from statistics import median
from typing import TYPE_CHECKING, TypeVar

from rich import box
from rich.table import Table

from archdiff.render.screen import safe
from archdiff.render.weights_words import NOTHING, figure, plainly, share
from archdiff.report.provenance import folded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from archdiff.report.weights import ElementsEntry, TestEntry

_Entry = TypeVar("_Entry")

__all__ = ["elements_table", "tests_table"]

_MOST = 40
"""Rows of a table; the report holds them all."""

_EXPERT = re.compile(r"(?<=\bexpert )\d+")


def tests_table(tests: Sequence[TestEntry]) -> Table | None:
    """One row for each family, component and role; None without tests.

    The p-values stand as their median and the least, so that one test among many shows as what it is.
    """
    groups: dict[tuple[str, str], list[TestEntry]] = {}
    for test in tests:
        groups.setdefault((plainly(test.component), f"{test.family} {_role(test)}"), []).append(test)
    made = _table("component", "test", "where in NEW", numbers=("tests", "log10 p", "power", "statistic"))
    for component, found in _rows(made, groups):
        where = "; ".join(folded((_EXPERT.sub("*", test.new), test.layer) for test in found))
        _row(made, (component, plainly(found[0].family), where), (*_p(found), *_strength(found)))
    return made if groups else None


def elements_table(elements: Sequence[ElementsEntry]) -> Table | None:
    """One row for each component and role; None without pairs. A raw cosine never stands without the expected one."""
    groups: dict[tuple[str, str], list[ElementsEntry]] = {}
    for pair in elements:
        if not pair.count:
            continue
        groups.setdefault((plainly(pair.component), pair.role), []).append(pair)
    made = _table("component", "tensor", numbers=("pairs", "equal", "difference", "Pearson", "raw cosine (expected)"))
    for component, found in _rows(made, groups):
        _row(made, (component, plainly(found[0].role)), (f"{len(found):,}", *_apart(found)))
    return made if groups else None


def _rows(made: Table, groups: Mapping[tuple[str, str], list[_Entry]]) -> Iterator[tuple[str, list[_Entry]]]:
    """Groups to be told, each under its component, which is named once; the last row says how many are not."""
    before = None
    for (component, _), found in list(groups.items())[:_MOST]:
        yield "" if component == before else component, found
        before = component
    if len(groups) > _MOST:
        made.add_row(safe(f"and {len(groups) - _MOST:,} more", "dim"))


def _role(test: TestEntry) -> str:
    """Where it stands, without the numbers of its layer and expert."""
    without = test.new if test.layer is None else re.sub(rf"\.{test.layer}(?=\s|$)", ".*", test.new, count=1)
    return _EXPERT.sub("*", without)


def _p(found: Sequence[TestEntry]) -> tuple[str, str]:
    values = [test.log10_p for test in found if test.log10_p is not None]
    least = f"{figure(median(values))}, {figure(min(values))}" if len(values) > 1 else figure(_middle(values))
    counted = f"{len(values):,}" if len(values) == len(found) else f"{len(values):,} of {len(found):,}"
    return counted, least


def _strength(found: Sequence[TestEntry]) -> tuple[str, str]:
    powers = [test.power for test in found if test.power is not None]
    return figure(max(powers, default=None), 2), figure(_middle(test.statistic for test in found))


def _apart(found: Sequence[ElementsEntry]) -> tuple[str, str, str, str]:
    equal = share(sum(pair.equal for pair in found), sum(pair.count for pair in found))
    relative = figure(_relative(found))
    both = [(p.cosine, p.expected_cosine) for p in found if None not in (p.cosine, p.expected_cosine)]
    cosine = f"{figure(_middle(a for a, _ in both))} ({figure(_middle(b for _, b in both))})" if both else NOTHING
    return equal, relative, figure(_middle(pair.pearson for pair in found)), cosine


def _relative(found: Sequence[ElementsEntry]) -> float | None:
    """Of all pairs together; pairs of equal digest were not read and have no norm."""
    read = [pair for pair in found if not pair.digest]
    norm = math.hypot(*(pair.norms[0] or 0.0 for pair in read))
    return math.hypot(*(pair.difference or 0.0 for pair in read)) / norm if norm else None


def _middle(values: Iterable[float | None]) -> float | None:
    measured = [value for value in values if value is not None]
    return median(measured) if measured else None


def _table(*names: str, numbers: Sequence[str]) -> Table:
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False)
    for name in names:
        made.add_column(name, overflow="fold")
    for name in numbers:
        made.add_column(name, justify="right", overflow="fold")
    return made


def _row(made: Table, words: Sequence[str], numbers: Sequence[str]) -> None:
    made.add_row(*(safe(word, limit=120) for word in words), *(safe(number) for number in numbers))
