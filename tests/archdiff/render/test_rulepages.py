"""Pages of rules: complete, linked, and what the repository holds."""

from __future__ import annotations

import re

import pytest

from archdiff.packs import GROUPS, area, load_rules
from archdiff.render.rulepages import INDEX, pages
from archdiff.rule import Manual, Rule
from tests.archdiff.making import a_rule

BUILT_IN = tuple(rule for rule in load_rules() if rule.pack == "builtin")
LINK = re.compile(r"\]\(([^)#]+)(?:#([^)]+))?\)")


def one(sections, summary="Notices something.", rule_id="some-rule"):
    return Rule(rule_id, "breaking", "Attention", lambda _: (), Manual(summary, sections), rule_id, pack="tests")


def test_a_page_says_everything_that_a_rule_declares():
    text = pages([one({"Why it matters": "It does.", "Example": "a → b", "What to do": "Look."})])["some-rule.md"]
    assert text.startswith("# some-rule\n")
    for part in ("Notices something.", "| usual impact | breaking |", "`area:attention`", "the same rule", "tests"):
        assert part in text
    for heading in ("## Why it matters\n\nIt does.", "## Example\n\na → b", "## What to do\n\nLook."):
        assert heading in text
    assert 'rule = "some-rule"' in text


def test_other_rules_are_linked_and_prose_is_no_markup():
    text = "See `other-rule` and `no-rule`, <b>a*b_c</b>.\n    code: <x> *_"
    page = pages([one({"Example": text}), a_rule("other-rule")])["some-rule.md"]
    assert "See [`other-rule`](other-rule.md) and `no-rule`, &lt;b>a\\*b\\_c&lt;/b>.\n    code: <x> *_" in page


def test_a_cell_stays_one_cell():
    index = pages([one({}, summary="a | b with an odd ` mark")])[INDEX]
    assert "| a \\| b with an odd \\` mark |" in index


@pytest.mark.parametrize("group", GROUPS)
def test_an_area_is_the_anchor_that_code_hosts_give_its_heading(group):
    anchor = re.sub(r"[^\w\- ]", "", group.lower()).replace(" ", "-")
    assert anchor == area(group)


def test_every_link_leads_somewhere():
    made = pages(BUILT_IN)
    for name, text in made.items():
        for target, anchor in LINK.findall(text):
            assert target in made, f"{name} links to {target}"
            assert not anchor or anchor in {area(rule.group) for rule in BUILT_IN}


def test_the_pages_of_the_repository_are_those_of_its_rules(root):
    held = {path.name: path.read_text(encoding="utf-8") for path in (root / "docs" / "rules").iterdir()}
    made = pages(BUILT_IN)
    assert sorted(held) == sorted(made), "run: archdiff rules --pages docs/rules, and delete pages of rules that went"
    stale = [name for name in made if held[name] != made[name]]
    assert not stale, "run: archdiff rules --pages docs/rules"
