"""Values of graphs as JSON: the same in every run, whatever an untrusted file put into them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from hashlib import blake2b
from json import dumps
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import JsonValue

__all__ = ["clean", "fingerprint", "plain", "rounded"]


def clean(text: str) -> str:
    """The text as UTF-8 can carry it: a lone surrogate becomes its `\\ud800` escape."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def plain(value: object) -> JsonValue:
    """A value as JSON has it: tuples as lists, fractions without a JSON form and anything else as text."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {clean(str(key)): plain(value[key]) for key in value}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return clean(str(value))


def rounded(value: float | None) -> float | None:
    """A measured value to six digits, as a CPU and a GPU agree on it; NaN as None, infinity as ±1e308."""
    if value is None or math.isnan(value):
        return None
    return math.copysign(1e308, value) if math.isinf(value) else float(f"{value:.6g}")


def fingerprint(*parts: object) -> str:
    """Twenty hexadecimal digits that are the same for the same parts in any two runs."""
    text = dumps([plain(part) for part in parts], sort_keys=True, separators=(",", ":"))
    return blake2b(text.encode("ascii"), digest_size=10).hexdigest()
