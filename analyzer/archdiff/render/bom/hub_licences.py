"""Licences as the hub's model cards name them."""

from __future__ import annotations

import re

from archdiff.evidence import licences

__all__ = ["KEYS", "licence_fields"]

KEYS = (
    "apache-2.0", "mit", "openrail", "bigscience-openrail-m", "creativeml-openrail-m", "bigscience-bloom-rail-1.0",
    "bigcode-openrail-m", "afl-3.0", "artistic-2.0", "bsl-1.0", "bsd", "bsd-2-clause", "bsd-3-clause",
    "bsd-3-clause-clear", "c-uda", "cc", "cc0-1.0", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0",
    "cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-2.0", "cc-by-nc-3.0", "cc-by-nc-4.0", "cc-by-nd-4.0",
    "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0", "cc-by-nc-sa-2.0", "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0",
    "cdla-sharing-1.0", "cdla-permissive-1.0", "cdla-permissive-2.0", "wtfpl", "ecl-2.0", "epl-1.0", "epl-2.0",
    "etalab-2.0", "eupl-1.1", "agpl-3.0", "gfdl", "gpl", "gpl-2.0", "gpl-3.0", "lgpl", "lgpl-2.1", "lgpl-3.0",
    "isc", "lppl-1.3c", "ms-pl", "mpl-2.0", "odc-by", "odbl", "openrail++", "osl-3.0", "postgresql", "ofl-1.1",
    "ncsa", "unlicense", "zlib", "pddl", "lgpl-lr", "deepfloyd-if-license", "llama2", "llama3", "llama3.1",
    "llama3.2", "llama3.3", "gemma", "unknown", "other",
)  # fmt: skip
"""What the field `license` may hold (https://huggingface.co/docs/hub/repositories-licenses)."""


def licence_fields(name: str | None) -> dict[str, str]:
    """The fields `license` and, where the hub's list does not have it, `license_name`; empty where none is declared.

    Args:
        name: as declared.
    """
    if not name:
        return {}
    row = licences.find(name)
    spellings = (_dashed(name), *(row.ids if row is not None else ()))
    known = next((key for spelling in spellings for key in KEYS if _dashed(key) == spelling), None)
    return {"license": known} if known else {"license": "other", "license_name": _dashed(name)[:100] or "unnamed"}


def _dashed(name: str) -> str:
    return re.sub(r"[^a-z0-9+]+", "-", name.lower()).strip("-")
