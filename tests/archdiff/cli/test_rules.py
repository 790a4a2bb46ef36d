"""`archdiff rules` and `archdiff rule`: areas, and the pages that are written."""

from __future__ import annotations

import json

from archdiff.packs import load_rules
from tests.archdiff.cli.calling import assert_refused


def test_a_rule_as_json_says_everything(call):
    rule = json.loads(call("rule", "shared-experts-added", "--format=json").out)
    assert rule["id"] == "shared-experts-added"
    assert (rule["impact"], rule["pack"], rule["mirror"]) == ("breaking", "builtin", "shared-experts-removed")
    assert (rule["group"], rule["area"]) == ("Mixture of experts", "mixture-of-experts")
    assert rule["summary"]
    assert list(rule["sections"]) == ["Why it matters", "Example", "What to do"]
    assert all(rule["sections"].values())


def test_the_area_that_is_shown_can_be_selected(call, pair):
    listed = json.loads(call("rules", "--format=json").out)
    assert {rule["id"] for rule in listed} == {rule.id for rule in load_rules()}
    text = call("rules").out
    assert not [rule["area"] for rule in listed if f"area:{rule['area']}" not in text]
    assert "(area:mixture-of-experts)" in call("rule", "shared-experts-added").out
    assert call("diff", *pair, "--select=area:mixture-of-experts", "-q").code == 0


def test_pages_are_written_into_a_folder(call, tmp_path):
    folder = tmp_path / "docs" / "rules"
    ended = call("rules", "--pages", folder)
    assert (ended.code, ended.err) == (0, "")
    assert f"{len(load_rules()) + 1} pages written" in ended.out
    assert {path.stem for path in folder.iterdir()} == {rule.id for rule in load_rules()} | {"README"}
    assert call("rules", "--pages", folder, "-q") == (0, "", "")


def test_a_folder_that_cannot_be_is_refused(call, tmp_path):
    (tmp_path / "file").write_text("")
    assert_refused(call("rules", "--pages", tmp_path / "file"), "cannot be made")
    assert_refused(call("rules", "--pages", tmp_path / "file" / "inner"), "cannot be made")
