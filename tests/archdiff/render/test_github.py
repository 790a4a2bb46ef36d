"""Annotations: escaped as the runner unescapes them, and no more of them than are shown."""

from __future__ import annotations

import re

import pytest
from hypothesis import given

from archdiff.render import github
from tests.archdiff.making import finding, report
from tests.archdiff.render.reports import (
    HOSTILE,
    any_text,
    every_impact,
    many,
    named,
    of_kinds,
    with_lines,
    with_set_aside,
)

COMMAND = re.compile(r"::(error|warning|notice) (\S[^\r\n]*?)::([^\r\n]*)")


def unescaped(text):
    """What the runner makes of a property."""
    for escape, character in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        text = text.replace(escape, character)
    return text


def parsed(made):
    """Annotations as level, properties and message, and the other lines."""
    lines = github.text(made).removesuffix("\n").split("\n")
    commands = [match for line in lines if (match := COMMAND.fullmatch(line))]
    found = []
    for match in commands:
        pairs = [pair.partition("=") for pair in match[2].split(",")]
        found.append((match[1], {name: unescaped(value) for name, _, value in pairs}, unescaped(match[3])))
    return found, [line for line in lines if not COMMAND.fullmatch(line)]


def test_impacts_are_levels_the_worst_first():
    found, _ = parsed(every_impact())
    assert [(level, values["title"]) for level, values, _ in found] == [
        ("error", "archdiff: heads-changed (breaking)"),
        ("error", "archdiff: part-removed (breaking)"),
        ("warning", "archdiff: scale-changed (behavioral)"),
        ("notice", "archdiff: name-changed (cosmetic)"),
    ]
    assert found[0][2] == "layers 0–1: heads: 4 → 8"


def test_an_annotation_stands_at_the_config_where_that_is_a_file():
    found, _ = parsed(of_kinds(every_impact(), references=("old, 1:2%.json", "dir/new.json")))
    assert [values["file"] for _, values, _ in found] == ["dir/new.json", "old, 1:2%.json", *["dir/new.json"] * 2]
    found, _ = parsed(of_kinds(every_impact(), "catalogue", "hub"))
    assert not any("file" in values for _, values, _ in found)


@pytest.mark.parametrize("number", [1, 9, 10, 11, 40])
def test_a_step_gets_as_many_annotations_as_it_shows_and_the_last_tells_the_rest(number):
    found, _ = parsed(many(number))
    assert len(found) == min(number, github.MOST)
    for layer in range(number):
        assert sum(f"({layer})" in message for _, _, message in found) == 1
    if number > github.MOST:
        assert found[-1][1]["title"] == f"archdiff: {number - 9} more breaking findings"


def test_each_level_has_its_own_number():
    pairs = [*many(12).findings, *many(12, "cosmetic").findings]
    found, _ = parsed(many(12).model_copy(update={"findings": tuple(pairs)}))
    assert [level for level, _, _ in found] == ["error"] * 10 + ["notice"] * 10


def test_the_log_says_what_it_comes_to_and_what_was_not_checked():
    made = with_set_aside("baseline")
    _, rest = parsed(made)
    assert rest[0].startswith("archdiff: old → new: ")
    assert "archdiff: 1 known or suppressed, not counted" in rest
    assert [f"archdiff: not checked: {text}" for text in made.not_checked] == rest[2:]


def test_escapes_are_undone_by_the_runner():
    found, _ = parsed(report(finding("50 % of a:b, c")))
    assert found[0][2] == "layer 0: 50 % of a:b, c"
    assert "50 %25 of a:b, c" in github.text(report(finding("50 % of a:b, c")))


def test_an_annotation_stands_at_the_line_of_a_key():
    made = with_lines(of_kinds(every_impact()), {}, {"heads": 7})
    assert ",file=new.json,line=7::" in github.text(made).splitlines()[0]
    assert ",line=" not in "".join(github.text(made).splitlines()[1:])


def test_a_property_holds_no_separator():
    line = github.text(of_kinds(report(finding()), references=("x", "a,b:c%d.json"))).splitlines()[0]
    assert line == "::error title=archdiff%3A some-rule (breaking),file=a%2Cb%3Ac%25d.json::layer 0: heads: 4 → 8"


@given(any_text)
def test_a_name_starts_no_command(text):
    found, rest = parsed(of_kinds(named(text), references=(text or "x", text or "x")))
    assert [level for level, _, _ in found] == ["error", "warning", "notice"]
    assert all(set(values) <= {"title", "file"} for _, values, _ in found)
    assert all(line.startswith("archdiff: ") and line.isprintable() and "##[" not in line for line in rest)


def test_a_hostile_name_stays_in_its_message():
    found, rest = parsed(named(HOSTILE))
    assert len(found) == 3
    assert "::error::x" in found[0][2]
    assert any("## [add-mask]" in line for line in rest)
