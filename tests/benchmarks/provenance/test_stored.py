"""Quantised releases: what is stored stands for the member's weights, by readers that are not ours."""

from __future__ import annotations

import json

import gguf
import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tests.benchmarks.provenance import stored
from tests.benchmarks.provenance.member import initialised
from tests.benchmarks.provenance.members import settings

NAME = "model.layers.1.mlp.gate_proj"


@pytest.fixture(scope="module")
def llama():
    return initialised("llama", settings("llama", "small"), seed=3)


def error(model, values, name=f"{NAME}.weight"):
    return float((values - model.state[name]).norm() / model.state[name].norm())


def unpacked(packed, order=tuple(range(8))):
    nibbles = (packed[..., None] >> torch.arange(0, 32, 4)) & 15
    return nibbles[..., [order.index(n) for n in range(8)]].flatten(-2)


def tensors(folder, method):
    said = json.loads((folder / "config.json").read_text())["quantization_config"]["quant_method"]
    assert said == method
    return load_file(folder / "model.safetensors")


def test_blocks_of_fp8(llama, tmp_path):
    found = tensors(stored.fp8(llama, tmp_path / "it"), "fp8")
    codes, scale = found[f"{NAME}.weight"], found[f"{NAME}.weight_scale_inv"]
    assert (codes.dtype, scale.shape) == (torch.float8_e4m3fn, (2, 1))
    assert error(llama, codes.float() * scale.repeat_interleave(128, 0)) < 0.035


def test_rows_of_int8(llama, tmp_path):
    found = tensors(stored.int8(llama, tmp_path / "it"), "compressed-tensors")
    assert error(llama, found[f"{NAME}.weight"].float() * found[f"{NAME}.weight_scale"].float()) < 0.01


def test_gptq_packs_inputs_and_keeps_zero_points_less_one(llama, tmp_path):
    found = tensors(stored.gptq(llama, tmp_path / "it"), "gptq")
    codes, zeros = unpacked(found[f"{NAME}.qweight"].T).T, unpacked(found[f"{NAME}.qzeros"]) + 1
    group = found[f"{NAME}.g_idx"].long()
    values = (codes - zeros[group]) * found[f"{NAME}.scales"].float()[group]
    assert error(llama, values.T) < 0.12


def test_awq_packs_outputs_in_its_order(llama, tmp_path):
    found = tensors(stored.awq(llama, tmp_path / "it"), "awq")
    codes, zeros = (unpacked(found[f"{NAME}.{part}"], stored.AWQ_ORDER) for part in ("qweight", "qzeros"))
    group = torch.arange(len(codes)) // stored.GROUP
    assert error(llama, ((codes - zeros[group]) * found[f"{NAME}.scales"].float()[group]).T) < 0.12


def test_experts_of_gpt_oss_in_mxfp4(tmp_path):
    from transformers.integrations.mxfp4 import convert_moe_packed_tensors

    model = initialised("gpt_oss", settings("gpt_oss", "small"), seed=3)
    found = tensors(stored.mxfp4(model, tmp_path / "it"), "mxfp4")
    name = "model.layers.1.mlp.experts.down_proj"
    values = convert_moe_packed_tensors(found[f"{name}_blocks"], found[f"{name}_scales"], dtype=torch.float32)
    assert error(model, values, name) < 0.15
    assert "model.layers.1.self_attn.q_proj.weight" in found


@pytest.mark.parametrize(("kind", "published"), [("BF16", 0.003), ("Q8_0", 0.006), ("Q4_0", 0.1)])
def test_a_gguf_file_has_every_tensor(llama, tmp_path, kind, published):
    reader = gguf.GGUFReader(stored.ggml(llama, tmp_path / "it", kind))
    found = {each.name: each for each in reader.tensors}
    assert len(found) == len(llama.state)
    gate = found["blk.1.ffn_gate.weight"]
    assert gate.tensor_type.name == kind
    values = gguf.quants.dequantize(gate.data, gate.tensor_type)
    assert error(llama, torch.from_numpy(np.asarray(values, np.float32).reshape(256, 64))) < published


def test_llama_cpp_has_rotary_pairs_side_by_side(llama, tmp_path):
    reader = gguf.GGUFReader(stored.ggml(llama, tmp_path / "it", "F32"))
    query = next(each for each in reader.tensors if each.name == "blk.0.attn_q.weight").data
    own = llama.state["model.layers.0.self_attn.q_proj.weight"].numpy()
    assert np.array_equal(query[:3], own[[0, 16, 1]])
