"""Compared code as a report has it: always beside the control, and always with what it says nothing about."""

from __future__ import annotations

import jsonschema
import pytest

from archdiff import api
from archdiff.errors import ArchdiffError
from archdiff.report.code import NOT_WEIGHTS, CodeEntry
from tests.archdiff.evidence.code.sources import BLOCK, OTHER, renamed


@pytest.fixture
def files(tmp_path):
    """Compare two sources."""

    def compare(old, new):
        for name, text in (("old.py", old), ("new.py", new)):
            (tmp_path / name).write_text(text, encoding="utf-8", errors="surrogatepass")
        return api.code(str(tmp_path / "old.py"), str(tmp_path / "new.py"))

    return compare


def test_a_renamed_copy(files):
    made = files(BLOCK, renamed(BLOCK))
    assert (made.similarity, made.of_old, made.of_new) == (1, 1, 1)
    assert made.limits == (NOT_WEIGHTS,)
    assert 0 < made.expected < made.expected_high < 1
    assert {match.old for match in made.matches} == {"ExampleAttention", "ExampleModel"}
    assert all(match.expected is not None for match in made.matches)
    assert made.reasons[0].startswith("100 % of the code is equal, names normalised: more than between any of")
    assert made.old.copyright == ("Copyright 2023 The Example Authors. All rights reserved.",)
    assert made.new.copyright == ()
    assert made.old.beside == (), "a configuration is no modelling code"


def test_equal_files_are_told_by_their_digest(files):
    made = files(BLOCK, BLOCK)
    assert made.reasons[0] == "the two files are equal"
    assert made.old.digest == made.new.digest


def test_other_code_is_said_to_be_near_the_control(files):
    made = files(BLOCK, OTHER)
    assert made.similarity <= made.expected_high
    assert "as between unrelated families" in made.reasons[0]


def test_an_empty_file_is_like_nothing(files):
    made = files("", BLOCK)
    assert (made.similarity, made.matches, made.old.classes) == (0, (), 0)


def test_what_is_beside_and_was_not_looked_at(files):
    made = files(BLOCK, f"from .layers import Norm\n{BLOCK}")
    assert made.new.beside == ("layers",)
    assert made.limits[0] == NOT_WEIGHTS
    assert made.limits[1].startswith("The main modelling file of each was compared")


def test_declared_inheritance():
    made = api.code("deepseek_v3", "glm4_moe")
    assert made.new.inherits[0] == "deepseek_v3"
    assert made.limits[0] == NOT_WEIGHTS
    assert made.limits[1].startswith("Both files are transformers' own")
    assert any(
        reason.startswith("glm4_moe derives ") and reason.endswith(" from deepseek_v3") for reason in made.reasons
    )
    assert made.similarity > made.expected_high


def test_a_common_ancestor():
    made = api.code("mistral", "qwen2")
    assert any(reason.startswith("both are declared to be made from") and "llama" in reason for reason in made.reasons)


def test_inheritance_through_others_and_comments():
    through = api.code("mixtral", "glm4_moe").reasons
    assert "glm4_moe is declared to be made from mixtral through other families" in through
    copied = api.code("bert", "mobilebert")
    assert "bert" in copied.new.copied
    assert any(reason.startswith("comments of mobilebert say") for reason in copied.reasons)


def test_the_same_bytes_in_both_directions_and_twice(files):
    first, again = files(BLOCK, OTHER), files(BLOCK, OTHER)
    assert first.model_dump_json() == again.model_dump_json()
    jsonschema.validate(first.model_dump(mode="json"), CodeEntry.model_json_schema(mode="serialization"))
    assert CodeEntry.model_validate_json(first.model_dump_json()) == first


@pytest.mark.parametrize("text", ["def", "(" * 300, "x = '\ud800'"])
def test_a_source_that_cannot_be_parsed(files, text):
    with pytest.raises(ArchdiffError):
        files(BLOCK, text)
