"""Workflow commands of GitHub Actions: each finding as an annotation, within the number that GitHub shows.

The form of a command and its escapes are those of GitHub's runner (`actions/toolkit`, `packages/core/src/command.ts`);
that a step shows ten annotations of each level stands in GitHub's documentation of workflow commands.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from archdiff.compare.changes import IMPACTS
from archdiff.render.findings import described, file_of_finding, heading
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from archdiff.report.schema import FindingEntry, Impact, Report

__all__ = ["MOST", "text"]

MOST = 10
"""Annotations of one level that GitHub shows for a step."""

_LEVELS: Mapping[Impact, str] = MappingProxyType({"breaking": "error", "behavioral": "warning", "cosmetic": "notice"})


def text(report: Report) -> str:
    """The annotations, the worst first, and what the log of the step says below them."""
    lines = [line for impact in IMPACTS for line in _level(impact, report)]
    lines += [_plain(told) for told in _log(report)]
    return "\n".join(lines) + "\n"


def _level(impact: Impact, report: Report) -> Iterator[str]:
    """An annotation for each finding; where they are too many, the last one names what the others say."""
    found = [finding for finding in report.findings if finding.impact == impact]
    shown = found if len(found) <= MOST else found[: MOST - 1]
    for finding in shown:
        title = f"archdiff: {finding.rule} ({impact})"
        yield _command(impact, title, described(finding), file_of_finding(finding, report))
    if rest := found[len(shown) :]:
        yield _command(impact, f"archdiff: {len(rest):,} more {impact} findings", _together(rest), None)


def _together(findings: Sequence[FindingEntry]) -> str:
    return "\n".join(f"{finding.rule}: {described(finding)}" for finding in findings)


def _log(report: Report) -> Iterator[str]:
    yield heading(report)
    if report.set_aside:
        yield f"{len(report.set_aside):,} known or suppressed, not counted"
    for left_out in report.not_checked:
        yield f"not checked: {printable(left_out, 400)}"


def _command(impact: Impact, title: str, message: str, place: tuple[str, int | None] | None) -> str:
    properties = [f"title={_property(title)}"]
    if place is not None:
        file, line = place
        properties += [f"file={_property(file)}", *([f"line={line}"] if line is not None else [])]
    return f"::{_LEVELS[impact]} {','.join(properties)}::{_data(message)}"


def _plain(told: str) -> str:
    """A line of the log, which must be no command: neither `::name::` at its beginning nor `##[name]` anywhere."""
    return f"archdiff: {told}".replace("##[", "## [")


def _data(message: str) -> str:
    return message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")
