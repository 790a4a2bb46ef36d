"""Counts in place of findings, and the lines on what was set aside."""

from __future__ import annotations

from archdiff.render import WeightsView, statistics, terminal
from archdiff.render.aside import lines
from archdiff.render.screen import Screen
from archdiff.report.assemble import assemble
from archdiff.report.entries import finding_entry
from archdiff.report.shown import Shown, Suppression
from tests.archdiff.making import a_rule, comparison, finding, report

HOSTILE = "\x1b[2J[bold]because\r\n"


def aside():
    """A report with three findings in the baseline and two suppressed for one reason."""
    first, second = a_rule("first"), a_rule("second")
    known = [(first, finding(layers=(at,))) for at in range(3)]
    accepted = [(second, finding(layers=(at,))) for at in range(2)]
    marks = frozenset(finding_entry(*each).fingerprint for each in known)
    suppression = Suppression(frozenset({"second"}), HOSTILE, expires="2027-01-01")
    return assemble(
        comparison(), [*known, *accepted], [first, second], shown=Shown(known=marks, suppressions=(suppression,))
    )


def test_rules_are_counted_by_impact_the_worst_and_most_frequent_first():
    often, seldom, mild = a_rule("often"), a_rule("seldom"), a_rule("mild", "cosmetic")
    found = [(seldom, finding()), *((mild, finding(layers=(at,))) for at in range(4))]
    found += [(often, finding(layers=(at,))) for at in range(3)]
    told = [line.split() for line in statistics.text(report(*found)).splitlines()]
    assert told[0] == ["findings", "impact", "rule"]
    assert told[2:] == [["3", "breaking", "often"], ["1", "breaking", "seldom"], ["4", "cosmetic", "mild"]]


def test_nothing_found_is_said():
    assert statistics.text(report()) == "no findings\n"


def test_the_name_of_a_rule_is_untrusted():
    text = statistics.text(report((a_rule("[red]x\x1b"), finding())), Screen(colour=True))
    assert "[red]x\\x1b" in text


def test_what_was_set_aside_is_told_with_its_reason():
    first, second = lines(aside())
    assert first == "set aside: 3 findings in the baseline"
    assert second == f"set aside: 2 findings suppressed: {HOSTILE} (until 2027-01-01)"
    assert not list(lines(report(finding())))


def test_every_text_of_a_report_tells_it_and_nothing_moves_the_cursor():
    made = aside()
    for text in (terminal.text(made), statistics.text(made), terminal.text(WeightsView(made))):
        assert "set aside: 3 findings in the baseline" in text
        assert "\\x1b[2J[bold]because\\r\\n (until 2027-01-01)" in text
        assert "\x1b" not in text
