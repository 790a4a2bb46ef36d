"""Fingerprints of values; imports nothing heavy."""

from __future__ import annotations

import hashlib

__all__ = ["digest"]


def digest(*parts: object) -> str:
    """A short fingerprint of values whose `repr` is deterministic: 20 hexadecimal digits."""
    return hashlib.blake2b("\x1f".join(map(repr, parts)).encode(), digest_size=10).hexdigest()
