"""A GGUF file is the model that it was converted from; tensors that it lacks, or has in another shape, are found."""

from __future__ import annotations

import json

import pytest

import archdiff
from archdiff.api import build, check
from archdiff.sources import gguf_table
from tests.archdiff.graph.converting import NAMES, converted
from tests.archdiff.graph.test_loading import saved
from tests.archdiff.graph.tiny import config_of

TAKEN = {
    "gemma": {"tie_word_embeddings": True},
    "gemma2": {"query_pre_attn_scalar": 16},
    "qwen3_moe": {"norm_topk_prob": True},
}
"""What llama.cpp takes for granted of a family."""


@pytest.fixture(autouse=True)
def uncached(monkeypatch):
    monkeypatch.setenv("ARCHDIFF_CACHE", "off")


def model(family, folder):
    """A config file, and the config and the tensors of a tiny model."""
    folder.mkdir(exist_ok=True)
    config = config_of(family, torch_dtype="bfloat16", **TAKEN.get(family, {}))
    tensors = {t.name: t.shape for t in saved(family, folder / "saved")}
    if config.get("tie_word_embeddings"):
        tensors.pop("lm_head.weight", None)
    path = folder / "config.json"
    path.write_text(json.dumps(config))
    return str(path), config, tensors


def write(folder, data):
    path = folder / "model.gguf"
    path.write_bytes(data)
    return str(path)


def rules(old, new):
    return [(finding.rule, finding.message) for finding in archdiff.diff(old, new).findings]


@pytest.mark.parametrize("family", NAMES)
def test_a_converted_model_is_the_model(family, tmp_path):
    path, config, tensors = model(family, tmp_path)
    new = write(tmp_path, converted(config, tensors))
    told = build(check(new)).shipped
    assert {key: told[key] for key in ("missing", "unexpected", "misshapen", "left_out")} == {
        "missing": (), "unexpected": (), "misshapen": (), "left_out": "",
    }  # fmt: skip
    assert rules(path, new) == []


@pytest.mark.parametrize("family", ["llama", "qwen3_moe", "gpt_oss", "glm4_moe", "gpt2"])
def test_a_quantised_one_differs_in_that_alone(family, tmp_path):
    path, config, tensors = model(family, tmp_path)
    widened = {"token_embd.weight": ((tensors_width(tensors), 160), 24)}
    new = write(tmp_path, converted(config, tensors, **widened))
    assert [rule for rule, _ in rules(path, new)] == ["quantization-changed"]


def tensors_width(tensors):
    return next(shape[1] for name, shape in tensors.items() if name.endswith(("embed_tokens.weight", "wte.weight")))


def told(family, folder, **changes):
    _, config, tensors = model(family, folder)
    return build(check(write(folder, converted(config, tensors, **changes)))).shipped


def test_a_missing_tensor(tmp_path):
    found = told("llama", tmp_path, **{"blk.1.ffn_up.weight": None})
    assert found["missing"] == ("model.layers.1.mlp.up_proj.weight",)


def test_a_missing_projection_of_all_experts(tmp_path):
    found = told("gpt_oss", tmp_path, **{"blk.1.ffn_up_exps.weight": None})
    assert found["missing"] == ("model.layers.1.mlp.experts.gate_up_proj",)
    assert found["unexpected"] == ("blk.1.ffn_gate_exps.weight",)


def test_a_tensor_of_another_shape(tmp_path):
    found = told("llama", tmp_path, **{"blk.1.ffn_up.weight": ((48, 96), 30)})
    assert found["misshapen"] == (("model.layers.1.mlp.up_proj.weight", (96, 48), (80, 48)),)


def test_half_of_a_latent_projection(tmp_path):
    found = told("deepseek_v3", tmp_path, **{"blk.1.attn_v_b.weight": None})
    assert found["missing"] == ("model.layers.1.self_attn.kv_b_proj.weight",)
    assert found["unexpected"] == ("blk.1.attn_k_b.weight",)


@pytest.mark.parametrize("family", ["deepseek_v2", "deepseek_v3"])
def test_scaling_of_latent_attention(family, tmp_path):
    scaling = {
        "rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64, "beta_fast": 32.0, "beta_slow": 1.0,
        "mscale": 0.707, "mscale_all_dim": 0.707,
    }  # fmt: skip
    _, config, tensors = model(family, tmp_path)
    config = config | {"rope_scaling": scaling}
    (tmp_path / "config.json").write_text(json.dumps(config))
    new = write(tmp_path, converted(config, tensors))
    assert rules(str(tmp_path / "config.json"), new) == []


def test_an_unknown_tensor_keeps_its_name(tmp_path):
    found = told("llama", tmp_path, **{"blk.1.extra.weight": ((48,), 0), "rope_freqs.weight": ((8,), 0)})
    assert found["unexpected"] == ("blk.1.extra.weight",)


def test_a_wrong_tensor_of_a_quantised_file(tmp_path):
    changes = {"blk.1.ffn_up.weight": ((48, 96), 24), "blk.0.ffn_up.weight": None}
    found = told("llama", tmp_path, **changes)
    assert found["misshapen"] == (("model.layers.1.mlp.up_proj.weight", (96, 48), (80, 48)),)
    assert (found["missing"], found["left_out"]) == (("model.layers.0.mlp.up_proj.weight",), "")


def test_every_architecture_of_the_table_was_converted():
    assert set(gguf_table.ARCHITECTURES) == set(NAMES.values()) | {"mixtral", "deepseek3"}
