"""Claims about sizes and kinds, held against a graph of three layers, the first of them dense."""

from __future__ import annotations

import pytest

from archdiff.review import structure
from archdiff.review.table import specs, term
from tests.archdiff.review.making import CONFIG, FACTS, items, material, subject


def claim(key, value, **more):
    """The item of one claim about the architecture."""
    return items(f"[architecture]\n{key} = {value}\n", **more)[f"architecture.{key}"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("layers", "3"), ("dense_layers", "1"), ("routed_experts", "4"), ("hidden_size", '"16"'), ("query_heads", "8"),
        ("attention", '"GQA"'), ("attention", '"Grouped Query Attention"'), ("dtype", '"bf16"'),
        ("shared_experts", "0"),
        ("modalities", '"text"'), ("modalities", "[]"), ("sliding_window", "0"), ("vocabulary", "100"),
    ],
)  # fmt: skip
def test_what_is_true_is_proved(key, value):
    assert claim(key, value).status == "proved"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("layers", "4"), ("dense_layers", "0"), ("routed_experts", "8"), ("hidden_size", '"17"'),
        ("query_heads", "[8, 4]"),
        ("attention", '"MLA"'), ("dtype", '"float16"'), ("shared_experts", "1"), ("modalities", '["vision"]'),
        ("sliding_window", "128"), ("key_value_heads", "8"), ("tied_embeddings", "true"),
    ],
)  # fmt: skip
def test_what_is_not_true_is_refuted(key, value):
    assert claim(key, value).status == "refuted"


def test_a_place_is_config_key_module_and_layers():
    assert claim("layers", "4").evidence[0].where == "config.json num_hidden_layers; layers, layers 0–2"
    assert claim("routed_experts", "8").evidence[0].where == "config.json n_routed_experts; layers, layers 1–2"
    assert claim("dense_layers", "0").evidence[0].where == "config.json first_k_dense_replace; layers, layer 0"


def test_a_nested_config_is_named_with_its_table():
    nested = subject(config={"text_config": CONFIG, "num_hidden_layers": 99})
    assert (
        claim("layers", "3", subject=nested).evidence[0].where.startswith("config.json text_config.num_hidden_layers")
    )


def test_what_differs_between_layers_is_a_list():
    varied = subject([FACTS, {**FACTS, "attention.query_heads": 4}, FACTS])
    assert claim("query_heads", "[4, 8]", subject=varied).status == "proved"
    refuted = claim("query_heads", "8", subject=varied)
    assert (refuted.status, refuted.found) == ("refuted", [8, 4])
    assert refuted.evidence[0].where.endswith("layer 1"), "the layer that is at odds comes first"
    assert refuted.reason == "The model has 8 or 4 (config.json num_attention_heads)."


def test_parameters_are_covered_by_the_digits_stated():
    total = subject().graph.parameters
    found = items(f'[parameters]\ntotal = "{total:,}"\nactive = 1\n')
    assert (found["parameters.total"].status, found["parameters.active"].status) == ("proved", "refuted")
    assert found["parameters.active"].reason.endswith(f"exactly {found['parameters.active'].found:,}.")


def test_layers_that_the_class_does_not_build_leave_a_larger_count_open():
    predicting = subject(facts={"prediction_heads.count": 1})
    total = predicting.graph.parameters
    larger = items(f"[parameters]\ntotal = {total + 400}\n", subject=predicting)["parameters.total"]
    assert larger.status == "open"
    assert "1 layer for multi-token prediction" in larger.reason
    assert items(f"[parameters]\ntotal = {total + 5}\n", subject=predicting)["parameters.total"].status == "refuted"
    assert items(f"[parameters]\ntotal = {total - 5}\n", subject=predicting)["parameters.total"].status == "refuted"


def test_not_applicable_is_held_against_the_model():
    assert claim("shared_experts", '"not applicable"').status == "not-applicable"
    refuted = claim("routed_experts", '"n/a"')
    assert (refuted.status, refuted.reason) == ("refuted", "The model has 4.")
    assert refuted.title == "routed experts in a layer: not applicable"


def test_weights_without_a_config_leave_it_open():
    bare = subject(class_name="")
    assert claim("layers", "3", subject=bare).status == "open"
    assert (
        items(f"[parameters]\ntotal = {bare.graph.parameters}\n", subject=bare)["parameters.total"].status == "proved"
    )


def test_what_nobody_claims_is_asked_where_a_reader_will_look():
    found = items()
    assert found["parameters.total"].status == "open"
    assert found["architecture.context_length"].found == 512
    assert "architecture.layers" not in found


def test_a_title_counts_in_words():
    assert claim("layers", "1").title == "1 layer"
    assert claim("routed_experts", "4").title == "4 routed experts in a layer"
    assert claim("query_heads", "[4, 8]").title == "4 or 8 query heads"
    assert claim("attention", '"GQA"').title == "GQA attention"


def test_every_claim_of_the_table_has_a_place_or_a_person():
    kinds = {spec.id: bool(spec.finds) for spec in specs().values()}
    assert {key for key, finds in kinds.items() if finds} == {
        key for key in kinds if key.startswith(("parameters.", "architecture."))
    }


def test_terms_of_the_field():
    assert term("attention", "MLA") == "multi-head-latent"
    assert term("quantization", "No") == "none"
    assert term("dtype", "float8_e4m3fn") == "float8-e4m3fn"


def test_only_claims_with_a_figure_are_judged_here():
    made = material('[data]\nsummary = "x"\n[architecture]\nlayers = 3\n')
    assert "data.summary" not in {item.id for item in structure.items(made)}


def test_claims_are_about_the_language_model_and_not_about_a_larger_tower():
    split = {"vision.layers": ["layers.1", "layers.2"], "text.layers": ["layers.0"]}
    assert subject(stacks=split).stack == "text.layers"
    assert subject(stacks={"vision.layers": ["layers.0"]}).stack == "vision.layers"
