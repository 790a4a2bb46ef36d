"""JUnit's XML, which most programs that run tests can show: each rule that ran is a test case.

A rule with a breaking or behavioral finding is a failure of that type; one whose findings are all cosmetic passes and
says them in its output; one whose findings are all known or suppressed is skipped. There is no official schema; the
elements and attributes are those that Jenkins' xunit plugin, GitLab and GitHub's reporters read alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from archdiff.compare.changes import IMPACTS
from archdiff.render.findings import described, heading, named
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archdiff.report.schema import FindingEntry, Report, RuleEntry, SetAside

__all__ = ["text"]


def text(report: Report) -> str:
    """One suite: a case for each rule, what compared with what as properties, what was not checked as output."""
    suites = Element("testsuites", name="archdiff")
    suite = SubElement(suites, "testsuite", name=named(report))
    _properties(suite, report)
    for rule in report.rules:
        found = [finding for finding in report.findings if finding.rule == rule.id]
        _case(suite, rule, found, [aside for aside in report.set_aside if aside.finding.rule == rule.id])
    _output(suite, [heading(report), *(f"not checked: {printable(each, 400)}" for each in report.not_checked)])
    for element in (suite, suites):
        element.attrib.update(_counts(suite))
    indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(suites, encoding="unicode") + "\n"


def _counts(suite: Element) -> dict[str, str]:
    failed, skipped = (len(suite.findall(f"testcase/{outcome}")) for outcome in ("failure", "skipped"))
    tests = len(suite.findall("testcase"))
    return {"tests": str(tests), "failures": str(failed), "errors": "0", "skipped": str(skipped)}


def _properties(suite: Element, report: Report) -> None:
    properties = SubElement(suite, "properties")
    for name, value in _stated(report):
        SubElement(properties, "property", name=name, value=printable(value))


def _stated(report: Report) -> Iterator[tuple[str, str]]:
    yield from (("archdiff", report.archdiff), ("transformers", report.transformers))
    for side, model in (("old", report.old), ("new", report.new)):
        yield from ((side, model.reference), (f"{side}.digest", model.digest))


def _case(suite: Element, rule: RuleEntry, found: Sequence[FindingEntry], aside: Sequence[SetAside]) -> None:
    area = f".{printable(rule.group)}" if rule.group else ""
    case = SubElement(suite, "testcase", name=rule.id, classname=f"archdiff.{printable(rule.pack)}{area}")
    counted = [finding for finding in found if finding.impact != "cosmetic"]
    if counted:
        worst = min((finding.impact for finding in counted), key=IMPACTS.index)
        more = f" (and {len(counted) - 1:,} more)" if len(counted) > 1 else ""
        failure = SubElement(case, "failure", type=worst, message=f"{described(counted[0])}{more}")
        failure.text = "\n".join(f"{finding.impact}: {described(finding)}" for finding in counted)
    elif aside and not found:
        SubElement(case, "skipped", message=_why(aside[0]))
    _output(case, [f"cosmetic: {described(finding)}" for finding in found if finding.impact == "cosmetic"])
    _output(case, [f"{_why(each)}: {described(each.finding)}" for each in aside])


def _why(aside: SetAside) -> str:
    reason = f" ({printable(aside.reason)})" if aside.reason else ""
    return f"{'in the baseline' if aside.cause == 'baseline' else 'suppressed'}{reason}"


def _output(parent: Element, lines: Sequence[str]) -> None:
    if lines:
        SubElement(parent, "system-out").text = "\n".join(lines)
