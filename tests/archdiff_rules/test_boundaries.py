"""Where one rule ends and the next begins: pairs of one line, and which of the rules at the border fire."""

from __future__ import annotations

import json

import pytest

from archdiff.compare import compare
from archdiff.graph import build_graph
from archdiff.packs import run
from archdiff.sources import resolve
from tests.archdiff_rules.corpus import RULES

SIZES = {
    "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 4, "num_attention_heads": 4, "head_dim": 8,
    "num_key_value_heads": 2, "vocab_size": 64, "max_position_embeddings": 128, "tie_word_embeddings": False,
}  # fmt: skip
EXPERTS = {"moe_intermediate_size": 16, "num_experts": 4, "num_experts_per_tok": 2, "mlp_only_layers": []}
FAMILIES = {
    "llama": ("LlamaForCausalLM", {}),
    "gemma2": ("Gemma2ForCausalLM", {"query_pre_attn_scalar": 8}),
    "granite": ("GraniteForCausalLM", {"embedding_multiplier": 12.0}),
    "qwen3": ("Qwen3ForCausalLM", {"use_sliding_window": True, "sliding_window": 16}),
    "qwen3_moe": ("Qwen3MoeForCausalLM", EXPERTS),
    "glm4_moe": ("Glm4MoeForCausalLM", {"moe_intermediate_size": 16, "n_routed_experts": 4, "num_experts_per_tok": 2}),
    "ernie4_5_moe": (
        "Ernie4_5_MoeForCausalLM",
        {"moe_intermediate_size": 16, "moe_num_experts": 4, "moe_k": 2, "moe_layer_start_index": 0},
    ),
}
KINDS = {"s": "sliding_attention", "f": "full_attention"}


@pytest.fixture
def fired(tmp_path):
    """Messages by rule for two variants of a family."""

    def build(name, family, values):
        class_name, defaults = FAMILIES[family]
        config = {"model_type": family, "architectures": [class_name], **SIZES, **defaults, **values}
        (tmp_path / f"{name}.json").write_text(json.dumps(config))
        return build_graph(resolve(str(tmp_path / f"{name}.json")))

    def fired(family, old, new):
        graphs = (build("old", family, old), build("new", family, new))
        return {rule.id: finding.message for rule, finding in run(tuple(RULES.values()), compare(*graphs))}

    return fired


def windows(kinds):
    return {"num_hidden_layers": len(kinds), "layer_types": [KINDS[kind] for kind in kinds]}


@pytest.mark.parametrize(
    ("old", "new", "fires"),
    [
        ("sfsf", "sfsfsfsf", False),
        ("ssff", "sssfff", False),
        ("sfsf", "ffff", True),
        ("ffff", "sssf", True),
        ("ssff", "sfff", True),
        ("ssss", "ffff", False),
    ],
)
def test_a_pattern_of_windows_changes_unless_it_only_grows(fired, old, new, fires):
    found = fired("qwen3", windows(old), windows(new))
    assert ("layer-pattern-changed" in found) is fires
    assert ("layers-added" in found) is (len(old) < len(new))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"decoder_sparse_step": 2}, {"decoder_sparse_step": 2, "num_hidden_layers": 8}, {"layers-added"}),
        ({"decoder_sparse_step": 2}, {"decoder_sparse_step": 1}, {"dense-layers-removed"}),
        ({"mlp_only_layers": [0]}, {"mlp_only_layers": []}, {"dense-layers-removed"}),
        ({"mlp_only_layers": [0]}, {"mlp_only_layers": [0, 1]}, {"dense-layers-added"}),
        (
            {"decoder_sparse_step": 2, "num_hidden_layers": 6},
            {"decoder_sparse_step": 3, "num_hidden_layers": 6},
            {"dense-layers-added", "layer-pattern-changed"},
        ),
        ({"mlp_only_layers": [0, 1, 2, 3]}, {}, {"experts-added"}),
        ({}, {"mlp_only_layers": [0, 1, 2, 3]}, {"experts-removed"}),
    ],
)
def test_dense_layers_among_mixtures(fired, old, new, expected):
    border = {"experts-added", "experts-removed", "dense-layers-added", "dense-layers-removed", "layer-pattern-changed"}
    found = fired("qwen3_moe", old, new).keys() & {*border, "layers-added", "layers-removed"}
    assert expected <= found
    assert found - expected <= {"dense-layers-removed"}


def test_a_dense_layer_that_is_dropped_is_removed(fired):
    old, new = {"first_k_dense_replace": 2}, {"first_k_dense_replace": 1, "num_hidden_layers": 3}
    found = fired("glm4_moe", old, new)
    assert found["dense-layers-removed"] == "1 dense layer of width 64 dropped"
    assert found["layers-removed"].startswith("4 → 3 layers: 1 removed, attention with dense feed-forward")
    assert "unexplained-change" not in found


def test_layers_of_one_kind_that_are_added_have_no_certain_place(fired):
    found = fired("llama", {"num_hidden_layers": 3}, {"num_hidden_layers": 5})
    assert found.keys() == {"layers-added"}
    assert "structure alone cannot tell" in found["layers-added"]


def test_shared_experts_are_counted_in_added_layers_too(fired):
    old = {"moe_num_shared_experts": 0, "num_hidden_layers": 2}
    found = fired("ernie4_5_moe", old, {"moe_num_shared_experts": 2})
    assert (
        found["shared-experts-added"]
        == "2 shared experts of width 32 added to each of 4 layers, 2 of which are new themselves"
    )
    assert {"shared-experts-added", "layers-added"} <= found.keys()


def test_a_multiplier_that_follows_the_hidden_size_is_part_of_it(fired):
    found = fired("gemma2", {}, {"hidden_size": 48})
    assert "hidden-size-changed" in found
    assert "embedding-scaling-changed" not in found


def test_a_multiplier_of_its_own_is_not(fired):
    found = fired("granite", {}, {"hidden_size": 48, "embedding_multiplier": 6.0})
    assert found["embedding-scaling-changed"] == "multiplier on the embeddings: 12 → 6"


@pytest.mark.parametrize("tied", [True, False])
def test_a_head_that_is_gone_unties_nothing(fired, tied):
    found = fired(
        "llama", {"tie_word_embeddings": tied}, {"tie_word_embeddings": tied, "architectures": ["LlamaModel"]}
    )
    assert found["task-head-changed"] == "head: language-model → none"
    assert not found.keys() & {"embeddings-tied", "embeddings-untied"}


def test_one_cause_of_many_reshapes_is_one_finding(fired):
    assert fired("llama", {}, {"hidden_size": 48}).keys() == {"hidden-size-changed"}
