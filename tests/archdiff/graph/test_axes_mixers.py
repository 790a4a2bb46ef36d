"""Axes of the tensors of recurrent mixers, projectors and sinks, where each size is written once in the config."""

from __future__ import annotations

from functools import cache

import pytest

from archdiff.compare import compare
from archdiff.graph import build_graph
from tests.archdiff.graph.tiny import CLASSIC, graph_of, source_of

MAMBA = CLASSIC | {
    "model_type": "mamba", "architectures": ["MambaForCausalLM"], "hidden_size": 24, "num_hidden_layers": 2,
    "state_size": 10, "conv_kernel": 5, "expand": 2, "time_step_rank": 7,
}  # fmt: skip
MAMBA2 = CLASSIC | {
    "model_type": "mamba2", "architectures": ["Mamba2ForCausalLM"], "hidden_size": 24, "num_hidden_layers": 2,
    "num_heads": 6, "head_dim": 8, "state_size": 10, "n_groups": 2, "conv_kernel": 5, "expand": 2,
}  # fmt: skip
LFM2 = CLASSIC | {
    "model_type": "lfm2", "architectures": ["Lfm2ForCausalLM"], "hidden_size": 24, "intermediate_size": 40,
    "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "conv_L_cache": 5,
    "layer_types": ["conv", "full_attention"],
}  # fmt: skip
ZAMBA = CLASSIC | {
    "model_type": "zamba", "architectures": ["ZambaForCausalLM"], "hidden_size": 24, "intermediate_size": 40,
    "num_hidden_layers": 3, "num_attention_heads": 4, "n_mamba_heads": 2, "mamba_d_state": 10, "mamba_d_conv": 5,
    "mamba_expand": 2, "mamba_dt_rank": 7, "attention_hidden_size": 48, "attention_head_dim": 12,
    "layers_block_type": ["mamba", "hybrid", "hybrid"], "use_mamba_kernels": False,
}  # fmt: skip
LLAVA = {
    "model_type": "llava", "architectures": ["LlavaForConditionalGeneration"],
    "text_config": CLASSIC | {
        "model_type": "llama", "hidden_size": 24, "intermediate_size": 40, "num_hidden_layers": 1,
        "num_attention_heads": 4, "num_key_value_heads": 2,
    },
    "vision_config": {
        "model_type": "clip_vision_model", "hidden_size": 20, "intermediate_size": 44, "num_hidden_layers": 2,
        "num_attention_heads": 4, "image_size": 28, "patch_size": 14, "projection_dim": 20,
    },
}  # fmt: skip
WRITTEN = {"mamba": MAMBA, "mamba2": MAMBA2, "lfm2": LFM2, "zamba": ZAMBA, "llava": LLAVA}


@cache
def graph(family):
    return build_graph(source_of(WRITTEN[family])) if family in WRITTEN else graph_of(family)


@pytest.mark.parametrize(
    ("family", "module", "tensor", "axes"),
    [
        ("mamba", "mixer.in_proj", "weight", ("mixer-input-width", "hidden")),
        ("mamba", "mixer.conv1d", "weight", ("convolution-channels", "channels-of-a-group", "convolution-width")),
        ("mamba", "mixer.conv1d", "bias", ("convolution-channels",)),
        ("mamba", "mixer.x_proj", "weight", ("mixer-parameters-width", "mixer-width")),
        ("mamba", "mixer.dt_proj", "weight", ("mixer-width", "time-step-rank")),
        ("mamba", "mixer.dt_proj", "bias", ("mixer-width",)),
        ("mamba", "mixer", "A_log", ("mixer-width", "state-size")),
        ("mamba", "mixer", "D", ("mixer-width",)),
        ("mamba", "mixer.out_proj", "weight", ("hidden", "mixer-width")),
        ("mamba2", "mixer", "A_log", ("mixer-heads",)),
        ("mamba2", "mixer", "dt_bias", ("mixer-heads",)),
        ("mamba2", "mixer.norm", "weight", ("mixer-width",)),
        ("zamba", "mamba", "A_log", ("mixer-heads", "mixer-head-dimension", "state-size")),
        ("lfm2", "conv.conv", "weight", ("hidden", "channels-of-a-group", "convolution-width")),
        ("qwen3_next", "linear_attn", "A_log", ("mixer-heads",)),
        ("qwen3_next", "linear_attn", "dt_bias", ("mixer-heads",)),
        ("gpt_oss", "self_attn", "sinks", ("query-heads",)),
    ],
)
def test_axes_of_a_tensor(family, module, tensor, axes):
    layer = next(layers[0] for layers in graph(family).stacks.values())
    found = {t.name: t.axes for t in graph(family).nodes[f"{layer}.{module}"].tensors}
    assert found[tensor] == axes


@pytest.mark.parametrize(
    ("family", "sizes"),
    [
        ("mamba", {"mixer-input-width": 96, "mixer-width": 48, "state-size": 10, "time-step-rank": 7}),
        ("mamba", {"convolution-channels": 48, "channels-of-a-group": 1, "convolution-width": 5}),
        ("mamba2", {"mixer-heads": 6, "mixer-width": 48, "mixer-input-width": 48 + 88 + 6, "convolution-width": 5}),
        ("mamba2", {"convolution-channels": 48 + 2 * 2 * 10}),
        ("zamba", {"mixer-heads": 2, "mixer-head-dimension": 24, "state-size": 10, "mixer-width": 48}),
        ("lfm2", {"mixer-input-width": 72, "mixer-width": 24, "convolution-width": 5}),
        ("qwen3_next", {"mixer-heads": 4, "mixer-width": 40, "convolution-width": 4, "convolution-channels": 72}),
        ("jamba", {"mixer-width": 96, "state-size": 10, "time-step-rank": 5}),
    ],
)
def test_an_axis_has_one_size_wherever_it_stands(family, sizes):
    found = {
        (axis, size)
        for node in graph(family).nodes.values()
        for tensor in node.tensors
        for axis, size in zip(tensor.axes, tensor.shape, strict=True)
        if axis in sizes
    }
    assert found == set(sizes.items())


def test_a_projector_has_the_tower_s_width_on_one_side():
    parts = {key: node for key, node in graph("llava").nodes.items() if "multi_modal_projector.linear" in key}
    axes = {key.rpartition(".")[2]: node.tensors[0].axes for key, node in parts.items()}
    assert axes == {"linear_1": ("hidden", "projector-width"), "linear_2": ("hidden", "hidden")}


@pytest.mark.parametrize(
    ("changes", "axes"),
    [
        ({"conv_kernel": 4}, {"convolution-width"}),
        ({"state_size": 12}, {"mixer-input-width", "convolution-channels"}),
        ({"n_groups": 3}, {"mixer-input-width", "convolution-channels"}),
    ],
)
def test_a_setting_of_a_mixer_reshapes_what_it_counts(changes, axes):
    after = build_graph(source_of(MAMBA2 | changes))
    reshaped = [change for change in compare(graph("mamba2"), after).changes if change.kind == "tensor-reshaped"]
    assert {axis for change in reshaped for axis in change.axes} == axes
