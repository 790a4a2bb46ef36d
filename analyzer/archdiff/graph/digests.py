"""Fingerprints of values, and the digits of a number that enter one; imports nothing heavy."""

from __future__ import annotations

import hashlib

__all__ = ["digest", "significant"]


def digest(*parts: object) -> str:
    """A short fingerprint of values whose `repr` is deterministic: 20 hexadecimal digits."""
    return hashlib.blake2b("\x1f".join(map(repr, parts)).encode(), digest_size=10).hexdigest()


def significant(value: float) -> float:
    """A number to twelve significant digits: `1 / sqrt(8)` and `8 ** -0.5` are one function, a last bit apart."""
    return float(f"{value:.12g}")
