"""What the formats for programs share: files of the user, and findings in one line."""

from __future__ import annotations

import pytest

from archdiff.render.findings import counted, described, file_of, file_of_finding, heading, line_of
from tests.archdiff.making import finding, report
from tests.archdiff.render.reports import HOSTILE, every_impact, named, of_kinds, with_lines

FILES = {
    "config.json": "config.json",
    "./models/config.json": "models/config.json",
    "models//a/../b.json": "models/b.json",
    "models\\b.json": "models/b.json",
    "/abs/b.json": "/abs/b.json",
    "../b.json": None,
    "a/../../b.json": None,
    "~/b.json": None,
}


@pytest.mark.parametrize(("reference", "path"), FILES.items())
def test_a_file_is_named_as_other_programs_find_it(reference, path):
    assert file_of(of_kinds(report(), references=(reference, "x")).old) == path


def test_a_directory_names_its_config():
    made = of_kinds(report(), old="directory", references=("models/", "x"))
    assert file_of(made.old) == "models/config.json"


def test_a_saved_graph_is_a_file():
    assert file_of(of_kinds(report(), old="snapshot", references=("a.graph.json", "x")).old) == "a.graph.json"


REVISIONS = {
    "HEAD~1:config.json": "config.json",
    ":models/b.json": "models/b.json",
    "main:models/x": "models/x/config.json",
    "main:": "config.json",
    "main:./b.json": "b.json",
    "main:../b.json": None,
}


@pytest.mark.parametrize(("reference", "path"), REVISIONS.items())
def test_a_git_revision_names_the_file_that_it_is_a_revision_of(reference, path):
    assert file_of(of_kinds(report(), old="revision", references=(reference, "x")).old) == path


@pytest.mark.parametrize("kind", ["catalogue", "hub", "weights", "gguf", "adapter"])
def test_what_is_no_file_of_the_user_names_none(kind):
    assert file_of(of_kinds(report(), old=kind).old) is None


def test_a_finding_belongs_to_the_config_of_new_and_what_is_gone_to_that_of_old():
    made = of_kinds(every_impact())
    by_rule = {each.rule: file_of_finding(each, made) for each in made.findings}
    assert by_rule.pop("part-removed") == ("a/old.json", None)
    assert set(by_rule.values()) == {("new.json", None)}


def test_the_other_config_stands_in_where_only_one_is_a_file():
    assert file_of_finding(every_impact().findings[0], of_kinds(every_impact(), new="hub")) == ("a/old.json", None)
    assert file_of_finding(every_impact().findings[0], of_kinds(every_impact(), "hub", "hub")) is None


def test_a_finding_is_one_line_with_place_and_doubt():
    made = every_impact()
    told = {each.rule: described(each) for each in made.findings}
    assert told["heads-changed"] == "layers 0–1: heads: 4 → 8"
    assert told["scale-changed"] == "layer 0: scale: 1 → 2 (medium confidence)"
    assert told["name-changed"] == "name: a → b"


def test_a_long_message_keeps_its_ends():
    long = described(report(finding(f"begin {'x' * 5000} end")).findings[0])
    assert len(long) < 1100
    assert long.startswith("layer 0: begin")
    assert long.endswith("end")


def test_counts():
    assert heading(every_impact()) == "old → new: 2 breaking, 1 behavioral, 1 cosmetic"
    assert counted(report()) == "no findings"


def test_hostile_text_is_one_line():
    made = named(HOSTILE)
    for line in (heading(made), *map(described, made.findings)):
        assert line.isprintable()


LINES = [
    ({"heads": 7, "rope": 3}, 3),
    ({"heads": 7}, 7),
    ({"rope": 9, "other": 1}, 9),
    ({"other": 1}, None),
    ({}, None),
]


@pytest.mark.parametrize(("lines", "line"), LINES)
def test_a_finding_stands_at_the_first_key_that_it_explains(lines, line):
    made = with_lines(of_kinds(every_impact()), {"heads": 100}, lines)
    assert file_of_finding(made.findings[0], made) == ("new.json", line)
    assert file_of_finding(made.findings[-1], made) == ("new.json", None), "it explains no change of the config"
    assert line_of(made.findings[0], made, made.old) == 100


def test_only_a_change_of_the_config_has_a_line():
    made = with_lines(of_kinds(every_impact()), {}, {"heads": 7})
    changes = tuple(change.model_copy(update={"kind": "class-changed"}) for change in made.changes)
    assert line_of(made.findings[0], made.model_copy(update={"changes": changes}), made.new) is None
