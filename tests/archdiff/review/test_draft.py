"""What --init writes is true of the model, for every kind of model; and one number changed is found out."""

from __future__ import annotations

import re
import tomllib
from functools import cache

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from archdiff.review import claims
from archdiff.review.draft import draft
from archdiff.review.judge import judge
from archdiff.review.material import Material
from archdiff.review.table import specs
from archdiff.reviewing.gathering import subject_of
from tests.archdiff.review.making import subject

SAMPLE = (
    "gpt2",
    "bert-base-uncased",
    "qwen3-0.6b",
    "gemma-2-2b",
    "gemma-4-26b-a4b",
    "gpt-oss-20b",
    "deepseek-v2-lite",
    "glm-4.5-air",
    "jamba-1.5-mini",
    "qwen3-vl-8b",
)


@cache
def drafted(name):
    """A model of the catalogue, and the claims file that is made from it."""
    model = subject_of(name, cached=False)
    return model, draft(model, name, "claims.toml")


def statuses(model, text):
    made = Material(subject=model, claims=claims.parse(text, "claims.toml"))
    return {item.id: item.status for item in judge(made).items}


def numbers(text):
    """Place of every number that the file claims."""
    return [found.span(1) for found in re.finditer(r"^\w+ = \[?(\d+)", text, re.MULTILINE)]


@pytest.mark.parametrize("name", SAMPLE)
def test_what_is_written_is_true(name):
    model, text = drafted(name)
    found = statuses(model, text)
    assert not [key for key, status in found.items() if status == "refuted"]
    stated = claims.parse(text, "x").values
    assert not [key for key in stated if specs()[key].finds and found[key] != "proved"]
    assert {"parameters.total", "architecture.layers", "architecture.vocabulary"} <= stated.keys()


@given(st.sampled_from(SAMPLE), st.integers(0, 30), st.integers(-3, 3).filter(bool))
@example("gpt2", 0, 1)
@example("glm-4.5-air", 0, 1)
@settings(max_examples=60)
def test_any_number_that_is_changed_is_refuted(name, which, by):
    model, text = drafted(name)
    places = numbers(text)
    start, stop = places[which % len(places)]
    changed = int(text[start:stop]) + by
    if changed < 0:
        return
    wrong = f"{text[:start]}{changed}{text[stop:]}"
    assert [status for status in statuses(model, wrong).values() if status == "refuted"] == ["refuted"]


def test_every_key_of_the_table_is_there_stated_or_asked():
    _, text = drafted("gpt2")
    for spec in specs().values():
        assert re.search(rf"^(?:# )?{spec.key} = ", text, re.MULTILINE), spec.id
    assert text.count("# ? ") >= sum(spec.kind == "statement" for spec in specs().values())


def test_questions_become_claims_when_their_mark_is_removed():
    _, text = drafted("gpt2")
    answered = re.sub(r'^# ([\w-]+) = (?:""|"from scratch"|"own")$', r'\1 = "own"', text, flags=re.MULTILINE)
    found = claims.parse(answered, "x")
    assert found.origins["language-model"].base == ""
    assert "data.summary" in found.values


def test_towers_are_asked_about_where_there_are_some():
    assert "vision-tower" in drafted("qwen3-vl-8b")[1]
    assert "vision-tower" not in drafted("gpt2")[1]


def test_the_command_in_it_runs_again():
    assert "#     archdiff review gpt2 --claims claims.toml\n" in drafted("gpt2")[1]


@given(st.text(st.characters(codec="utf-8"), max_size=40))
@settings(max_examples=30)
def test_no_name_breaks_the_file(name):
    made = subject()
    entry = made.portrait.model.model_copy(update={"name": name, "licence": name or None})
    hostile = type(made)(made.graph, made.portrait.model_copy(update={"model": entry}), made.config, name)
    table = tomllib.loads(draft(hostile, name, f"{name}.toml"))
    assert table["model"] == name
    assert table["licence"].get("name", "") == name


def test_weights_without_a_config_state_their_size_alone():
    bare = subject(class_name="")
    stated = claims.parse(draft(bare, "w", "c.toml"), "x").values
    assert dict(stated) == {"parameters.total": bare.graph.parameters}
