"""What options and settings do together: selection, suppressions, baselines, confidence, counts."""

from __future__ import annotations

import json

import pytest

from tests.archdiff.cli.calling import assert_refused


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def settings(tmp_path):
    """Write the settings of the working directory."""
    return (tmp_path / "archdiff.toml").write_text


def shown(call, pair, *options):
    ended = call("diff", *pair, "--format=json", *options)
    assert ended.err == ""
    return json.loads(ended.out)


def rules_of(report):
    return {finding["rule"] for finding in report["findings"]}


def test_an_area_is_selected_or_ignored(call, pair):
    every = rules_of(shown(call, pair))
    attention = rules_of(shown(call, pair, "--select=area:attention"))
    assert attention == {"attention-kind-changed", "key-value-heads-changed"}
    assert rules_of(shown(call, pair, "--ignore=area:att*")) == every - attention
    assert_refused(call("diff", *pair, "--select=area:atention"), "area:atention", "did you mean area:attention?")


def test_settings_apply_and_options_win(call, pair, settings):
    settings('select = ["norm-*"]\nfail-on = "behavioral"\n')
    report = shown(call, pair)
    assert rules_of(report) == {"norm-epsilon-changed"}
    assert report["configuration"] == {
        "file": "archdiff.toml",
        "select": ["norm-*"],
        "ignore": [],
        "min_confidence": "low",
        "fail_on": "behavioral",
        "baseline": None,
        "suppressions": 0,
    }
    assert call("diff", *pair).code == 1
    assert call("diff", *pair, "--fail-on=never").code == 0
    assert rules_of(shown(call, pair, "--select=key-*")) == {"key-value-heads-changed"}
    assert shown(call, pair, "--isolated")["configuration"] is None


def test_a_pattern_of_the_file_that_names_no_rule_is_told_with_the_file(call, pair, settings):
    settings('ignore = ["norm-epsilon-change"]\n')
    said = "archdiff.toml: norm-epsilon-change: no such rule; did you mean norm-epsilon-changed?"
    assert_refused(call("diff", *pair), said)


def test_a_suppressed_finding_is_set_aside_and_does_not_fail(call, pair, settings):
    settings('[[suppress]]\nrule = "area:attention"\nwhere = "model.layers.*"\nreason = "agreed with [red]serving"\n')
    report = shown(call, pair, "--fail-on=breaking")
    assert "key-value-heads-changed" not in rules_of(report)
    assert [each["finding"]["rule"] for each in report["set_aside"]] == [
        "attention-kind-changed",
        "key-value-heads-changed",
    ]
    assert {(each["cause"], each["reason"]) for each in report["set_aside"]} == {
        ("suppression", "agreed with [red]serving")
    }
    assert report["configuration"]["suppressions"] == 1
    text = call("diff", *pair).out
    assert "set aside: 2 findings suppressed: agreed with [red]serving" in text
    assert "key-value-heads-changed" not in text


def test_a_suppression_that_covers_nothing_ends_with_2_and_writes_nothing(call, pair, settings, tmp_path):
    settings('[[suppress]]\nrule = "layers-added"\nreason = "agreed"\n')
    ended = call("diff", *pair, "-o", tmp_path / "out.json")
    assert_refused(ended, "archdiff.toml: suppress 1 (layers-added): covers no finding of this comparison")
    assert not (tmp_path / "out.json").exists()
    settings('[[suppress]]\nrule = "layers-added"\nnew = "another-*"\nreason = "agreed"\n')
    assert call("diff", *pair).code == 0
    settings('[[suppress]]\nrule = "weights-*"\nreason = "agreed"\n')
    assert call("diff", *pair).code == 0, "weights were not compared"


def test_a_suppression_of_no_rule_is_refused(call, pair, settings):
    settings('[[suppress]]\nrule = "layer-added"\nreason = "agreed"\n')
    assert_refused(call("diff", *pair), "suppress 1 (layer-added): no such rule; did you mean layers-added?")


def test_what_a_baseline_holds_is_set_aside(call, pair, settings, tmp_path):
    assert call("diff", *pair, "-q", "-o", tmp_path / "accepted.json").code == 0
    settings('baseline = "accepted.json"\nfail-on = "cosmetic"\n')
    report = shown(call, pair)
    assert report["findings"] == []
    assert {each["cause"] for each in report["set_aside"]} == {"baseline"}
    assert report["configuration"]["baseline"] == "accepted.json"
    ended = call("diff", *pair)
    assert ended.code == 0
    assert "findings in the baseline" in ended.out
    assert_refused(call("diff", *pair, "-o", tmp_path / "accepted.json"), "is an input of this command")


def test_a_baseline_that_was_made_with_one_keeps_what_it_held(call, pair, tmp_path):
    call("diff", *pair, "-q", "-o", tmp_path / "first.json", "--ignore=norm-*")
    call("diff", *pair, "-q", "-o", tmp_path / "second.json", "--baseline", tmp_path / "first.json")
    assert call("diff", *pair, "--baseline", tmp_path / "second.json", "--fail-on=cosmetic").code == 0


def test_what_was_suppressed_is_not_known_from_a_baseline(call, pair, settings, tmp_path):
    settings('[[suppress]]\nrule = "key-value-*"\nreason = "agreed"\n')
    call("diff", *pair, "-q", "-o", tmp_path / "first.json")
    ended = shown(call, pair, "--isolated", "--baseline", tmp_path / "first.json")
    assert rules_of(ended) == {"key-value-heads-changed"}


def test_less_sure_findings_neither_show_nor_fail(call, pair, settings):
    every = shown(call, pair)["findings"]
    high = {finding["rule"] for finding in every if finding["confidence"] == "high"}
    assert rules_of(shown(call, pair, "--min-confidence=high")) == high
    settings('min-confidence = "high"\n')
    assert rules_of(shown(call, pair)) == high
    assert len(shown(call, pair, "--min-confidence=low")["findings"]) == len(every)


def test_statistics_are_counts_in_place_of_findings(call, pair, tmp_path):
    ended = call("diff", *pair, "--statistics", "--fail-on=breaking", "-o", tmp_path / "a.json")
    assert ended.code == 1
    lines = [line.split() for line in ended.out.splitlines()]
    assert lines[0] == ["findings", "impact", "rule"]
    counted = {tuple(line[1:]): int(line[0]) for line in lines[2:] if line}
    report = json.loads((tmp_path / "a.json").read_text())
    assert sum(counted.values()) == len(report["findings"])
    assert ("breaking", "key-value-heads-changed") in counted
    assert "no findings" in call("diff", pair[0], pair[0], "--statistics").out
    assert call("diff", *pair, "--statistics", "-q").out == ""
    assert_refused(call("diff", *pair, "--statistics", "--format=json"), "--statistics: is for the terminal")


def test_settings_of_weights_are_defaults_of_their_options(call, pair, settings):
    settings('[weights]\nbudget = "much"\n')
    assert_refused(call("weights", *pair), "--budget: 'much' is no size")
    assert_refused(call("diff", *pair, "--weights=all"), "--budget: 'much' is no size")
    assert call("diff", *pair).code == 0
    settings('[weights]\ndevice = "tpu"\nparts = "norm*"\n')
    assert_refused(call("weights", *pair), "tpu: no such device")
    assert call("diff", *pair).code == 0, "a file says which weights are compared, not that they are"
