"""Every entry gives the model of the released config file, where there is a folder of those."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from archdiff.catalogue import entries
from tests.archdiff.catalogue.building import entry_shapes, normalised, shapes

pytestmark = pytest.mark.corpus

# Keys that change neither the graph nor what it computes: bookkeeping, training, caching, kernels.
INERT = {
    "_name_or_path",
    "auto_map",
    "aux_loss_alpha",
    "eoa_token_id",
    "ep_size",
    "gradient_checkpointing",
    "num_logits_to_keep",
    "pretraining_tp",
    "seq_aux",
    "task_specific_params",
    "transformers_version",
    "use_cache",
    "use_mamba_kernels",
}
# A repository's former name.
MOVED = {"meta-llama/Meta-Llama-3.1-8B": "meta-llama/Llama-3.1-8B"}


def null_query_rank(file, entry):
    """The copy was made without its nulls; the class default would compress the queries."""
    assert "q_lora_rank" not in file
    return file | {"q_lora_rank": None}


def instruct_copy(file, entry):
    """The copy is the instruct model's, which is stored otherwise and ends with one more token."""
    assert file["eos_token_id"] == [1, 107]
    return file | {"eos_token_id": 1, "torch_dtype": "float32"}


def without_vision(file, entry):
    """The copy was made without its vision tower."""
    assert "vision_config" not in file
    return file | {"vision_config": entry.config["vision_config"]}


def quantization_elsewhere(file, entry):
    """What the release says of its quantization stands in hf_quant_config.json."""
    assert "quantization_config" not in file
    return file | {"quantization_config": entry.config["quantization_config"]}


def spelled_out(file, entry):
    """The file names the unconverted modules of each layer, the entry has a pattern for them."""
    quantization, patterns = (of["quantization_config"] for of in (file, entry.config))
    layers = range(file["num_hidden_layers"])
    every = {pattern.replace("*", str(layer)) for pattern in patterns["modules_to_not_convert"] for layer in layers}
    assert every == set(quantization["modules_to_not_convert"])
    return file | {"quantization_config": quantization | {"modules_to_not_convert": patterns["modules_to_not_convert"]}}


def first_phi(file, entry):
    """The first release of Phi-2, in the present one's spelling; its inner width is four times the outer."""
    assert (file["model_type"], file["n_inner"]) == ("phi-msft", None)
    return {
        "model_type": "phi",
        "architectures": file["architectures"],
        "torch_dtype": file["torch_dtype"],
        "num_hidden_layers": file["n_layer"],
        "hidden_size": file["n_embd"],
        "num_attention_heads": file["n_head"],
        "intermediate_size": 4 * file["n_embd"],
        "hidden_act": file["activation_function"],
        "max_position_embeddings": file["n_positions"],
        "partial_rotary_factor": file["rotary_dim"] * file["n_head"] / file["n_embd"],
        "layer_norm_eps": file["layer_norm_epsilon"],
        "resid_pdrop": file["resid_pdrop"],
        "embd_pdrop": file["embd_pdrop"],
        "attention_dropout": file["attn_pdrop"],
        "vocab_size": file["vocab_size"],
        "tie_word_embeddings": file["tie_word_embeddings"],
        "bos_token_id": entry.config["bos_token_id"],
        "eos_token_id": entry.config["eos_token_id"],
    }


def first_falcon(file, entry):
    """The first release of Falcon, in the present one's spelling; its code had the new decoder only."""
    assert file["model_type"] == "RefinedWeb"
    renamed = {"n_layer": "num_hidden_layers", "n_head": "num_attention_heads", "n_head_kv": "num_kv_heads"}
    now = {renamed.get(key, key): value for key, value in file.items()}
    return now | {
        "model_type": "falcon",
        "architectures": ["FalconForCausalLM"],
        "new_decoder_architecture": True,
        "bos_token_id": entry.config["bos_token_id"],
        "eos_token_id": entry.config["eos_token_id"],
    }


# Files that are known not to say what the release says, and what they are compared as.
REPAIRS = {
    "Qwen/Qwen3-30B-A3B-FP8": spelled_out,
    "deepseek-ai/DeepSeek-V2-Lite": null_query_rank,
    "google/gemma-2-2b": instruct_copy,
    "meta-llama/Llama-4-Scout-17B-16E-Instruct": without_vision,
    "microsoft/phi-2": first_phi,
    "nvidia/Qwen3-30B-A3B-NVFP4": quantization_elsewhere,
    "tiiuae/falcon-40b": first_falcon,
}


def corpus_files():
    """The folder's files, or, where there is none, one that the marker `corpus` skips."""
    folder = os.environ.get("ARCHDIFF_CORPUS")
    found = sorted(Path(folder).glob("*.json")) if folder else []
    return found or [Path("no-corpus.json")]


@pytest.fixture(params=corpus_files(), ids=lambda path: path.stem)
def released(request, corpus):
    """The entry of a file, and the file's config, repaired where it must be."""
    hub_id = request.param.stem.replace("__", "/")
    entry = next(entry for entry in entries() if entry.hub_id == MOVED.get(hub_id, hub_id))
    config = json.loads(request.param.read_text(encoding="utf-8"))
    repair = REPAIRS.get(hub_id)
    return entry, repair(config, entry) if repair else config


def values(config):
    """The normalised config, but for what is inert, through JSON so that tuples are lists."""
    plain = json.loads(json.dumps(normalised(config).to_dict(), default=str))
    return {key: value for key, value in plain.items() if key not in INERT}


def test_same_parameters(released):
    entry, config = released
    assert shapes(config) == entry_shapes(entry.name)


def test_same_normalised_config(released):
    entry, config = released
    ours, theirs = values(entry.config), values(config)
    # A key that only the file has, and that says nothing, is a leftover of an old release of transformers.
    leftovers = {key for key in theirs.keys() - ours.keys() if theirs[key] in (None, False, {})}
    assert ours == {key: value for key, value in theirs.items() if key not in leftovers}
