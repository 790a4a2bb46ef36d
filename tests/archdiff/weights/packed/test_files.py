"""Real files: what safetensors and gguf wrote is opened, unpacked and read by ranges."""

from __future__ import annotations

import json

import gguf
import numpy as np
import pytest
import torch
from gguf.quants import dequantize, quantize
from safetensors.torch import save_file

from archdiff.sources import resolve
from archdiff.weights.packed import open_tensors
from archdiff.weights.reading import open_checkpoint
from archdiff.weights.tensors import as_float32
from tests.archdiff.making import LLAMA
from tests.archdiff.weights.packed.schemes import SCHEMES

HEADS, GROUPED, WIDTH, INNER = 4, 2, 64, 96


def whole(tensors, name):
    meaning = tensors.meanings[name]
    step, parts = 1000, []
    for start in range(0, meaning.count, step):
        values = tensors.read(name, start, min(start + step, meaning.count))
        parts.append(as_float32(values, meaning.dtype))
    return np.concatenate(parts).reshape(meaning.shape)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_directory_of_safetensors(scheme, tmp_path):
    item = SCHEMES[scheme]()
    arrays = {
        name: array if isinstance(array, torch.Tensor) else torch.tensor(array) for name, array in item.arrays.items()
    }
    save_file({name: array.contiguous() for name, array in arrays.items()}, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps({**LLAMA, **item.config}), encoding="utf-8")
    source = resolve(str(tmp_path))
    with open_checkpoint(source) as checkpoint:
        tensors = open_tensors(checkpoint, source.config)
        assert np.allclose(whole(tensors, item.name), item.values, rtol=3e-7, atol=0)


def interleaved(values, heads):
    return values.reshape(heads, 2, -1, *values.shape[1:]).swapaxes(1, 2).reshape(values.shape)


def llama(path, kinds):
    """A model of one layer as llama.cpp converts it, and the values that its file stands for by published name."""
    random = np.random.default_rng(0)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(1)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(GROUPED)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_context_length(128)
    writer.add_vocab_size(40)
    layer = "model.layers.0"
    shapes = {
        "token_embd": (40, WIDTH, "model.embed_tokens"), "blk.0.attn_q": (WIDTH, WIDTH, f"{layer}.self_attn.q_proj"),
        "blk.0.attn_k": (WIDTH // 2, WIDTH, f"{layer}.self_attn.k_proj"),
        "blk.0.attn_v": (WIDTH // 2, WIDTH, f"{layer}.self_attn.v_proj"),
        "blk.0.attn_output": (WIDTH, WIDTH, f"{layer}.self_attn.o_proj"),
        "blk.0.ffn_gate": (INNER, WIDTH, f"{layer}.mlp.gate_proj"),
        "blk.0.ffn_up": (INNER, WIDTH, f"{layer}.mlp.up_proj"),
        "blk.0.ffn_down": (WIDTH, INNER, f"{layer}.mlp.down_proj"),
    }  # fmt: skip
    wanted = {}
    for number, (name, (*shape, published)) in enumerate(shapes.items()):
        values = (random.normal(size=shape) * 0.02).astype(np.float32)
        heads = {"blk.0.attn_q": HEADS, "blk.0.attn_k": GROUPED}.get(name)
        kind = gguf.GGMLQuantizationType[kinds[number % len(kinds)]]
        stored = quantize(interleaved(values, heads) if heads else values, kind)
        writer.add_tensor(f"{name}.weight", stored, raw_dtype=kind)
        wanted[f"{published}.weight"] = dequantize(quantize(values, kind), kind)
    for name, published in (("blk.0.attn_norm", f"{layer}.input_layernorm"), ("output_norm", "model.norm")):
        values = random.normal(size=WIDTH).astype(np.float32)
        writer.add_tensor(f"{name}.weight", values)
        wanted[f"{published}.weight"] = values
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return wanted


@pytest.mark.parametrize("kinds", [("F16",), ("Q8_0", "Q4_0", "Q5_1"), ("BF16", "Q4_1", "Q5_0", "F32")], ids=",".join)
def test_a_gguf_file(kinds, tmp_path):
    wanted = llama(tmp_path / "m.gguf", kinds)
    source = resolve(str(tmp_path / "m.gguf"))
    with open_checkpoint(source) as checkpoint:
        tensors = open_tensors(checkpoint, source.config)
        assert list(tensors.meanings) == sorted(wanted)
        for name, values in wanted.items():
            assert np.array_equal(whole(tensors, name), values), name


def test_transformers_reads_the_same_of_a_gguf_file(tmp_path):
    from transformers import LlamaConfig, LlamaForCausalLM
    from transformers.modeling_gguf_pytorch_utils import load_gguf_checkpoint

    llama(tmp_path / "m.gguf", ("Q8_0", "Q4_0"))
    with torch.device("meta"):
        model = LlamaForCausalLM(
            LlamaConfig(
                hidden_size=WIDTH,
                intermediate_size=INNER,
                num_hidden_layers=1,
                num_attention_heads=HEADS,
                num_key_value_heads=GROUPED,
                vocab_size=40,
            )
        )
    theirs = load_gguf_checkpoint(str(tmp_path / "m.gguf"), return_tensors=True, model_to_load=model)["tensors"]
    source = resolve(str(tmp_path / "m.gguf"))
    with open_checkpoint(source) as checkpoint:
        tensors = open_tensors(checkpoint, source.config)
        assert set(theirs) == set(tensors.meanings)
        for name, values in theirs.items():
            assert np.array_equal(whole(tensors, name), values.float().numpy()), name
