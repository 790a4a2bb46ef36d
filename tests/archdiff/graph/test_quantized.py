"""A quantised checkpoint is the model that it stands for: it fits its class, and differs in its storage alone."""

from __future__ import annotations

import json

import pytest

import archdiff
from archdiff.api import build, check
from archdiff.sources.headers import read_file
from tests.archdiff.graph.test_loading import saved
from tests.archdiff.graph.tiny import config_of, graph_of
from tests.archdiff.sources.quantizing import LINEAR, mxfp4, quantized
from tests.archdiff.sources.weights import file_of

SIZES = {
    "hidden_size": 64, "head_dim": 32, "intermediate_size": 96, "moe_intermediate_size": 160, "vocab_size": 192,
}  # fmt: skip
FAMILIES = ["llama", "qwen2", "qwen3_moe", "glm4_moe", "deepseek_v3"]
LATENT = {"q_lora_rank": 32, "kv_lora_rank": 32, "qk_nope_head_dim": 24, "qk_rope_head_dim": 8, "v_head_dim": 32}


def settings(family):
    return SIZES | (LATENT if family == "deepseek_v3" else {})


EVERY = [("llama", scheme) for scheme in LINEAR]
SOME = [(family, scheme) for family in FAMILIES[1:] for scheme in ("fp8-blocks", "nvfp4-modelopt", "gptq")]
BARE = [(family, scheme) for family in ("llama", "qwen3_moe") for scheme in LINEAR if scheme != "bitsandbytes-4"]


@pytest.fixture(scope="module")
def plain(request, tmp_path_factory):
    """A directory with the model as transformers saves it, its config, and its tensors."""
    folder = tmp_path_factory.mktemp(request.param)
    saved(request.param, folder, **settings(request.param))
    config = config_of(request.param, **settings(request.param))
    (folder / "config.json").write_text(json.dumps(config))
    found = read_file(folder / "model.safetensors", "m")
    own = {f"{n.id}.{t.name}": t.dtype for n in graph_of(request.param).nodes.values() for t in n.tensors}
    tensors = {t.name: ("F32" if own.get(t.name) == "float32" else "BF16", t.shape) for t in found}
    (folder / "model.safetensors").write_bytes(file_of(tensors))
    return folder, config, tensors


def write(folder, tensors, config=None):
    folder.mkdir(exist_ok=True)
    if config is not None:
        (folder / "config.json").write_text(json.dumps(config))
    (folder / "model.safetensors").write_bytes(file_of(tensors))
    return str(folder)


def ids(report):
    return [finding.rule for finding in report.findings]


@pytest.fixture
def uncached(monkeypatch):
    monkeypatch.setenv("ARCHDIFF_CACHE", "off")


@pytest.mark.parametrize(("plain", "scheme"), EVERY + SOME, indirect=["plain"])
def test_a_model_and_its_quantised_release(plain, scheme, tmp_path, uncached):
    folder, config, tensors = plain
    stored = quantized(tensors, scheme)
    new = write(tmp_path / "new", stored, config | {"quantization_config": LINEAR[scheme][2]})
    graph = build(check(new))
    assert {key: graph.shipped[key] for key in ("missing", "unexpected", "misshapen", "left_out")} == {
        "missing": (), "unexpected": (), "misshapen": (), "left_out": "",
    }  # fmt: skip
    assert ids(archdiff.diff(str(folder), new)) == ["quantization-changed"]
    assert ids(archdiff.diff(new, str(folder))) == ["quantization-changed"]


@pytest.mark.parametrize(("plain", "scheme"), BARE, indirect=["plain"])
def test_without_configs_the_difference_is_the_same(plain, scheme, tmp_path, uncached):
    _, config, tensors = plain
    old = write(tmp_path / "old", tensors)
    new = write(tmp_path / "new", quantized(tensors, scheme))
    assert ids(archdiff.diff(old, new)) == ["quantization-changed"]
    stated = write(tmp_path / "stated", quantized(tensors, scheme), config | {"quantization_config": LINEAR[scheme][2]})
    assert ids(archdiff.diff(new, stated)) == []
    graph = build(check(new))
    assert graph.parameters == build(check(old)).parameters
    assert graph.nodes[""].facts["quantization.method"] == LINEAR[scheme][1]
    assert [note for note in graph.notes if "read as what they stand for" in note]


@pytest.mark.parametrize("scheme", sorted(LINEAR.keys() - {"bitsandbytes-4"}))
def test_a_wrong_tensor_is_found_all_the_same(scheme, tmp_path, uncached):
    config = config_of("llama", **SIZES)
    shipped = {t.name: ("BF16", t.shape) for t in saved("llama", tmp_path, **SIZES)}
    shipped["model.layers.1.mlp.up_proj.weight"] = ("BF16", (128, 64))
    del shipped["model.layers.2.mlp.down_proj.weight"]
    shipped["model.layers.3.mlp.down_proj.weight"] = ("BF16", (64, 96))
    new = write(tmp_path / "new", quantized(shipped, scheme), config | {"quantization_config": LINEAR[scheme][2]})
    told = build(check(new)).shipped
    assert told["missing"] == ("model.layers.2.mlp.down_proj.weight",)
    assert told["unexpected"] == ("model.layers.3.mlp.down_proj.weight",)
    assert told["misshapen"] == (("model.layers.1.mlp.up_proj.weight", (128, 64), (96, 64)),)


def test_four_bits_of_bitsandbytes_are_compared_by_their_number_of_elements(tmp_path, uncached):
    config = config_of("llama", **SIZES)
    shipped = {t.name: ("BF16", t.shape) for t in saved("llama", tmp_path, **SIZES)}
    shipped["model.layers.1.mlp.up_proj.weight"] = ("BF16", (128, 64))
    stored = quantized(shipped, "bitsandbytes-4")
    new = write(tmp_path / "new", stored, config | {"quantization_config": LINEAR["bitsandbytes-4"][2]})
    told = build(check(new)).shipped
    assert told["misshapen"] == (("model.layers.1.mlp.up_proj.weight", (8192,), (96, 64)),)
    assert (told["missing"], told["unexpected"], told["left_out"]) == ((), (), "")
    bare = build(check(write(tmp_path / "bare", stored)))
    assert any("bitsandbytes" in reason for reason in bare.not_checked)


def test_experts_in_four_bits_of_bitsandbytes_are_left_out_and_said_to_be(tmp_path, uncached):
    shipped = {t.name: ("BF16", t.shape) for t in saved("qwen3_moe", tmp_path, **SIZES)}
    config = config_of("qwen3_moe", **SIZES) | {"quantization_config": LINEAR["bitsandbytes-4"][2]}
    graph = build(check(write(tmp_path / "new", quantized(shipped, "bitsandbytes-4"), config)))
    assert graph.shipped["left_out"] == "their headers tell no shapes"
    assert [note for note in graph.notes if "their headers tell no shapes" in note]


def gpt_oss(folder):
    """Tensors of a tiny gpt-oss as released: experts in MXFP4."""
    shipped = saved("gpt_oss", folder, hidden_size=64, intermediate_size=96)
    stored = {}
    for tensor in shipped:
        experts = len(tensor.shape) == 3
        stored |= mxfp4(tensor.name, *tensor.shape) if experts else {tensor.name: ("BF16", tensor.shape)}
    assert sum(name.endswith("_blocks") for name in stored) > 1
    return {t.name: ("BF16", t.shape) for t in shipped}, stored


def test_gpt_oss_as_released(tmp_path, uncached):
    tensors, stored = gpt_oss(tmp_path / "saved")
    config = config_of("gpt_oss", hidden_size=64, intermediate_size=96)
    old = write(tmp_path / "old", tensors, config)
    new = write(tmp_path / "new", stored, config | {"quantization_config": {"quant_method": "mxfp4"}})
    told = build(check(new)).shipped
    assert (told["missing"], told["unexpected"], told["misshapen"], told["left_out"]) == ((), (), (), "")
    assert ids(archdiff.diff(old, new)) == ["quantization-changed"]
    assert ids(archdiff.diff(write(tmp_path / "a", tensors), write(tmp_path / "b", stored))) == ["quantization-changed"]


def test_a_config_that_does_not_declare_it(tmp_path, uncached):
    shipped = {t.name: ("BF16", t.shape) for t in saved("llama", tmp_path, **SIZES)}
    new = write(tmp_path / "new", quantized(shipped, "fp8-blocks"), config_of("llama", **SIZES))
    assert [n for n in build(check(new)).notes if "quantized (fp8), which the config does not declare" in n]


def test_a_config_that_declares_what_is_not_there(tmp_path, uncached):
    shipped = {t.name: ("BF16", t.shape) for t in saved("llama", tmp_path, **SIZES)}
    config = config_of("llama", **SIZES) | {"quantization_config": LINEAR["fp8-blocks"][2]}
    graph = build(check(write(tmp_path / "new", shipped, config)))
    assert "the config declares quantized weights, and the checkpoint stores none" in graph.notes
