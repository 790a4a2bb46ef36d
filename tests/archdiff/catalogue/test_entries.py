"""Every entry builds, has the parameters it states, and agrees with what its publisher announced."""

from __future__ import annotations

import datetime
import re
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

import pytest

from archdiff.catalogue import entries, load, names
from tests.archdiff.catalogue.building import config_class, count, entry_shapes, model_class

SCALES = {"M": 10**6, "B": 10**9, "T": 10**12}

# What the dispute and its control instantiate. A biased attention and a biased head are in the last figure.
DISPUTE = {
    "solar-open-100b": 102_651_793_408,
    "glm-4.5-air": 106_852_245_504,
    "gpt-oss-120b": 116_829_156_672,
    "phi-3.5-moe": 41_873_153_344,
}
RELATED = (
    "deepseek-v3 deepseek-r1 llama-3-8b llama-3.1-8b mistral-7b-v0.1 solar-10.7b yi-34b mixtral-8x7b-v0.1 "
    "qwen2.5-32b deepseek-r1-distill-qwen-32b qwen3-30b-a3b qwen3-30b-a3b-fp8 qwen3-30b-a3b-nvfp4"
)

# Keys that no class reads at all, or that are read before the class sees them. Published facts all the same.
BESIDES = {
    "architectures",
    "attention_head_dim",
    "cache_implementation",
    "dtype",
    "experts_per_token",
    "hidden_dropout",
    "hybrid_override_pattern",
    "indexer_rope_interleave",
    "initial_context_length",
    "max_window_layers",
    "model_type",
    "moe_layer_freq",
    "mtp_transformer_layers",
    "n_ctx",
    "num_mtp_modules",
    "num_nextn_predict_layers",
    "original_max_position_embeddings",
    "partial_rotary_factor",
    "position_embedding_type",
    "qk_norm_type",
    "quantization_config",
    "rope_parameters",
    "rope_scaling",
    "rope_theta",
    "rotary_dim",
    "rotary_emb_base",
    "rotary_pct",
    "scoring_func",
    "seq_length",
    "shared_intermediate_size",
    "sliding_window_pattern",
    "time_step_rank",
    "topk_method",
    "torch_dtype",
    "use_mrope",
    "use_mtp",
    "use_qk_norm",
    "use_routing_bias",
    "vision_soft_tokens_per_image",
}
# The same for keys that other classes do read, by the model type whose class does not declare them.
BESIDES_FOR = {
    "bloom": {"n_embed"},
    "exaone4": {"head_dim"},
    "falcon": {"apply_residual_connection_post_layernorm"},
    "gemma2": {"hidden_act"},
    "gemma4_text": {"global_head_dim", "num_global_key_value_heads"},
    "gemma4_vision": {"default_output_length", "global_head_dim"},
    "glm4_moe": {"head_dim"},
    "glm_moe_dsa": {"rope_interleave"},
    "jamba": {"sliding_window"},
    "nemotron_h": {"num_hidden_layers", "rms_norm_eps"},
    "phi3": {"attention_bias"},
    "qwen3_moe": {"head_dim"},
    "qwen3_next": {"full_attention_interval", "use_sliding_window"},
    "qwen3_vl_text": {"bos_token_id", "eos_token_id"},
    "solar_open": {"first_k_dense_replace", "intermediate_size"},
}


def agrees(instantiated: int, published: str) -> bool:
    """Whether `published` is `instantiated`, rounded or cut to the decimals it shows."""
    figure, scale = Decimal(published[:-1]), SCALES[published[-1]]
    exact = Decimal(instantiated) / scale
    return figure in {exact.quantize(figure, way) for way in (ROUND_HALF_UP, ROUND_DOWN)}


def folded(of: dict[str, tuple[int, ...]]) -> set[tuple[str, tuple[int, ...]]]:
    """Names and shapes with the layer left out, so that depths compare equal."""
    return {(re.sub(r"\.\d+\.", ".N.", name), shape) for name, shape in of.items()}


@pytest.fixture(params=names())
def entry(request):
    return load(request.param)


@pytest.mark.parametrize(
    ("instantiated", "published", "expected"),
    [
        (102_651_793_408, "102.6B", True),
        (102_651_793_408, "102.7B", True),
        (102_651_793_408, "102.5B", False),
        (102_651_793_408, "102.65B", True),
        (1_026_408_209_408, "1T", True),
        (8_030_261_248, "8B", True),
        (8_030_261_248, "8.1B", False),
        (8_030_261_248, "8M", False),
        (32_763_876_352, "32.5B", False),
    ],
)
def test_a_published_figure_may_be_rounded_or_cut_and_nothing_else(instantiated, published, expected):
    assert agrees(instantiated, published) is expected


def test_instantiates_the_count_it_states(entry):
    assert count(entry_shapes(entry.name)) == entry.parameters.instantiated


@pytest.mark.parametrize("name", [entry.name for entry in entries() if entry.parameters.published])
def test_announced_figure_agrees(name):
    parameters = load(name).parameters
    assert agrees(parameters.instantiated, parameters.published)


def test_a_figure_that_is_left_out_is_explained(entry):
    assert entry.parameters.published or entry.notes


def unknown(config, read):
    """Keys of `config`, and of its parts, that neither their class nor the tables above know."""
    known = read().to_dict().keys() | read.attribute_map.keys()
    parts = [unknown(config[part], of) for part, of in read.sub_configs.items() if config.get(part)]
    return (config.keys() - known - BESIDES - BESIDES_FOR.get(config["model_type"], set())).union(*parts)


def test_keys_are_known(entry):
    """A misspelt key would leave the class default in its place."""
    assert not unknown(entry.config, config_class(entry.config))


def test_an_unknown_key_is_found():
    config = {"model_type": "gemma4", "text_config": {"model_type": "gemma4_text", "hiden_size": 8}}
    assert unknown(config, config_class(config | {"architectures": []})) == {"hiden_size"}


def test_no_key_is_excused_for_nothing():
    stated = {key for entry in entries() for key in (*entry.config, *entry.config.get("text_config", {}))}
    assert stated >= BESIDES


def test_the_class_takes_the_config(entry):
    assert issubclass(config_class(entry.config), model_class(entry.config).config_class)


def test_source_and_date_are_plausible(entry):
    assert entry.hub_id in entry.source
    assert "2018-01-01" <= entry.released <= datetime.datetime.now(tz=datetime.UTC).date().isoformat()


def test_a_parent_is_another_model_and_no_younger(entry):
    parents = {other.hub_id: other for other in entries()}
    for line in entry.lineage:
        assert line.base != entry.hub_id
        if line.base in parents:
            assert parents[line.base].released <= entry.released


def derived(*relations):
    """Pairs of entries, child and parent, that stand in one of `relations`."""
    by_hub_id = {entry.hub_id: entry.name for entry in entries()}
    return [
        pytest.param(entry.name, by_hub_id[line.base], id=f"{line.base}->{entry.name}")
        for entry in entries()
        for line in entry.lineage
        if line.base in by_hub_id and line.relation in relations
    ]


@pytest.mark.parametrize(("child", "parent"), derived("quantized", "distilled"))
def test_a_quantized_or_distilled_model_has_its_parents_parameters(child, parent):
    assert entry_shapes(child) == entry_shapes(parent)


@pytest.mark.parametrize(("child", "parent"), derived("quantized"))
def test_a_quantized_model_differs_from_its_parent_in_storage_alone(child, parent):
    stored = dict(load(child).config)
    assert stored.pop("quantization_config")["quant_method"]
    assert stored == load(parent).config


@pytest.mark.parametrize(("child", "parent"), derived("depth-upscaled"))
def test_a_depth_upscaled_model_repeats_its_parents_layers(child, parent):
    assert folded(entry_shapes(child)) == folded(entry_shapes(parent))
    assert len(entry_shapes(child)) > len(entry_shapes(parent))


@pytest.mark.parametrize(("child", "parent"), derived("same-architecture"))
def test_the_same_architecture_has_the_same_parameter_names(child, parent):
    ours, theirs = folded(entry_shapes(child)), folded(entry_shapes(parent))
    assert {name for name, _ in ours} == {name for name, _ in theirs}


def test_deepseek_r1_is_deepseek_v3():
    assert load("deepseek-r1").config == load("deepseek-v3").config


def test_the_known_relations_are_in_it():
    kinds = {line.relation for entry in entries() for line in entry.lineage}
    assert kinds >= {"finetune", "quantized", "distilled", "depth-upscaled", "same-architecture"}
    assert {*RELATED.split(), *DISPUTE} <= set(names())
    assert len(names()) >= 45


@pytest.mark.parametrize(("name", "parameters"), DISPUTE.items())
def test_the_dispute_has_the_figures_it_was_argued_with(name, parameters):
    assert count(entry_shapes(name)) == parameters


def test_a_hub_id_is_in_it_once():
    ids = [entry.hub_id for entry in entries()]
    assert len(ids) == len(set(ids))
