"""Checkpoints as quantised releases store them, written by the formats' definitions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import gguf
import torch
from safetensors.torch import load_file, save_file

from tests.benchmarks.provenance.member import save
from tests.benchmarks.provenance.rounding import MXFP4

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.benchmarks.provenance.member import Member

    Packing = Callable[[str, torch.Tensor], dict[str, torch.Tensor]]

GROUP = 32
"""Values of a row that share a scale and a zero point in GPTQ and AWQ here."""

AWQ_ORDER = (0, 2, 4, 6, 1, 3, 5, 7)
"""Which of eight neighbouring columns stands in each nibble, lowest first."""

GGUF_NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def fp8(model: Member, folder: Path) -> Path:
    """DeepSeek's: E4M3 and a scale for each block of 128 × 128."""
    return _repacked(model, folder, _fp8_blocks, quant_method="fp8", weight_block_size=[128, 128])


def int8(model: Member, folder: Path) -> Path:
    """compressed-tensors': a scale for each row."""
    weights = {"num_bits": 8, "type": "int", "strategy": "channel", "symmetric": True}
    groups = {"group_0": {"targets": ["Linear"], "weights": weights}}
    stated = {"quant_method": "compressed-tensors", "format": "int-quantized", "config_groups": groups}
    return _repacked(model, folder, _int8_rows, **stated)


def gptq(model: Member, folder: Path) -> Path:
    """Four bits, packed along the inputs, zero points less one."""
    return _repacked(model, folder, _gptq, quant_method="gptq", bits=4, group_size=GROUP, desc_act=False, sym=False)


def awq(model: Member, folder: Path) -> Path:
    """Four bits, packed along the outputs in an order of its own."""
    stated = {"quant_method": "awq", "bits": 4, "group_size": GROUP, "zero_point": True, "version": "gemm"}
    return _repacked(model, folder, _awq, **stated)


def mxfp4(model: Member, folder: Path) -> Path:
    """gpt-oss': the experts in E2M1, 32 to a power of two."""
    return _repacked(model, folder, _mxfp4, quant_method="mxfp4")


def ggml(model: Member, folder: Path, kind: str = "Q8_0") -> Path:
    """A GGUF file of a Llama: matrices in a type of ggml's, rows of queries and keys in llama.cpp's order.

    Returns:
        The file.
    """
    folder.mkdir(parents=True)
    path, wanted = folder / f"model-{kind}.gguf", gguf.GGMLQuantizationType[kind]
    writer = gguf.GGUFWriter(path, "llama")
    _describe(writer, model)
    for name, tensor in model.state.items():
        values, own = _llama_cpp(model, name, tensor), _gguf_name(name)
        if tensor.ndim == 1:
            writer.add_tensor(own, values.numpy())
        else:
            writer.add_tensor(own, gguf.quants.quantize(values.numpy(), wanted), raw_dtype=wanted)
    for write in (
        writer.write_header_to_file,
        writer.write_kv_data_to_file,
        writer.write_tensors_to_file,
        writer.close,
    ):
        write()
    return path


def _repacked(model: Member, folder: Path, packing: Packing, **stated: Any) -> Path:
    """The checkpoint with every projection of its layers packed."""
    save(model, folder)
    kept: dict[str, torch.Tensor] = {}
    for name, tensor in load_file(folder / "model.safetensors").items():
        packed = packing(name, tensor.float()) if _is_projection(name, tensor) else {}
        kept |= packed or {name: tensor}
    save_file({name: each.contiguous() for name, each in kept.items()}, folder / "model.safetensors", {"format": "pt"})
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps({**config, "quantization_config": stated}), encoding="utf-8")
    return folder


def _is_projection(name: str, tensor: torch.Tensor) -> bool:
    return ".layers." in name and tensor.ndim > 1 and ".gate.weight" not in name and "shared_expert_gate" not in name


def _fp8_blocks(name: str, matrix: torch.Tensor) -> dict[str, torch.Tensor]:
    rows, columns = matrix.shape
    high, wide = -(-rows // 128), -(-columns // 128)
    padded = torch.zeros(high * 128, wide * 128)
    padded[:rows, :columns] = matrix
    scale = padded.reshape(high, 128, wide, 128).abs().amax((1, 3)).clamp_min(1e-12) / 448
    grown = scale.repeat_interleave(128, 0)[:rows].repeat_interleave(128, 1)[:, :columns]
    return {name: (matrix / grown).to(torch.float8_e4m3fn), f"{name}_scale_inv": scale}


def _int8_rows(name: str, matrix: torch.Tensor) -> dict[str, torch.Tensor]:
    scale = (matrix.abs().amax(1, keepdim=True).clamp_min(1e-12) / 127).bfloat16()
    return {name: (matrix / scale.float()).round().clamp(-127, 127).to(torch.int8), f"{name}_scale": scale}


def _fours(matrix: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Codes (inputs × outputs), zero points and scales (groups × outputs) of a matrix (outputs × inputs)."""
    groups = matrix.reshape(len(matrix), -1, GROUP)
    low, high = groups.amin(-1).clamp_max(0), groups.amax(-1).clamp_min(0)
    scale = ((high - low) / 15).clamp_min(1e-7).half()
    zero = (-low / scale.float()).round().clamp(1, 15)
    codes = (groups / scale.float()[..., None]).round().add(zero[..., None]).clamp(0, 15)
    return codes.flatten(1).T.int(), zero.T.int(), scale.T


def _nibbles(codes: torch.Tensor, order: tuple[int, ...] = tuple(range(8))) -> torch.Tensor:
    """Eight neighbours of the last axis in an int32."""
    eights = codes.long().unflatten(-1, (-1, 8))[..., list(order)]
    packed = (eights << torch.arange(0, 32, 4)).sum(-1)
    return torch.where(packed >= 2**31, packed - 2**32, packed).int()


def _gptq(name: str, matrix: torch.Tensor) -> dict[str, torch.Tensor]:
    codes, zero, scale = _fours(matrix)
    base = name.removesuffix(".weight")
    group = torch.arange(matrix.shape[1], dtype=torch.int32) // GROUP
    packed = {"qweight": _nibbles(codes.T).T, "qzeros": _nibbles(zero - 1), "scales": scale, "g_idx": group}
    return {f"{base}.{part}": each for part, each in packed.items()}


def _awq(name: str, matrix: torch.Tensor) -> dict[str, torch.Tensor]:
    codes, zero, scale = _fours(matrix)
    base = name.removesuffix(".weight")
    packed = {"qweight": _nibbles(codes, AWQ_ORDER), "qzeros": _nibbles(zero, AWQ_ORDER), "scales": scale}
    return {f"{base}.{part}": each for part, each in packed.items()}


def _mxfp4(name: str, experts: torch.Tensor) -> dict[str, torch.Tensor]:
    """Of (experts, inputs, outputs); nothing for what is no stack of experts."""
    if experts.ndim != 3:
        return {}
    groups = experts.transpose(1, 2).unflatten(-1, (-1, GROUP))
    exponent = groups.abs().amax(-1).clamp_min(2.0**-120).log2().floor() - 2
    scaled = groups / torch.exp2(exponent)[..., None]
    codes = (scaled.abs()[..., None] - MXFP4).abs().argmin(-1) + 8 * scaled.signbit()
    blocks = (codes[..., 0::2] | codes[..., 1::2] << 4).to(torch.uint8)
    return {f"{name}_blocks": blocks, f"{name}_scales": (exponent + 127).to(torch.uint8)}


def _describe(writer: gguf.GGUFWriter, model: Member) -> None:
    stated = model.settings
    writer.add_block_count(stated["num_hidden_layers"])
    writer.add_context_length(stated["max_position_embeddings"])
    writer.add_embedding_length(stated["hidden_size"])
    writer.add_feed_forward_length(stated["intermediate_size"])
    writer.add_head_count(stated["num_attention_heads"])
    writer.add_head_count_kv(stated["num_key_value_heads"])
    writer.add_key_length(stated["head_dim"])
    writer.add_value_length(stated["head_dim"])
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(10_000.0)
    writer.add_vocab_size(stated["vocab_size"])


def _gguf_name(name: str) -> str:
    parts = name.removesuffix(".weight").removeprefix("model.layers.")
    number, _, part = parts.partition(".")
    if number.isdigit():
        return f"blk.{number}.{GGUF_NAMES[part]}.weight"
    return f"{GGUF_NAMES[parts]}.weight"


def _llama_cpp(model: Member, name: str, tensor: torch.Tensor) -> torch.Tensor:
    """Rotary pairs side by side, as llama.cpp rotates them; transformers has them half a head apart."""
    if not name.endswith(("q_proj.weight", "k_proj.weight")):
        return tensor
    size = int(model.settings["head_dim"])
    heads = tensor.unflatten(0, (-1, 2, size // 2))
    return heads.transpose(1, 2).flatten(0, 2).contiguous()
