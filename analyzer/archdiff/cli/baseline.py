"""An earlier report, whose findings are known."""

from __future__ import annotations

import re
from pathlib import Path

from archdiff.errors import ArchdiffError, SnapshotError
from archdiff.sources.json_text import parse_object, read_text
from archdiff.text import printable

__all__ = ["fingerprints"]

_LARGEST = 256 * 2**20
_VERSION = re.compile(r"1\.\d{1,4}")
_FINGERPRINT = re.compile(r"[0-9a-f]{20}")
_REMEDY = "name a report that `archdiff diff --output REPORT.json` wrote"


def fingerprints(path: str) -> frozenset[str]:
    """Return the fingerprints of the findings in a JSON report, and of those that a baseline of its own held.

    What it suppressed is not known: without the suppression it counts.

    Raises:
        SnapshotError: it cannot be read, or is no report of schema version 1.
    """
    subject = f"baseline {printable(path)}"
    try:
        document = parse_object(read_text(Path(path), subject, _LARGEST), subject)
    except (ArchdiffError, ValueError) as error:
        cause = error.cause if isinstance(error, ArchdiffError) else printable(str(error), 80)
        raise SnapshotError(subject, cause, _REMEDY) from error
    version = document.get("schema_version")
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        cause = f"has schema version {printable(repr(version), 40)}, not 1.0 or a later 1"
        raise SnapshotError(subject, cause, _REMEDY)
    found = [*_findings(document, subject), *_known_before(document)]
    return frozenset(_fingerprint(finding, subject) for finding in found)


def _findings(document: dict[str, object], subject: str) -> list[object]:
    findings = document.get("findings")
    if not isinstance(findings, list):
        raise SnapshotError(subject, "holds no list of findings", _REMEDY)
    return findings


def _known_before(document: dict[str, object]) -> list[object]:
    aside = document.get("set_aside", [])
    entries = [each for each in aside if isinstance(each, dict)] if isinstance(aside, list) else []
    return [each.get("finding") for each in entries if each.get("cause") == "baseline"]


def _fingerprint(finding: object, subject: str) -> str:
    value = finding.get("fingerprint") if isinstance(finding, dict) else None
    if not isinstance(value, str) or not _FINGERPRINT.fullmatch(value):
        raise SnapshotError(subject, "holds a finding without fingerprint", _REMEDY)
    return value
