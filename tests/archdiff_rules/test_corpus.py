"""Every rule on every pair: it fires on its own as expected, nowhere without a difference, elsewhere as recorded."""

from __future__ import annotations

import json
import os

import pytest

from tests.archdiff_rules import corpus

CASES = corpus.CASES
SIDES = ("old", "new")


@pytest.fixture(scope="module", autouse=True)
def _updated():
    """Record what the rules find now, where that is asked for; run it without xdist."""
    if os.environ.get("ARCHDIFF_UPDATE") == "1":
        corpus.update()


def recorded(path):
    assert path.is_file(), f"{path.name} is missing; run: ARCHDIFF_UPDATE=1 pytest tests/archdiff_rules"
    return json.loads(path.read_text())


@pytest.mark.parametrize("rule_id", corpus.RULES)
def test_every_rule_has_a_case(rule_id):
    assert (corpus.FOLDER / rule_id).is_dir(), f"write fixtures/rules/{rule_id}/ with old.json and new.json"


@pytest.mark.parametrize("case", CASES)
def test_a_case_is_of_a_rule_and_has_two_different_configs(case):
    assert corpus.faults(corpus.FOLDER / case, corpus.RULES) == []


@pytest.mark.parametrize("case", CASES)
def test_a_rule_fires_on_its_own_case_as_expected(case):
    expected = recorded(corpus.FOLDER / case / "expected.json")
    assert expected, "a case in which its rule stays silent shows nothing"
    assert corpus.own(case) == expected


@pytest.mark.parametrize("name", SIDES)
@pytest.mark.parametrize("case", CASES)
def test_nothing_differs_from_itself(case, name):
    assert [rule.id for rule, _ in corpus.findings(case, name, name)] == []


@pytest.mark.parametrize("case", CASES)
def test_what_fires_where_is_as_recorded(case):
    assert corpus.line(case) == recorded(corpus.SNAPSHOT).get(case)


def test_the_snapshot_knows_no_other_case():
    assert sorted(recorded(corpus.SNAPSHOT)) == CASES


@pytest.mark.parametrize("case", CASES)
def test_swapping_old_and_new_swaps_each_rule_for_its_mirror(case):
    forward = sorted({corpus.RULES[rule.id].mirror for rule, _ in corpus.findings(case)})
    assert sorted({rule.id for rule, _ in corpus.findings(case, "new", "old")}) == forward


@pytest.mark.parametrize("rule_id", corpus.RULES)
def test_a_mirror_of_a_mirror_is_the_rule(rule_id):
    mirror = corpus.RULES[corpus.RULES[rule_id].mirror]
    assert mirror.mirror == rule_id
    assert mirror.group == corpus.RULES[rule_id].group


@pytest.mark.parametrize("case", CASES)
def test_a_finding_explains_changes_of_this_comparison_and_states_both_values(case):
    known = {change.id for change in corpus.comparison(case).changes}
    for rule, finding in corpus.findings(case):
        where = f"{rule.id}: {finding.message}"
        assert {change.id for change in finding.explains} <= known, where
        assert all(before != after for before, after in finding.facts.values()), where
        assert "\n" not in finding.message, where
        assert not finding.message.endswith("."), where


@pytest.mark.parametrize("rule_id", corpus.RULES)
def test_a_rule_is_named_as_its_module(rule_id):
    check = corpus.RULES[rule_id].check
    assert check.__module__ == f"archdiff_rules.{rule_id.replace('-', '_')}"
    assert check.__name__ == rule_id.replace("-", "_")


@pytest.mark.parametrize("rule_id", corpus.RULES)
def test_a_manual_has_a_first_line_and_three_sections(rule_id):
    manual = corpus.RULES[rule_id].manual
    assert manual.summary.endswith(".")
    assert len(manual.summary) <= 100
    assert list(manual.sections) == ["Why it matters", "Example", "What to do"]
    assert all(len(section.split()) > 5 for section in manual.sections.values())


def test_a_case_of_two_equal_configs_is_a_fault(tmp_path):
    assert corpus.faults(write_case(tmp_path, "layers-added", {"a": 1}, {"a": 1}), corpus.RULES)


def test_a_case_of_no_rule_is_a_fault(tmp_path):
    assert corpus.faults(write_case(tmp_path, "no-such-rule", {"a": 1}, {"a": 2}), corpus.RULES)


def test_a_case_without_a_config_is_a_fault(tmp_path):
    case = write_case(tmp_path, "layers-added", {"a": 1}, {"a": 2})
    (case / "new.json").unlink()
    assert corpus.faults(case, corpus.RULES)


def test_a_case_of_two_folders_is_none(tmp_path):
    case = tmp_path / "layers-added"
    for name, value in (("old", "1"), ("new", "2")):
        (case / name).mkdir(parents=True)
        (case / name / "config.json").write_text(value)
    assert corpus.faults(case, corpus.RULES) == []


def write_case(folder, name, old, new):
    case = folder / name
    case.mkdir()
    for side, value in zip(SIDES, (old, new), strict=True):
        (case / f"{side}.json").write_text(json.dumps(value))
    return case
