"""What several formats for programs say of findings: which stand, which are set aside, and in which file."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from archdiff.report.lines import CONFIG_KINDS
from archdiff.text import printable

if TYPE_CHECKING:
    from archdiff.report.schema import FindingEntry, ModelEntry, Report

__all__ = ["RULE_MANUAL", "counted", "described", "file_of", "file_of_finding", "heading", "line_of", "named"]

RULE_MANUAL = "archdiff rule {}"
"""The command that prints the manual of a rule."""

_LONGEST = 1000
"""Characters of a message; one that is longer keeps its two ends, and the JSON report holds the whole of it."""


def heading(report: Report) -> str:
    """`gpt-oss-120b → solar-open-100b: 13 breaking, 7 behavioral`, as one line."""
    return f"{named(report)}: {counted(report)}"


def named(report: Report) -> str:
    """The two models, as one line."""
    return f"{printable(report.old.name)} → {printable(report.new.name)}"


def counted(report: Report) -> str:
    """`13 breaking, 7 behavioral`, or that nothing was found."""
    found = [f"{number:,} {impact}" for impact, number in report.summary.findings.items() if number]
    return ", ".join(found) or "no findings"


def described(finding: FindingEntry) -> str:
    """What was noticed and where it stands, as one line: `layers 0–47: heads: 64 → 96`."""
    place = "" if finding.where in {"", "model"} else f"{printable(finding.where)}: "
    sure = "" if finding.confidence == "high" else f" ({finding.confidence} confidence)"
    return f"{place}{printable(finding.message, _LONGEST)}{sure}"


def file_of(model: ModelEntry) -> str | None:
    """The path of a model's config or saved graph as a file of the user; None where it came from elsewhere.

    A revision of git names the file that it is a revision of. A path that leads out of the directory in which the
    command ran has no meaning to another program, and none is returned for it.
    """
    if model.kind not in {"file", "directory", "snapshot", "revision"}:
        return None
    path = model.reference.replace("\\", "/")
    if model.kind == "revision":
        path = path.partition(":")[2]
    is_folder = model.kind == "directory" or (model.kind == "revision" and not path.endswith(".json"))
    path = posixpath.normpath(posixpath.join(path, "config.json") if is_folder else path)
    return None if path.startswith(("../", "~")) or path == ".." else path


def file_of_finding(finding: FindingEntry, report: Report) -> tuple[str, int | None] | None:
    """The config to which a finding belongs, and the line in it: NEW's, or OLD's for what is gone.

    None where neither is a file; no line where no key of the config is behind the finding.
    """
    sides = (report.old, report.new) if finding.new is None and finding.old is not None else (report.new, report.old)
    for model in sides:
        if (file := file_of(model)) is not None:
            return file, line_of(finding, report, model)
    return None


def line_of(finding: FindingEntry, report: Report, model: ModelEntry) -> int | None:
    """The first line of a model's config with a key that a finding explains the change of."""
    if not model.lines:
        return None
    explained = set(finding.changes)
    changes = (change for change in report.changes if change.id in explained and change.kind in CONFIG_KINDS)
    keys = {change.subject.partition(".")[0] for change in changes}
    return min((line for key, line in model.lines.items() if key in keys), default=None)
