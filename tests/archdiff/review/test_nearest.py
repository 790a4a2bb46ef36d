"""The nearest architectures: a distance, and a table that is not forgotten when the catalogue changes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archdiff import api, catalogue
from archdiff.review import nearest as near
from archdiff.review import survey
from archdiff.review.distance import SIZES, between, differences, facts_of
from archdiff.review.nearest import known, nearest
from archdiff.sources import resolve
from tests.archdiff.review.making import portray_model, subject

VALUES = st.booleans() | st.integers(0, 1000) | st.sampled_from(["rms", "layer"])
FACTS = st.dictionaries(st.sampled_from(["layers", "norm.kind", "mlp.gated", "x", "y"]), st.tuples(VALUES), max_size=5)


def of(name):
    """A model of the catalogue as the table has it."""
    return known()[name].facts


def named(architecture, **more):
    """The model entry of a catalogue architecture."""
    facts = {key: values[0] for key, values in of(architecture).items() if len(values) == 1}
    varying = {key: values for key, values in of(architecture).items() if len(values) > 1}
    entry = subject().portrait.model
    return entry.model_copy(update={"facts": facts, "varying": varying, **more})


def test_every_name_of_the_catalogue_is_in_the_table_with_its_config():
    assert list(known()) == list(catalogue.names()), "run: python -m archdiff.review.survey"
    stale = [name for name in known() if resolve(name).digest != known()[name].digest]
    assert not stale, "run: python -m archdiff.review.survey"


@pytest.mark.parametrize("name", ["gpt2", "qwen3-0.6b", "gemma-2-2b", "deepseek-v2-lite"])
def test_a_row_is_what_the_graph_says(name):
    row = survey.row(api.load(name, cached=False))
    assert {key: tuple(value) for key, value in json.loads(json.dumps(row["facts"])).items()} == of(name)
    assert (row["title"], row["hub_id"], row["digest"]) == (
        known()[name].title,
        known()[name].hub_id,
        known()[name].digest,
    )


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("solar-open-100b", "glm-4.5-air"),
        ("yi-34b", "llama-2-70b"),
        ("kimi-k2", "deepseek-r1"),
        ("gpt-oss-120b", "gpt-oss-20b"),
        ("phi-4", "llama-3-8b"),
        ("nous-hermes-2-solar-10.7b", "solar-10.7b"),
    ],
)
def test_known_neighbours_come_first(name, first):
    assert nearest(named(name, kind="catalogue", name=name))[0].name == first


def test_a_copy_under_another_name_is_found_and_named():
    found = nearest(named("glm-4.5-air", name="mine"))[0]
    assert (found.name, found.distance, found.same_architecture) == ("glm-4.5-air", 0, True)
    assert found.sentence == "The architecture is that of GLM-4.5-Air, sizes included."


def test_a_model_is_not_listed_beside_itself():
    assert "glm-4.5-air" not in {each.name for each in nearest(named("glm-4.5-air", hub_id="ZAI-org/glm-4.5-air"))}
    assert "glm-4.5-air" not in {
        each.name for each in nearest(named("glm-4.5-air", kind="catalogue", name="glm-4.5-air"))
    }


def test_sizes_alone_are_told_as_sizes():
    found = {each.name: each for each in nearest(named("yi-34b", name="mine"))}
    assert found["llama-2-70b"].sentence.startswith("Made as Llama 2 70B, at other sizes: rotary.base 10000 → 5000000")


def test_weights_without_a_config_have_no_neighbours():
    assert nearest(named("gpt2", class_name="")) == ()


def test_a_hub_id_is_found_whatever_its_case():
    assert near.by_hub_id("ZAI-ORG/GLM-4.5-AIR").name == "glm-4.5-air"
    assert near.by_hub_id("nobody/nothing") is None


def test_storage_does_not_count_and_absence_is_no_fact():
    assert facts_of({"dtype": "float8", "mlp.gated": False, "x": None, "y": [], "layers": 3}, {"z": (1, None)}) == {
        "layers": (3,),
        "z": (1,),
    }
    assert between(of("qwen3-30b-a3b"), of("qwen3-30b-a3b-fp8")) == 0


def test_how_far_values_are_apart():
    assert between({"layers": (8,)}, {"layers": (64,)}) == 1
    assert between({"layers": (8,)}, {"layers": (16,)}) == round(1 / 3, 4)
    assert between({"layers": (100,)}, {"layers": (101,)}) == 0.1
    assert between({"a": ("x", "y")}, {"a": ("y",)}) == 0.5
    assert between({"a": ("x",)}, {}) == 1
    assert between({}, {}) == 0


@given(FACTS, FACTS)
def test_it_is_a_distance(first, second):
    one, other = facts_of({}, first), facts_of({}, second)
    assert between(one, one) == 0
    assert between(one, other) == between(other, one)
    assert 0 <= between(one, other) <= 1
    assert bool(differences(one, other)) == (one != other)


def test_the_same_design_at_other_sizes():
    small, large = subject().portrait.model, subject(facts={"hidden_size": 64}).portrait.model
    assert near.same_design(small, large)
    assert not near.same_design(small, subject(facts={"norm.final": True}).portrait.model)
    assert {"layers", "hidden_size"} <= SIZES
    assert portray_model(subject().graph).model == small


def test_every_architecture_that_is_the_same_is_listed_whatever_their_number(monkeypatch):
    monkeypatch.setattr(near, "MOST", 0)
    assert {each.name for each in nearest(named("qwen3-30b-a3b", name="mine"))} >= {
        "qwen3-30b-a3b",
        "qwen3-30b-a3b-fp8",
    }
