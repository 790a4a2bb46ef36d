"""What llama.cpp's converter does to a model's tensors is undone.

Each case converts tensors as `modify_tensors` of convert_hf_to_gguf.py does for the architecture, written here in
torch from what it says, and reads them back.
"""

from __future__ import annotations

import gguf
import numpy as np
import pytest
import torch
from gguf.quants import dequantize, quantize
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers.modeling_gguf_pytorch_utils import (
    BloomTensorProcessor,
    Gemma2TensorProcessor,
    LlamaTensorProcessor,
    NemotronTensorProcessor,
)

from archdiff.errors import SourceError
from archdiff.weights.packed import open_tensors
from archdiff.weights.tensors import as_float32
from tests.archdiff.weights.fakes import FakeCheckpoint, Raw


def weight(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed + len(shape)))


def interleaved(tensor, heads):
    """`LlamaModel.permute`."""
    halves = tensor.reshape(heads, 2, tensor.shape[0] // heads // 2, *tensor.shape[1:])
    return halves.swapaxes(1, 2).reshape(tensor.shape)


def banded(tensor, heads):
    """Bloom and GPT-NeoX: from (head, q or k or v, …) to (q or k or v, head, …)."""
    return tensor.reshape(heads, 3, -1, *tensor.shape[1:]).transpose(0, 1).reshape(tensor.shape).contiguous()


LLAMA = {"model_type": "llama", "num_attention_heads": 4, "num_key_value_heads": 2}
Q, K = weight(32, 64), weight(16, 64, seed=1)
ATTENTION = {"model.layers.3.self_attn.q_proj.weight": Q, "model.layers.3.self_attn.k_proj.weight": K}
TURNED = {"blk.3.attn_q.weight": interleaved(Q, 4), "blk.3.attn_k.weight": interleaved(K, 2)}
EXPERTS = [weight(24, 32, seed=number) for number in range(3)]
ONE, TWO = weight(4, 96, 64), weight(4, 96, 64, seed=9)
KV = weight(3 * (8 + 5), 32)
LATENT = KV.reshape(3, 13, 32)
QKV = weight(3 * 32, 32)
NORM = weight(64).abs()

CASES = {
    "llama": (LLAMA, TURNED, ATTENTION),
    "llama biases": (
        LLAMA, {"blk.3.attn_q.bias": interleaved(Q[:, 0], 4)}, {"model.layers.3.self_attn.q_proj.bias": Q[:, 0]},
    ),
    "llama without grouped heads": (
        {"model_type": "llama", "num_attention_heads": 4},
        {"blk.0.attn_k.weight": interleaved(Q, 4)}, {"model.layers.0.self_attn.k_proj.weight": Q},
    ),
    "smollm3": (LLAMA | {"model_type": "smollm3"}, TURNED, ATTENTION),
    "mixtral": (
        LLAMA | {"model_type": "mixtral"}, TURNED | {"blk.0.ffn_gate_exps.weight": torch.stack(EXPERTS)},
        ATTENTION | {f"model.layers.0.block_sparse_moe.experts.{n}.w1.weight": EXPERTS[n] for n in range(3)},
    ),
    "qwen2 keeps its heads": (
        LLAMA | {"model_type": "qwen2"}, {"blk.3.attn_q.weight": Q}, {"model.layers.3.self_attn.q_proj.weight": Q},
    ),
    "qwen2moe": (
        {"model_type": "qwen2_moe"}, {"blk.1.ffn_gate_inp_shexp.weight": NORM},
        {"model.layers.1.mlp.shared_expert_gate.weight": NORM[None]},
    ),
    "gemma": (
        {"model_type": "gemma"},
        {"blk.0.attn_norm.weight": NORM + 1, "output_norm.weight": NORM + 1, "blk.0.attn_q.weight": Q},
        {
            "model.layers.0.input_layernorm.weight": NORM, "model.norm.weight": NORM,
            "model.layers.0.self_attn.q_proj.weight": Q,
        },
    ),
    "gemma2": (
        {"model_type": "gemma2"}, {"blk.0.post_ffw_norm.weight": NORM + 1},
        {"model.layers.0.post_feedforward_layernorm.weight": NORM},
    ),
    "nemotron": (
        {"model_type": "nemotron"}, {"blk.0.ffn_norm.weight": NORM + 1, "blk.0.ffn_norm.bias": NORM},
        {
            "model.layers.0.post_attention_layernorm.weight": NORM,
            "model.layers.0.post_attention_layernorm.bias": NORM,
        },
    ),
    "bloom": (
        {"model_type": "bloom", "n_head": 4},
        {"blk.0.attn_qkv.weight": banded(QKV, 4), "blk.0.attn_qkv.bias": banded(QKV[:, 0], 4)},
        {
            "transformer.h.0.self_attention.query_key_value.weight": QKV,
            "transformer.h.0.self_attention.query_key_value.bias": QKV[:, 0],
        },
    ),
    "gptneox": (
        {"model_type": "gpt_neox", "num_attention_heads": 4}, {"blk.0.attn_qkv.weight": banded(QKV, 4)},
        {"gpt_neox.layers.0.attention.query_key_value.weight": QKV},
    ),
    "gpt2": (
        {"model_type": "gpt2"},
        {"blk.0.attn_qkv.weight": Q.T, "blk.0.attn_qkv.bias": Q[:, 0], "token_embd.weight": K},
        {
            "transformer.h.0.attn.c_attn.weight": Q, "transformer.h.0.attn.c_attn.bias": Q[:, 0],
            "transformer.wte.weight": K,
        },
    ),
    "gpt-oss": (
        {"model_type": "gpt_oss"},
        {
            "blk.0.ffn_gate_exps.weight": ONE, "blk.0.ffn_up_exps.weight": TWO,
            "blk.0.ffn_down_exps.weight": weight(4, 64, 96), "blk.0.ffn_gate_exps.bias": ONE[..., 0],
            "blk.0.ffn_up_exps.bias": TWO[..., 0], "blk.0.ffn_down_exps.bias": TWO[:, 0],
        },
        {
            "model.layers.0.mlp.experts.gate_up_proj": torch.stack([ONE, TWO], 2).flatten(1, 2).transpose(1, 2),
            "model.layers.0.mlp.experts.gate_up_proj_bias": torch.stack([ONE[..., 0], TWO[..., 0]], 2).flatten(1),
            "model.layers.0.mlp.experts.down_proj": weight(4, 64, 96).transpose(1, 2),
            "model.layers.0.mlp.experts.down_proj_bias": TWO[:, 0],
        },
    ),
    "deepseek": (
        {"model_type": "deepseek_v3"},
        {"blk.0.attn_k_b.weight": LATENT[:, :8].transpose(1, 2), "blk.0.attn_v_b.weight": LATENT[:, 8:]},
        {"model.layers.0.self_attn.kv_b_proj.weight": KV},
    ),
}  # fmt: skip
EVERY = pytest.mark.parametrize("case", CASES)


def file(tensors, kind="F32"):
    """What a file holds of them: of F16 or of Q8_0, where a type allows."""
    made = {}
    for name, tensor in tensors.items():
        values = tensor.contiguous().numpy()
        packed = kind == "Q8_0" and values.ndim > 1 and values.shape[-1] % 32 == 0
        if packed:
            made[name] = Raw("Q8_0", values.shape, quantize(values, gguf.GGMLQuantizationType.Q8_0).tobytes())
        elif kind == "BF16":
            made[name] = tensor.contiguous().to(torch.bfloat16)
        else:
            made[name] = values.astype(np.float16) if kind == "F16" else values
    return FakeCheckpoint(made)


def close(values, tensor, kind):
    tolerance = {"F32": 2e-7, "F16": 2e-3, "BF16": 8e-3, "Q8_0": 0.03}[kind]
    return np.allclose(values, tensor.numpy().reshape(-1), atol=tolerance, rtol=tolerance)


def whole(tensors, name):
    meaning = tensors.meanings[name]
    return as_float32(tensors.read(name, 0, meaning.count), meaning.dtype)


@EVERY
@pytest.mark.parametrize("kind", ["F32", "F16", "BF16", "Q8_0"])
def test_names_shapes_and_values_are_those_before_the_conversion(case, kind):
    config, converted, original = CASES[case]
    tensors = open_tensors(file(converted, kind), config)
    assert {name: meaning.shape for name, meaning in tensors.meanings.items()} == {
        name: tuple(tensor.shape) for name, tensor in original.items()
    }
    for name, tensor in original.items():
        assert close(whole(tensors, name), tensor, kind), name


@EVERY
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_every_range_agrees_with_the_whole(case, data):
    config, converted, original = CASES[case]
    tensors = open_tensors(file(converted, "Q8_0"), config)
    name = data.draw(st.sampled_from(sorted(original)))
    values = whole(tensors, name)
    start = data.draw(st.integers(0, len(values)))
    stop = data.draw(st.integers(start, len(values)))
    part = tensors.read(name, start, stop)
    assert not part.flags.writeable
    assert np.array_equal(as_float32(part, tensors.meanings[name].dtype), values[start:stop])


@pytest.mark.parametrize(
    ("processor", "case", "name"),
    [
        (LlamaTensorProcessor, "llama", "blk.3.attn_q.weight"),
        (LlamaTensorProcessor, "llama", "blk.3.attn_k.weight"),
        (Gemma2TensorProcessor, "gemma2", "blk.0.post_ffw_norm.weight"),
        (NemotronTensorProcessor, "nemotron", "blk.0.ffn_norm.weight"),
        (BloomTensorProcessor, "bloom", "blk.0.attn_qkv.weight"),
    ],
)
def test_transformers_undoes_the_same(processor, case, name):
    config, converted, _ = CASES[case]
    stated = {**config, "hidden_size": 32}
    theirs = processor(config=stated).process(converted[name].numpy(), name).weights
    tensors = open_tensors(file({name: converted[name]}), config)
    (only,) = tensors.meanings
    assert np.array_equal(whole(tensors, only).reshape(theirs.shape), theirs)


def test_what_was_undone_is_told_and_plain_types_stay():
    tensors = open_tensors(file(TURNED | {"blk.3.attn_v.weight": K}, "BF16"), LLAMA)
    told = {name: (meaning.dtype, meaning.method, meaning.scale) for name, meaning in tensors.meanings.items()}
    assert told == {
        "model.layers.3.self_attn.k_proj.weight": ("float32", "", "rows of each head put back in order"),
        "model.layers.3.self_attn.q_proj.weight": ("float32", "", "rows of each head put back in order"),
        "model.layers.3.self_attn.v_proj.weight": ("bfloat16", "", ""),
    }
    packed = open_tensors(file(TURNED, "Q8_0"), LLAMA).meanings["model.layers.3.self_attn.q_proj.weight"]
    assert packed.method == "Q8_0"
    assert packed.scale == "one scale for each block of 32 elements; rows of each head put back in order"


@pytest.mark.parametrize("heads", [None, 0, -4, 5, "4", [4, 4], True, 2**70])
def test_heads_that_do_not_fit_leave_the_order_and_say_so(heads):
    config = {"model_type": "llama", "num_attention_heads": heads}
    tensors = open_tensors(file({"blk.3.attn_q.weight": Q}), config)
    meaning = tensors.meanings["model.layers.3.self_attn.q_proj.weight"]
    assert meaning.scale == "rows of each head may stand in the converter's order"
    assert close(whole(tensors, meaning.name), Q, "F32")


def test_heads_may_be_stated_layer_by_layer():
    config = {"model_type": "llama", "num_attention_heads": [1, 1, 1, 4]}
    tensors = open_tensors(file({"blk.3.attn_q.weight": interleaved(Q, 4)}), config)
    assert close(whole(tensors, "model.layers.3.self_attn.q_proj.weight"), Q, "F32")


def test_a_tensor_that_the_architecture_does_not_have_keeps_its_name_and_is_told():
    tensors = open_tensors(file({"blk.0.ssm_a": NORM}), LLAMA)
    assert tensors.meanings["blk.0.ssm_a"].scale == "what the converter did to its values is not known"


def test_two_tensors_that_stand_for_one_are_named():
    names = ("blk.0.attn_q.weight", "model.layers.0.self_attn.q_proj.weight")
    with pytest.raises(SourceError, match="two tensors that stand for"):
        open_tensors(file(dict.fromkeys(names, Q)), LLAMA)


def test_parts_of_one_tensor_may_be_packed_differently():
    name = "model.layers.0.self_attn.kv_b_proj.weight"
    config, converted, _ = CASES["deepseek"]
    held = {key: tensor.contiguous().numpy() for key, tensor in converted.items()}
    values = held["blk.0.attn_v_b.weight"]
    packed = quantize(values, gguf.GGMLQuantizationType.Q4_0)
    held["blk.0.attn_v_b.weight"] = Raw("Q4_0", values.shape, packed.tobytes())
    tensors = open_tensors(FakeCheckpoint(held), config)
    assert tensors.meanings[name].method == "Q4_0"
    wanted = LATENT.clone()
    wanted[:, 8:] = torch.from_numpy(dequantize(packed, gguf.GGMLQuantizationType.Q4_0))
    assert close(whole(tensors, name), wanted.reshape(KV.shape), "F32")


def test_digests_are_of_all_parts_and_tell_experts_apart():
    def digests(config, *names):
        held = {name: Raw("Q8_0", (2, 32, 32), bytes(2 * 34 * 32), f"of {name}") for name in names}
        return {name: meaning.digest for name, meaning in open_tensors(FakeCheckpoint(held), config).meanings.items()}

    experts = digests({"model_type": "qwen3_moe"}, "blk.0.ffn_up_exps.weight")
    assert len(set(experts.values())) == 2
    assert all(digest.startswith("sha256:") for digest in experts.values())
    gate, up = "blk.0.ffn_gate_exps.weight", "blk.0.ffn_up_exps.weight"
    (fused,) = digests({"model_type": "gpt_oss"}, gate, up).values()
    assert fused.startswith("sha256:")
    plain = {"blk.0.attn_v.weight": Raw("float32", (2,), bytes(8), "x")}
    assert [meaning.digest for meaning in open_tensors(FakeCheckpoint(plain), LLAMA).meanings.values()] == ["x"]


NAMES = sorted({name for _, converted, _ in CASES.values() for name in converted} | {"blk.0.ffn_up.weight"})
SIZES = st.integers(0, 5) | st.sampled_from([8, 32, 64])
SHAPES = st.lists(SIZES, max_size=4).map(tuple).filter(lambda shape: np.prod(shape) < 2**14)
KINDS = {"Q8_0": (32, 34), "Q4_K": (256, 144), "float32": (1, 4), "bfloat16": (1, 2), "int8": (1, 1), "bool": (1, 1)}


@st.composite
def held(draw):
    """A tensor of any shape and type, mostly with the data that they ask for."""
    shape, kind = draw(SHAPES), draw(st.sampled_from(sorted(KINDS)))
    count, size = KINDS[kind]
    needed = int(np.prod(shape, dtype=np.int64)) // count * size
    return Raw(kind, shape, bytes(max(needed - draw(st.sampled_from([0, 0, 0, 1])), 0)))


@given(st.dictionaries(st.sampled_from(NAMES), held(), max_size=4), st.sampled_from(sorted(CASES)))
@settings(max_examples=300, deadline=None)
def test_tensors_of_any_shape_and_type_are_read_or_named(arrays, case):
    tensors = open_tensors(FakeCheckpoint(arrays), CASES[case][0])
    for name, meaning in tensors.meanings.items():
        try:
            assert len(tensors.read(name, 0, meaning.count)) == meaning.count
        except SourceError as error:
            assert_named(error)


def assert_named(error):
    assert error.subject == "fake"
    assert error.cause.startswith("tensor '")


@pytest.mark.parametrize("shape", [(2, 4, 8), (2, 2, 4, 8)])
def test_a_matrix_of_too_many_axes_is_named(shape):
    tensors = open_tensors(file({"blk.0.attn_qkv.weight": torch.zeros(shape)}), {"model_type": "gpt2"})
    with pytest.raises(SourceError, match=r"tensor 'blk.0.attn_qkv.weight' of shape .* cannot be"):
        tensors.read("transformer.h.0.attn.c_attn.weight", 0, 1)
