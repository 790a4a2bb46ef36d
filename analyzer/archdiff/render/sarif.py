"""SARIF 2.1.0, which code scanning reads: the rules that ran, and every finding with where it stands in the models.

Plain dictionaries make it. Of the libraries, `sarif-pydantic` 0.6 has `suppression` where the standard has
`suppressions`, and `sarif-om` has had no release since 2019; the tests validate against the official schema instead.
The sections named below are those of the OASIS standard, SARIF 2.1.0 with errata 01.
"""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING

from archdiff.compare.changes import IMPACTS
from archdiff.render.findings import RULE_MANUAL, described
from archdiff.render.sarif_places import artifacts, locations
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue

    from archdiff.report.schema import FindingEntry, Impact, ModelEntry, Report, RuleEntry, SetAside

__all__ = ["SCHEMA", "text"]

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
"""Names the schema to a reader; nothing fetches it."""

_LEVELS: Mapping[Impact, str] = MappingProxyType({"breaking": "error", "behavioral": "warning", "cosmetic": "note"})
_SUMMARY = "Something that was left out, and why."
_NOT_CHECKED = "not-checked"
_LONGEST = 2000


def text(report: Report) -> str:
    """The report as a log with one run."""
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(report)]}
    return json.dumps(log, ensure_ascii=False, indent=2) + "\n"


def _run(report: Report) -> dict[str, JsonValue]:
    results = [_result(finding, report) for finding in report.findings]
    results += [_aside(aside, report) for aside in report.set_aside]
    return {
        "tool": {"driver": _driver(report)},
        "invocations": [_invocation(report)],
        "artifacts": artifacts(report),
        "results": [_with_states(result, report) for result in results],
        "properties": {
            "old": _model(report.old),
            "new": _model(report.new),
            "sentences": [printable(sentence, 400) for sentence in report.summary.sentences],
            "changes": report.summary.changes,
            "sameArchitecture": report.summary.same_architecture,
            "transformers": report.transformers,
        },
    }


def _model(model: ModelEntry) -> JsonValue:
    stated = {"name": model.name, "reference": model.reference, "digest": model.digest, "hubId": model.hub_id}
    return {name: printable(value) for name, value in stated.items() if value}


def _driver(report: Report) -> JsonValue:
    return {
        "name": "archdiff",
        "version": report.archdiff,
        "rules": [_rule(rule) for rule in report.rules],
        "notifications": [{"id": _NOT_CHECKED, "shortDescription": _message(_SUMMARY)}],
    }


def _rule(rule: RuleEntry) -> JsonValue:
    """A rule, with its manual where it noticed something; there is no page on the web to name as `helpUri`."""
    summary = rule.summary or rule.id
    pages = f"{summary}\n\n" + "".join(f"{name}: {told}\n\n" for name, told in rule.manual.items())
    described_by: dict[str, JsonValue] = {
        "id": rule.id,
        "shortDescription": _message(summary),
        "fullDescription": _message(rule.manual.get("Why it matters", summary)),
        "help": _message(f"{pages}The manual of this rule: {RULE_MANUAL.format(rule.id)}"),
        "properties": {"pack": rule.pack, "tags": [rule.group] if rule.group else []},
    }
    if rule.impact is not None:
        described_by["defaultConfiguration"] = {"level": _LEVELS[rule.impact]}
    return described_by


def _invocation(report: Report) -> JsonValue:
    """How the command ended: without a configuration nothing but defaults applied, and no finding fails by default."""
    fail_on = report.configuration.fail_on if report.configuration is not None else None
    counted = IMPACTS[: IMPACTS.index(fail_on) + 1] if fail_on is not None else ()
    failed = any(finding.impact in counted for finding in report.findings)
    return {
        "executionSuccessful": True,
        "exitCode": 1 if failed else 0,
        "toolExecutionNotifications": _notifications(report),
    }


def _notifications(report: Report) -> JsonValue:
    """What was not checked, so that silence is not taken for a pass."""
    return [
        {"descriptor": {"id": _NOT_CHECKED}, "level": "note", "message": _message(printable(left_out, 400))}
        for left_out in report.not_checked
    ]


def _result(finding: FindingEntry, report: Report) -> dict[str, JsonValue]:
    ids = [rule.id for rule in report.rules]
    index: dict[str, JsonValue] = {"ruleIndex": ids.index(finding.rule)} if finding.rule in ids else {}
    return {
        "ruleId": finding.rule,
        **index,
        "kind": "fail",
        "level": _LEVELS[finding.impact],
        "message": _message(described(finding)),
        **locations(finding, report),
        # GitHub matches alerts of two runs by the second, and would compute it from a line of a file.
        "partialFingerprints": {
            "archdiff/v1": finding.fingerprint,
            "primaryLocationLineHash": f"{finding.fingerprint}:1",
        },
        "properties": _properties(finding),
    }


def _properties(finding: FindingEntry) -> JsonValue:
    return {
        "impact": finding.impact,
        "confidence": finding.confidence,
        "where": finding.where,
        "parameters": finding.parameters,
        "facts": {fact.name: {"old": fact.old, "new": fact.new} for fact in finding.facts},
        "changes": list(finding.changes),
    }


def _aside(aside: SetAside, report: Report) -> dict[str, JsonValue]:
    """A finding that does not count. Only what is no failure may have the level `none` (3.27.10)."""
    result = {**_result(aside.finding, report), "kind": "informational", "level": "none"}
    if aside.cause == "baseline":
        return {**result, "baselineState": "unchanged"}
    suppression: dict[str, JsonValue] = {"kind": "external", "status": "accepted"}
    if aside.reason:
        suppression["justification"] = printable(aside.reason, 1000)
    if aside.expires is not None:
        suppression["properties"] = {"expires": aside.expires}
    return {**result, "suppressions": [suppression]}


def _with_states(result: dict[str, JsonValue], report: Report) -> JsonValue:
    """State and suppressions of a result: if one result of a run has them, all must (3.27.23, 3.27.24)."""
    causes, configuration = {aside.cause for aside in report.set_aside}, report.configuration
    states: dict[str, JsonValue] = {}
    if "baseline" in causes or (configuration is not None and configuration.baseline is not None):
        states["baselineState"] = "new"
    if "suppression" in causes or (configuration is not None and configuration.suppressions):
        states["suppressions"] = []
    return {**states, **result}


def _message(told: str) -> JsonValue:
    """A plain text message: no placeholder (3.11.5) and no link (3.11.6), whatever a name says."""
    lines = "\n".join(printable(line, _LONGEST) for line in told.split("\n"))
    return {"text": lines.replace("{", "{{").replace("}", "}}").replace("](", "] (")}
