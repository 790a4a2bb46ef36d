"""Every axis has the size of what it is said to count, by the config."""

from __future__ import annotations

import pytest

from archdiff.graph.axes import label
from archdiff.graph.roles import Sizes
from archdiff.graph.schema import Node, Tensor
from tests.archdiff.graph.tiny import CONFIGS, DEEPSEEK_MOE, LATENT, MOE, config_of, graph_of

# Families whose attention output is gated by what the query projection yields beside the queries.
GATED_QUERIES = {"qwen3_next"}
LATENT_FAMILIES = {"deepseek_v2", "deepseek_v3"}
# Parts of recurrent mixers have sizes of their own: 2-D tensors of theirs may be without a name.
RECURRENT = {"mixer-parameters", "convolution", "state-space", "linear-attention", "mixer-input", "mixer-gate"}
# Of these `test_axes_mixers.py` speaks; norms inside mixers have them too.
OF_MIXERS = {"size", "state-size", "mixer-width"}
EXPERT_WIDTHS = {"llama4": 80, "mixtral": 80, "phimoe": 80, "granitemoe": 80, "gpt_oss": 80, "jamba": 80}
SHARED_WIDTHS = {"qwen2_moe": 40, "qwen3_next": 40, "deepseek_v2": 72, "llama4": 80}
MLP_WIDTHS = {"falcon": 256, "bloom": 256, "llama4": 96}


def first(config, *names):
    return next((config[name] for name in names if name in config), None)


def expected(family):
    """Sizes by the name of the axis, from the config alone."""
    config = config_of(family)
    hidden, heads = first(config, "hidden_size", "n_embd"), first(config, "num_attention_heads", "n_head")
    groups = first(config, "num_key_value_heads", "num_kv_heads") or heads
    head = config.get("head_dim", hidden // heads)
    width = EXPERT_WIDTHS.get(family, MOE["moe_intermediate_size"])
    inner = MLP_WIDTHS.get(family) or first(config, "intermediate_size", "n_inner", "ffn_dim")
    shared = SHARED_WIDTHS.get(family, DEEPSEEK_MOE["moe_intermediate_size"])
    sizes = {
        "hidden": hidden,
        "vocabulary": 160,
        "experts": 6,
        "expert-width": width,
        "twice-expert-width": 2 * width,
        "shared-expert-width": shared,
        "gates": 1,
        "mlp-width": inner,
        "twice-mlp-width": 2 * inner,
        "query-width": heads * head * (2 if family in GATED_QUERIES else 1),
        "key-width": groups * head,
        "value-width": groups * head,
        "attention-width": heads * head,
        "query-key-value-width": (heads + 2 * groups) * head,
        "head-dimension": head,
        "positions": 130 if family == "opt" else 128,
        "token-types": 2,
        "query-heads": heads,
    }
    return sizes | (latent(heads) if family in LATENT_FAMILIES else {})


def latent(heads):
    plain, turning, value = (LATENT[name] for name in ("qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim"))
    return {
        "query-latent": LATENT["q_lora_rank"],
        "key-value-latent": LATENT["kv_lora_rank"],
        "key-value-latent-and-rotary": LATENT["kv_lora_rank"] + turning,
        "query-width": heads * (plain + turning),
        "key-value-width": heads * (plain + value),
        "attention-width": heads * value,
    }


def parameters(graph):
    for node in graph.nodes.values():
        for tensor in node.tensors:
            if tensor.kind == "parameter":
                yield node, tensor


@pytest.mark.parametrize("family", CONFIGS)
def test_axes_have_the_sizes_that_the_config_states(family):
    sizes = expected(family)
    wrong = [
        f"{node.id}.{tensor.name}: {axis} {size}, not {sizes[axis]}"
        for node, tensor in parameters(graph_of(family))
        for axis, size in zip(tensor.axes, tensor.shape, strict=True)
        if axis not in OF_MIXERS and node.role not in RECURRENT | {"mixer-output"} and sizes[axis] != size
    ]
    assert not wrong


@pytest.mark.parametrize("family", CONFIGS)
def test_every_matrix_with_a_role_has_named_axes(family):
    unnamed = [
        f"{node.id}.{tensor.name} {tensor.shape}"
        for node, tensor in parameters(graph_of(family))
        if len(tensor.shape) > 1 and node.role and node.role not in RECURRENT and "size" in tensor.axes
    ]
    assert not unnamed


@pytest.mark.parametrize("family", ["jamba", "qwen3_next"])
def test_recurrent_mixers_read_and_write_the_residual_stream(family):
    found = {
        (node.role, tensor.axes.index("hidden"), tensor.shape[tensor.axes.index("hidden")])
        for node, tensor in parameters(graph_of(family))
        if node.role in ("mixer-input", "mixer-gate", "mixer-output")
    }
    assert found >= {("mixer-input", 1, 48), ("mixer-output", 0, 48)}
    assert all(size == 48 for *_, size in found)


@pytest.mark.parametrize(
    ("family", "module", "tensor", "axes"),
    [
        ("llama", "model.layers.0.self_attn.q_proj", "weight", ("query-width", "hidden")),
        ("llama", "model.layers.0.self_attn.o_proj", "weight", ("hidden", "attention-width")),
        ("llama", "model.layers.0.mlp.down_proj", "weight", ("hidden", "mlp-width")),
        ("gpt2", "transformer.h.0.attn.c_attn", "weight", ("hidden", "query-key-value-width")),
        ("gpt2", "transformer.h.0.attn.c_attn", "bias", ("query-key-value-width",)),
        ("gpt2", "transformer.h.0.mlp.c_proj", "weight", ("mlp-width", "hidden")),
        ("gpt2", "transformer.h.0.mlp.c_proj", "bias", ("hidden",)),
        ("qwen3", "model.layers.0.self_attn.q_norm", "weight", ("head-dimension",)),
        ("olmo2", "model.layers.0.self_attn.q_norm", "weight", ("query-width",)),
        ("olmo2", "model.layers.0.self_attn.k_norm", "weight", ("key-width",)),
        ("mixtral", "model.layers.0.mlp.experts", "gate_up_proj", ("experts", "twice-expert-width", "hidden")),
        ("mixtral", "model.layers.0.mlp.experts", "down_proj", ("experts", "hidden", "expert-width")),
        ("gpt_oss", "model.layers.0.mlp.experts", "gate_up_proj", ("experts", "hidden", "twice-expert-width")),
        ("gpt_oss", "model.layers.0.mlp.experts", "down_proj", ("experts", "expert-width", "hidden")),
        ("gpt_oss", "model.layers.0.mlp.experts", "down_proj_bias", ("experts", "hidden")),
        ("llama4", "model.layers.1.feed_forward.experts", "down_proj", ("experts", "expert-width", "hidden")),
    ],
)
def test_axes_of_a_tensor(family, module, tensor, axes):
    found = {t.name: t.axes for t in graph_of(family).nodes[module].tensors}
    assert found[tensor] == axes


def test_a_square_projection_of_experts_goes_by_what_the_class_says():
    """gpt-oss-120b: hidden and expert width are both 2880, and every projection is stored as (columns, rows)."""
    experts = graph_of("gpt_oss", intermediate_size=48).nodes["model.layers.0.mlp.experts"]
    assert {t.name: t.axes for t in experts.tensors}["down_proj"] == ("experts", "expert-width", "hidden")
    experts = graph_of("mixtral", intermediate_size=48).nodes["model.layers.0.mlp.experts"]
    assert {t.name: t.axes for t in experts.tensors}["down_proj"] == ("experts", "hidden", "expert-width")


def test_a_tensor_without_a_role_is_named_by_its_sizes():
    tensors = tuple(Tensor(name, shape, "float32") for name, shape in (("a", (48, 160)), ("b", (6, 7))))
    (node,) = label([Node("oddity", tensors=tensors)], Sizes(hidden=48, vocabulary=160, experts=6))
    assert [tensor.axes for tensor in node.tensors] == [("hidden", "vocabulary"), ("experts", "size")]
