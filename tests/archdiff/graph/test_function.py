"""What a module computes: a changed setting changes it, a changed name does not."""

from __future__ import annotations

import pytest

from archdiff.graph.function import fingerprint
from archdiff.graph.recorder import Call
from tests.archdiff.graph.tiny import graph_of, layers_of

PARAMETERS = {0: ("", "weight"), 1: ("", "bias")}


def changed(old, new):
    """Ids of the modules that compute something else."""
    modules = {key: node.function for key, node in old.nodes.items() if node.kind == "module"}
    return {key for key, function in modules.items() if function != new.nodes[key].function}


def parts_changed(family, setting, layer=0):
    """Names, inside one layer, of the parts that compute something else under another setting."""
    old, new = graph_of(family), graph_of(family, **setting)
    prefix = layers_of(old)[layer].id
    return {key.removeprefix(prefix).lstrip(".") for key in changed(old, new) if key.startswith(prefix)}


NORMS = {"input_layernorm", "post_attention_layernorm"}
ROUTING = {"mlp", "mlp.gate"}
# A chosen expert more is a row more in everything that experts compute.
CHOOSING = ROUTING | {"mlp.experts", "mlp.experts.act_fn"}


@pytest.mark.parametrize(
    ("family", "setting", "layer", "parts"),
    [
        ("llama", {"rms_norm_eps": 1e-6}, 0, NORMS),
        ("llama", {"hidden_act": "gelu"}, 0, {"mlp", "mlp.act_fn"}),
        ("llama", {"hidden_act": "relu"}, 0, {"mlp", "mlp.act_fn"}),
        ("llama", {"attention_bias": True}, 0, {f"self_attn.{p}_proj" for p in "qkvo"} | {"self_attn"}),
        ("granitemoe", {"attention_multiplier": 0.2}, 0, {"self_attn"}),
        ("granitemoe", {"residual_multiplier": 0.3}, 0, set()),
        ("gemma2", {"attn_logit_softcapping": 40.0}, 0, {"self_attn"}),
        ("gemma2", {"query_pre_attn_scalar": 64}, 0, {"self_attn"}),
        ("glm4_moe", {"num_experts_per_tok": 3}, 1, CHOOSING),
        ("glm4_moe", {"routed_scaling_factor": 2.0}, 1, ROUTING),
        ("glm4_moe", {"norm_topk_prob": False}, 1, ROUTING),
        ("glm4_moe", {"partial_rotary_factor": 1.0}, 0, {"self_attn"}),
        ("qwen3_moe", {"num_experts_per_tok": 3}, 0, CHOOSING),
        ("qwen3_moe", {"norm_topk_prob": True}, 0, ROUTING),
        ("deepseek_v3", {"n_group": 2, "topk_group": 1}, 1, ROUTING),
        ("deepseek_v3", {"rope_interleave": False}, 1, {"self_attn"}),
        ("gpt_oss", {"swiglu_limit": 6.0}, 0, {"mlp", "mlp.experts"}),
        # Only the path with alibi enters the dropout module, which does nothing.
        ("falcon", {"alibi": True}, 0, {"self_attention", "self_attention.attention_dropout"}),
        ("gpt_neox", {"use_parallel_residual": False}, 0, set()),
    ],
)
def test_a_setting_changes_what_reads_it_the_layer_around_it_and_nothing_else(family, setting, layer, parts):
    assert parts_changed(family, setting, layer) == parts | {""}


def test_a_soft_cap_on_the_logits_changes_the_model_alone():
    old, new = graph_of("gemma2"), graph_of("gemma2", final_logit_softcapping=20.0)
    assert changed(old, new) == {""}


def test_a_scale_on_the_logits_changes_the_model_alone():
    old, new = graph_of("cohere"), graph_of("cohere", logit_scale=0.25)
    assert changed(old, new) == {""}


def test_another_norm_is_another_function():
    rms, centred = graph_of("llama"), graph_of("cohere")
    assert rms.nodes["model.norm"].function != centred.nodes["model.norm"].function
    assert rms.nodes["model.norm"].function != graph_of("gemma").nodes["model.norm"].function


@pytest.mark.parametrize(
    "setting",
    [
        {"torch_dtype": "float32"},
        {"initializer_range": 0.5},
        {"bos_token_id": 7, "eos_token_id": 8},
        {"use_cache": False},
        {"architectures": None},
    ],
)
def test_a_setting_that_computes_nothing_changes_nothing(setting):
    assert changed(graph_of("llama"), graph_of("llama", **setting)) == set()


@pytest.mark.parametrize(("other", "changes"), [("mistral", {}), ("smollm3", {"num_hidden_layers": 3})])
def test_another_name_for_the_same_is_the_same_function(other, changes):
    """Mistral and SmolLM3 without a window, with every layer rotating, are Llama."""
    llama, renamed = graph_of("llama"), graph_of(other, **changes)
    assert renamed.class_name != llama.class_name
    assert [layer.function for layer in layers_of(renamed)] == [layer.function for layer in layers_of(llama)]


def test_solar_open_computes_what_glm_of_its_settings_does():
    """All but attention: GLM's class also cuts off, and puts back, the empty part of a head that does not rotate."""
    solar = graph_of("solar_open")
    glm = graph_of("glm4_moe", first_k_dense_replace=0, attention_bias=False, partial_rotary_factor=1.0)
    layers = {layer.id for layer in layers_of(solar)}
    assert changed(solar, glm) == {"", "model", *layers, *(f"{layer}.self_attn" for layer in layers)}


def test_layers_of_one_kind_share_function_and_program():
    first, *others = layers_of(graph_of("llama"))
    assert {layer.function for layer in others} == {first.function}
    assert {layer.program for layer in others} == {first.program}


def test_every_traced_module_has_a_program_and_its_operators_are_there():
    graph = graph_of("qwen3_next")
    programs = {node.program for node in graph.nodes.values() if node.kind == "module" and node.function}
    assert programs <= set(graph.programs)
    assert [operator.name for operator in graph.programs[graph.nodes["lm_head"].program]].count("mm") == 1


def call(name, inputs, outputs, *arguments, module="", shape=(4,)):
    return Call(module, name, arguments, tuple(inputs), tuple(outputs), (shape,) * len(outputs))


def print_of(*calls):
    return fingerprint(calls, PARAMETERS)


def test_the_order_of_independent_operators_does_not_matter():
    left, right = call("sin", [10], [11]), call("cos", [10], [12])
    end = call("sub", [11, 12], [13])
    assert print_of(left, right, end) == print_of(right, left, end)


def test_the_order_of_dependent_operators_matters():
    assert print_of(call("sin", [10], [11]), call("cos", [11], [12])) != print_of(
        call("cos", [10], [11]), call("sin", [11], [12])
    )


@pytest.mark.parametrize(
    ("name", "matters"), [("add", False), ("mul", False), ("sub", True), ("div", True), ("mm", True)]
)
def test_the_order_of_operands_matters_where_it_matters(name, matters):
    first = call("sin", [10], [11])
    forwards, backwards = call(name, [11, 0], [12]), call(name, [0, 11], [12])
    assert (print_of(first, forwards) != print_of(first, backwards)) is matters


def test_numbers_and_modules_are_names_only():
    assert print_of(call("sin", [10], [11])) == print_of(call("sin", [77], [42], module="model.layers.3"))


@pytest.mark.parametrize("other", [call("mul", [10], [11], "2.0"), call("mul", [10], [11], "3.0", shape=(5,))])
def test_arguments_and_shapes_are_part_of_it(other):
    assert print_of(call("mul", [10], [11], "3.0")) != print_of(other)


def test_a_parameter_is_not_an_input():
    assert print_of(call("mul", [10, 0], [11])) != print_of(call("mul", [10, 12], [11]))


def test_which_input_is_used_again_matters():
    once = print_of(call("sin", [10], [12]), call("sub", [10, 12], [13]))
    assert once != print_of(call("sin", [10], [12]), call("sub", [11, 12], [13]))


def test_casts_are_left_out():
    cast = call("to_copy", [10], [11])
    assert print_of(cast, call("sin", [11], [12])) == print_of(call("sin", [10], [12]))


def test_the_padding_index_of_an_embedding_is_left_out():
    assert print_of(call("embedding", [0, 10], [11], "3")) == print_of(call("embedding", [0, 10], [11], "-1"))
