"""Checkpoints on the command line: beside their config, without one, and damaged."""

from __future__ import annotations

import json

import pytest

from archdiff.graph.build import instantiate
from tests.archdiff.cli.calling import assert_refused
from tests.archdiff.making import LLAMA
from tests.archdiff.sources.gguf_files import gguf
from tests.archdiff.sources.weights import file_of, packed, sharded


@pytest.fixture
def tensors():
    """What the tiny Llama's config builds."""
    model = instantiate(LLAMA, "tiny").model
    return {name: ("F32", tuple(tensor.shape)) for name, tensor in model.state_dict().items()}


def checkpoint(folder, tensors, config=LLAMA):
    """Write a directory with a config, if one is wanted, and weights of zeros."""
    folder.mkdir()
    if config is not None:
        (folder / "config.json").write_text(json.dumps(config))
    (folder / "model.safetensors").write_bytes(file_of(tensors))
    return folder


def report_of(ended):
    assert (ended.code, ended.err) == (0, "")
    return json.loads(ended.out)


def test_a_checkpoint_that_agrees_is_its_config(call, tmp_path, pair, tensors):
    report = report_of(call("diff", pair[0], checkpoint(tmp_path / "full", tensors), "--format=json"))
    assert (report["findings"], report["changes"], report["new"]["notes"]) == ([], [], [])


def test_a_checkpoint_that_contradicts_its_config_is_a_finding(call, tmp_path, tensors):
    good = checkpoint(tmp_path / "good", tensors)
    del tensors["model.norm.weight"]
    tensors["lm_head.weight"] = ("F32", (300, 64))
    report = report_of(call("diff", good, checkpoint(tmp_path / "bad", tensors), "--format=json"))
    (finding,) = report["findings"]
    assert (finding["rule"], finding["impact"]) == ("checkpoint-contradicts-config", "breaking")
    assert "lacks 1 tensor that the config builds (`model.norm.weight`)" in finding["message"]
    assert [note for note in report["new"]["notes"] if "in another shape: lm_head.weight" in note]


def test_weights_without_a_config(call, tmp_path, pair, tensors):
    bare = checkpoint(tmp_path / "bare", tensors, config=None)
    report = report_of(call("diff", pair[0], bare, "--format=json"))
    assert not [finding for finding in report["findings"] if finding["impact"] != "cosmetic"]
    assert (report["new"]["kind"], report["new"]["parameters"]) == ("weights", report["old"]["parameters"])
    assert [text for text in report["not_checked"] if text.startswith("bare: data flow and function")]
    assert "weights fit and compute the same" not in " ".join(report["summary"]["sentences"])
    assert call("show", bare).out.startswith("bare   weights without a config\n")


def test_weights_of_another_size_break(call, tmp_path, pair, tensors):
    tensors = {name: (kind, tuple(2 * size for size in shape)) for name, (kind, shape) in tensors.items()}
    report = report_of(call("diff", pair[0], checkpoint(tmp_path / "bare", tensors, config=None), "--format=json"))
    assert {"hidden-size-changed", "mlp-width-changed"} <= {finding["rule"] for finding in report["findings"]}


def test_a_gguf_file_is_compared_by_its_metadata_and_its_tensors(call, tmp_path):
    config = {"model_type": "qwen3", "architectures": ["Qwen3ForCausalLM"], "hidden_size": 64, "num_hidden_layers": 2}
    more = {"intermediate_size": 128, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16}
    rest = {"vocab_size": 300, "rope_theta": 1e6, "max_position_embeddings": 512, "tie_word_embeddings": True}
    (tmp_path / "config.json").write_text(json.dumps({**config, **more, **rest}))
    (tmp_path / "model.gguf").write_bytes(gguf())
    report = report_of(call("diff", tmp_path / "config.json", tmp_path / "model.gguf", "--format=json"))
    found = {finding["rule"]: finding["message"] for finding in report["findings"]}
    assert found.keys() == {"quantization-changed", "checkpoint-contradicts-config"}
    assert "none → GGUF" in found["quantization-changed"]
    assert "lacks 22 tensors that the config builds" in found["checkpoint-contradicts-config"]
    assert report["new"]["kind"] == "gguf"
    assert "stored tensors: 1 F16, 1 Q8_0" in report["new"]["notes"]


def test_an_adapter_is_compared_as_its_base_model(call, tmp_path):
    config = {"peft_type": "LORA", "base_model_name_or_path": "openai-community/gpt2", "r": 4, "lora_alpha": 8}
    (tmp_path / "adapter_config.json").write_text(json.dumps(config))
    report = report_of(call("diff", "gpt2", tmp_path, "--format=json"))
    assert not report["changes"]
    assert (report["new"]["kind"], report["new"]["lineage"]) == (
        "adapter",
        [{"base": "openai-community/gpt2", "relation": "adapter"}],
    )
    assert [note for note in report["new"]["notes"] if note.startswith("LoRA adapter of rank 4")]


DAMAGE = {
    "a header that lies": (lambda f: (f / "model.safetensors").write_bytes(packed({"a": {}})), "tensor 'a' must state"),
    "a file cut off": (
        lambda f: (f / "model.safetensors").write_bytes((f / "model.safetensors").read_bytes()[:-1]),
        "and the file holds",
    ),
    "an index to elsewhere": (
        lambda f: (f / "model.safetensors.index.json").write_text('{"weight_map": {"a": "../../secret.safetensors"}}'),
        "puts tensor 'a' outside its directory",
    ),
    "a missing shard": (
        lambda f: (f / sharded(f, {"a": ("U8", (1,))}, {"b": ("U8", (1,))})["b"]).unlink(),
        "model-00002-of-00002.safetensors, which is not there",
    ),
}


@pytest.mark.parametrize(("damage", "said"), DAMAGE.values(), ids=DAMAGE)
@pytest.mark.parametrize("config", [LLAMA, None], ids=["config", "bare"])
def test_a_damaged_checkpoint_is_one_line(call, tmp_path, tensors, damage, said, config):
    folder = checkpoint(tmp_path / "bad", tensors, config)
    damage(folder)
    assert_refused(call("show", folder), said, str(folder))
