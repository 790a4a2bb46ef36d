"""A report has the lines of the keys that differ, of models that are files, and of no others."""

from __future__ import annotations

import json

import pytest

from archdiff.report.lines import with_lines
from archdiff.sources import resolve
from tests.archdiff.making import LLAMA, change, report


@pytest.fixture
def sources(tmp_path):
    """OLD and NEW as files, one key to a line; NEW has another first line."""
    paths = [tmp_path / "old.json", tmp_path / "new.json"]
    paths[0].write_text(json.dumps(LLAMA, indent=0), encoding="utf-8")
    paths[1].write_text("\n" + json.dumps(LLAMA, indent=0), encoding="utf-8")
    return tuple(resolve(str(path)) for path in paths)


def compared(sources, *changes):
    """A report of the two files."""
    made = report(changes=changes)
    stated = [{"reference": source.reference, "digest": source.digest} for source in sources]
    sides = zip(("old", "new"), stated, strict=True)
    return made.model_copy(update={side: getattr(made, side).model_copy(update=values) for side, values in sides})


def test_only_keys_that_differ_have_lines(sources):
    changes = (change(1, kind="config-changed", subject="vocab_size"), change(2, kind="class-changed", subject="x"))
    made = with_lines(compared(sources, *changes))
    assert made.old.lines == {"vocab_size": 12}
    assert made.new.lines == {"vocab_size": 13}


def test_a_key_inside_stands_at_the_line_of_the_outer_one(sources):
    made = with_lines(compared(sources, change(1, kind="attribute-changed", subject="model_type.inner.x")))
    assert made.new.lines == {"model_type": 6}


def test_a_key_that_the_file_does_not_state_has_no_line(sources):
    assert with_lines(compared(sources, change(1, kind="config-changed", subject="rope_theta"))).new.lines == {}


def test_nothing_else_changes(sources):
    made = compared(sources, change(1, kind="config-changed", subject="vocab_size"))
    lined = with_lines(made)
    assert lined.old.lines
    assert lined.model_copy(update={"old": made.old, "new": made.new}) == made
    assert lined.old.model_copy(update={"lines": {}}) == made.old


def test_another_content_has_no_lines(sources):
    made = compared(sources, change(1, kind="config-changed", subject="vocab_size"))
    other = made.new.model_copy(update={"digest": "sha256:00"})
    assert with_lines(made.model_copy(update={"new": other})).new.lines == {}
