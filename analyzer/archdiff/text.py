"""Untrusted text, made safe for one line of output, and the three shapes of name that archdiff accepts."""

from __future__ import annotations

import re

__all__ = ["LONGEST", "is_file", "is_hub_id", "is_revision", "printable"]

LONGEST = 200
"""The most characters of an untrusted text that one message repeats."""

_NAME = r"[A-Za-z0-9_](?:[\w.-]{0,94}[A-Za-z0-9_])?"
_HUB_ID = re.compile(rf"{_NAME}/{_NAME}", re.ASCII)
_FILE = re.compile(r"(?:[\w+-][\w.+-]{0,127}/){0,4}[\w+-][\w.+-]{0,199}\.gguf", re.ASCII)
_REVISION = re.compile(r"[A-Za-z0-9](?:[\w./+-]{0,253}[\w+-])?", re.ASCII)


def printable(text: str, limit: int = LONGEST) -> str:
    """Return `text` so that it prints as one line and moves no cursor.

    Control characters, escape sequences, line and paragraph separators, direction overrides, invisible
    characters and lone surrogates become `\\x1b` escapes. A text longer than `limit` characters keeps its
    two ends.
    """
    if len(text) > limit:
        head = (limit - 1) // 2
        text = f"{text[:head]}…{text[len(text) - (limit - 1 - head) :]}"
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def is_hub_id(text: str) -> bool:
    """Tell whether `text` has the form `owner/name` that the hub gives out."""
    return bool(_HUB_ID.fullmatch(text)) and "--" not in text and ".." not in text


def is_revision(text: str) -> bool:
    """Tell whether `text` can name a branch, a tag or a commit, and cannot leave the cache's folder."""
    return bool(_REVISION.fullmatch(text)) and ".." not in text and "//" not in text


def is_file(text: str) -> bool:
    """Tell whether `text` can name a GGUF file of a model on the hub, and cannot leave the cache's folder."""
    return bool(_FILE.fullmatch(text)) and ".." not in text
