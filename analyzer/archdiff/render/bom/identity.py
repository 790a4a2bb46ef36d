"""How standards name a model: package URL, addresses on the hub, digest, licence; and the time of a document."""

from __future__ import annotations

import datetime
import os
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from archdiff.errors import UsageError
from archdiff.text import is_hub_id, printable

if TYPE_CHECKING:
    from archdiff.report.schema import ModelEntry

__all__ = [
    "HUB",
    "commit",
    "created",
    "custom_licence",
    "ended",
    "hub_id",
    "midnight",
    "page",
    "purl",
    "sha256",
    "shown",
    "version",
]

HUB = "https://huggingface.co"
"""Where hub ids are looked up by whoever reads the document; archdiff does not."""

LONGEST = 2000
"""The most characters of one text that a bill of materials repeats."""

_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"sha256:([0-9a-f]{64})")
_LATEST = 253402300799
"""Seconds of the last moment that four digits of a year can say."""


def shown(text: str, limit: int = LONGEST) -> str:
    """Untrusted text for a document: one line that moves no cursor."""
    return printable(text, limit)


def ended(sentence: str) -> str:
    """The sentence with the full stop that it lacks."""
    return sentence if sentence.endswith((".", "?", "!")) else f"{sentence}."


def hub_id(name: str | None) -> str | None:
    """The name, where it has the form of a hub id."""
    return name if name and is_hub_id(name) else None


def commit(model: ModelEntry) -> str | None:
    """The commit that was read; a branch or tag is no version, since it moves."""
    return model.revision if model.revision and _COMMIT.fullmatch(model.revision) else None


def version(model: ModelEntry) -> str:
    """The revision; of a model without one the digest of its config, which changes when the architecture does."""
    return shown(model.revision or model.digest)


def purl(name: str | None, revision: str | None = None) -> str | None:
    """The package URL of a hub id, with the commit as version; None for any other name.

    The type `huggingface` is defined by the package URL specification (types/huggingface-definition).
    """
    if hub_id(name) is None:
        return None
    owner, _, repository = str(name).partition("/")
    at = f"@{revision}" if revision else ""
    return f"pkg:huggingface/{quote(owner, safe='')}/{quote(repository, safe='')}{at}"


def page(name: str | None, revision: str | None = None) -> str | None:
    """The address of a hub id's page, at a commit where one is known; None for any other name."""
    if hub_id(name) is None:
        return None
    return f"{HUB}/{name}" + (f"/tree/{revision}" if revision else "")


def sha256(digest: str) -> str | None:
    """The hexadecimal digits of a SHA-256 digest as archdiff writes it; None for any other."""
    found = _SHA256.fullmatch(digest)
    return found[1] if found else None


def custom_licence(name: str) -> str:
    """The identifier of a licence that the SPDX list does not have (SPDX 3.0.1, annex B.4)."""
    return "LicenseRef-" + (re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-")[:100] or "unnamed")


def created() -> datetime.datetime | None:
    """The moment that `SOURCE_DATE_EPOCH` says; None where it is not set, since the clock is never asked.

    Raises:
        UsageError: it is no number of seconds.
    """
    stated = os.environ.get("SOURCE_DATE_EPOCH", "").strip()
    if not stated:
        return None
    if not re.fullmatch(r"[0-9]{1,12}", stated) or int(stated) > _LATEST:
        remedy = "set it to seconds since 1970, or unset it"
        raise UsageError("SOURCE_DATE_EPOCH", f"{shown(stated, 40)} is no number of seconds", remedy)
    return datetime.datetime.fromtimestamp(int(stated), datetime.UTC)


def midnight(date: str | None) -> str | None:
    """The first moment of an ISO date, as the standards write moments; None for what is no date."""
    try:
        return f"{datetime.date.fromisoformat(date or '').isoformat()}T00:00:00Z"
    except ValueError:
        return None
