"""A LoRA adapter is its base model, with what it adds, replaces and claims in notes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archdiff.catalogue import Lineage
from archdiff.errors import ArchdiffError, SourceError, UnresolvedReferenceError
from archdiff.sources import Source, resolve
from tests.archdiff.sources.weights import file_of

CONFIG = {"peft_type": "LORA", "base_model_name_or_path": "openai-community/gpt2", "r": 4, "lora_alpha": 8}
PREFIX = "base_model.model.transformer.h"


def factors(module, a=(4, 768), b=(2304, 4)):
    return {f"{module}.lora_A.weight": ("F32", a), f"{module}.lora_B.weight": ("F32", b)}


TENSORS = {k: v for number in (0, 3, 11) for k, v in factors(f"{PREFIX}.{number}.attn.c_attn").items()}


@pytest.fixture
def adapter(tmp_path):
    def write(config=CONFIG, tensors=TENSORS):
        folder = tmp_path / "mine"
        folder.mkdir()
        (folder / "adapter_config.json").write_text(json.dumps(config))
        if tensors is not None:
            (folder / "adapter_model.safetensors").write_bytes(file_of(tensors))
        return str(folder)

    return write


def test_it_is_its_base_model_with_notes(adapter):
    source, base = resolve(adapter()), resolve("gpt2")
    assert (source.kind, source.name, source.config) == ("adapter", "mine", base.config)
    assert source.lineage == (Lineage("openai-community/gpt2", "adapter"),)
    assert source.digest != base.digest
    assert source.notes[len(base.notes) :] == (
        "LoRA adapter of rank 4 (alpha 8) on openai-community/gpt2, whose graph this is",
        "the adapter adds 36,864 parameters to 3 modules: c_attn, in 3 layers from 0 to 11",
    )


def test_a_rank_that_the_config_does_not_state(adapter):
    notes = resolve(adapter(CONFIG | {"r": 16})).notes
    assert "its tensors have the rank 4, and its config states 16" in notes


def test_tensors_that_are_stored_whole(adapter):
    notes = resolve(adapter(tensors=TENSORS | {"base_model.model.lm_head.weight": ("F32", (3, 2))})).notes
    assert "the adapter replaces 1 tensor whole: base_model.model.lm_head.weight" in notes


def test_embeddings_have_factors_without_a_suffix(adapter):
    tensors = {"wte.lora_embedding_A": ("F32", (4, 50)), "wte.lora_embedding_B": ("F32", (8, 4))}
    assert "the adapter adds 232 parameters to 1 module: wte" in resolve(adapter(tensors=tensors)).notes


def test_weights_that_are_not_there_are_told(adapter):
    assert "was not read" in resolve(adapter(tensors=None)).notes[-1]


def test_a_directory_with_a_model_is_the_model(adapter, tmp_path):
    folder = adapter()
    (tmp_path / "mine" / "config.json").write_text('{"model_type": "llama"}')
    assert resolve(folder).kind == "directory"


@pytest.mark.parametrize(
    ("config", "tensors", "said"),
    [
        ({"peft_type": "IA3"}, TENSORS, "states the peft_type 'IA3'"),
        ({"peft_type": None}, TENSORS, "states the peft_type None"),
        ({"base_model_name_or_path": None}, TENSORS, "which is no hub id"),
        ({"base_model_name_or_path": "../../secret"}, TENSORS, "which is no hub id"),
        ({"base_model_name_or_path": "/data/llama"}, TENSORS, "which is no hub id"),
        ({"base_model_name_or_path": "\x1b[2J"}, TENSORS, r"'\x1b[2J'"),
        ({}, factors("a", (4, 8), (8, 5)), "the factors of 'a' do not multiply"),
        ({}, {"a.lora_A.weight": ("F32", (4, 8))}, "the factors of 'a' do not multiply"),
        ({}, factors("a", (4,), (4,)), "the factors of 'a' do not multiply"),
    ],
)
def test_what_is_wrong_is_named(adapter, config, tensors, said):
    with pytest.raises(SourceError) as caught:
        resolve(adapter(CONFIG | config, tensors))
    assert said in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_base_model_that_cannot_be_found_is_named_with_the_adapter(adapter):
    folder = adapter(CONFIG | {"base_model_name_or_path": "owner/base"})
    with pytest.raises(UnresolvedReferenceError, match="its base model owner/base: ") as caught:
        resolve(folder)
    assert caught.value.subject == folder


@given(
    config=st.dictionaries(
        st.sampled_from([*CONFIG, "x"]), st.none() | st.integers() | st.text() | st.lists(st.text())
    ),
    names=st.lists(st.text(min_size=1, max_size=9) | st.sampled_from(sorted(TENSORS)), max_size=4, unique=True),
)
@settings(max_examples=150, deadline=None)
def test_any_adapter_is_a_source_or_an_error(tmp_path_factory, config, names):
    folder = tmp_path_factory.getbasetemp() / "fuzz-adapter"
    folder.mkdir(exist_ok=True)
    (folder / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", **CONFIG, **config}))
    (folder / "adapter_model.safetensors").write_bytes(file_of(dict.fromkeys(names, ("F32", (4, 4)))))
    try:
        result = resolve(str(folder))
    except ArchdiffError as error:
        result = str(error)
    assert all(note.isprintable() for note in result.notes) if isinstance(result, Source) else result.isprintable()
