"""Sequences of layer kinds: whether one is the other grown, and how to say them."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["describe", "grown", "interleaved", "unit"]


def unit(kinds: Sequence[str]) -> tuple[str, ...]:
    """The shortest beginning whose repetition gives the sequence; its last repetition may be cut short."""
    whole = tuple(kinds)
    for period in range(1, len(whole)):
        if all(kind == whole[index % period] for index, kind in enumerate(whole)):
            return whole[:period]
    return whole


def grown(old: Sequence[str], new: Sequence[str]) -> bool:
    """Whether the two are one pattern at one or two depths: repeated more often, or with longer runs."""
    if len(old) == len(new):
        return list(old) == list(new)
    return unit(old) == unit(new) or [key for key, _ in groupby(old)] == [key for key, _ in groupby(new)]


def interleaved(kinds: Sequence[str]) -> bool:
    """Whether a kind comes back after another one."""
    runs = [key for key, _ in groupby(kinds)]
    return len(runs) > len(set(runs))


def describe(kinds: Sequence[str]) -> str:
    """`full attention throughout`, `5 sliding attention, 1 full attention, repeated`."""
    repeated = unit(kinds)
    if len(repeated) == 1:
        return f"{repeated[0]} throughout"
    runs = [f"{len(list(group))} {key}" for key, group in groupby(repeated)]
    shown = runs if len(runs) <= 6 else [*runs[:5], "…"]
    return ", ".join(shown) + (", repeated" if len(kinds) >= 2 * len(repeated) else "")
