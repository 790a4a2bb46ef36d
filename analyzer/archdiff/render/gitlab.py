"""GitLab's code quality report: a list of findings, each with the fields that its documentation requires.

Source: GitLab documentation, "Code Quality", section "Code Quality report format".
"""

from __future__ import annotations

import json
from collections import Counter
from types import MappingProxyType
from typing import TYPE_CHECKING

from archdiff.render.findings import described, file_of_finding
from archdiff.report.values import fingerprint
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue

    from archdiff.report.schema import FindingEntry, Impact, Report

__all__ = ["text"]

_SEVERITIES: Mapping[Impact, str] = MappingProxyType(
    {"breaking": "critical", "behavioral": "major", "cosmetic": "info"}
)


def text(report: Report) -> str:
    """The findings that count as a JSON list; those that are set aside are not in it."""
    seen: Counter[str] = Counter()
    entries = []
    for finding in report.findings:
        entries.append(_entry(finding, seen[finding.fingerprint], report))
        seen[finding.fingerprint] += 1
    return json.dumps(entries, ensure_ascii=False, indent=2) + "\n"


def _entry(finding: FindingEntry, before: int, report: Report) -> JsonValue:
    """One finding; GitLab shows only the first of two with one fingerprint, so a later one gets its own."""
    model = report.old if finding.new is None and finding.old is not None else report.new
    path, line = file_of_finding(finding, report) or (model.reference, None)
    return {
        "description": described(finding),
        "check_name": finding.rule,
        "fingerprint": fingerprint(finding.fingerprint, before) if before else finding.fingerprint,
        "severity": _SEVERITIES[finding.impact],
        "location": {"path": printable(path, 1000), "lines": {"begin": line or 1}},
    }
