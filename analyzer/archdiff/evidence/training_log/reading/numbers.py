"""Values of a log as numbers."""

from __future__ import annotations

import itertools
import json
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from archdiff.evidence.training_log.record import Setting

__all__ = ["flat", "number", "object_of", "settings_of"]

_DEEPEST = 4
_MOST = 10_000
"""Values of one record that are looked at."""

_WORDS = {"nan": math.nan, "inf": math.inf, "infinity": math.inf, "-inf": -math.inf, "-infinity": -math.inf}


def number(value: object) -> float | None:
    """The value as a number; None where it is none. `"NaN"` and `"Infinity"` are numbers, true and false are not."""
    if isinstance(value, float):
        return value
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        try:
            return float(value)
        except OverflowError:
            return None
    if isinstance(value, str) and len(value) <= 64:
        text = value.strip().lower()
        try:
            return _WORDS[text] if text in _WORDS else float(text)
        except ValueError:
            return None
    return None


def flat(values: Mapping[str, Any]) -> dict[str, float]:
    """The numbers of an object, those of objects inside it as `outer.inner`."""
    found: dict[str, float] = {}
    for name, value in itertools.islice(values.items(), _MOST):
        if isinstance(value, dict):
            leaves = ((inner, number(item)) for inner, item in _leaves({name: value}))
            found.update({inner: item for inner, item in leaves if item is not None})
        elif (item := number(value)) is not None:
            found[name] = item
    return found


def settings_of(values: Mapping[str, Any]) -> dict[str, Setting]:
    """Numbers and short texts of a run's configuration."""
    return {
        name: float(value) if isinstance(value, int | float) else value
        for name, value in _leaves(values)
        if (isinstance(value, int | float) and abs(value) < 1e300) or (isinstance(value, str) and len(value) <= 200)
    }


def object_of(text: bytes | str) -> dict[str, Any] | None:
    """The JSON object that a text is; None where it is none. NaN and Infinity are let pass, as Python writes them."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _leaves(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    waiting: list[tuple[str, Any, int]] = [(str(name), value, 1) for name, value in reversed([*values.items()])]
    seen = 0
    while waiting and seen < _MOST:
        name, value, depth = waiting.pop()
        seen += 1
        if isinstance(value, dict) and depth < _DEEPEST:
            waiting.extend((f"{name}.{inner}", item, depth + 1) for inner, item in reversed(value.items()))
        else:
            yield name, value
