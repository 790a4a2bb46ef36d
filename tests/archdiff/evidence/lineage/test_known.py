"""What one model declares, from each place where it can: config, card, metadata, catalogue."""

from __future__ import annotations

import pytest

from archdiff import catalogue
from archdiff.evidence.lineage.known import Declared, declared_by_config, of_entry, sizes
from archdiff.evidence.lineage.local import of_directory, of_file, of_source
from archdiff.sources import resolve
from tests.archdiff.evidence.lineage.models import model
from tests.archdiff.sources.weights import file_of


def test_a_catalogue_entry():
    known = of_entry(catalogue.load("solar-10.7b"))
    assert (known.title, known.found, known.released) == ("upstage/SOLAR-10.7B-v1.0", "catalogue", "2023-12-13")
    assert known.declared == (Declared("mistralai/Mistral-7B-v0.1", "depth-upscaled", "catalogue"),)
    assert known.licences == (("catalogue", "Apache-2.0"),)
    assert known.sizes["num_hidden_layers"] == 48


@pytest.mark.parametrize(
    ("config", "stated"),
    [
        ({}, {}),
        ({"hidden_size": 64, "vocab_size": 5}, {"hidden_size": 64}),
        ({"hidden_size": "64", "num_hidden_layers": True, "head_dim": None}, {}),
        ({"text_config": {"hidden_size": 8}, "hidden_size": 4}, {"hidden_size": 8}),
        ({"text_config": "x", "num_experts": 8}, {"num_experts": 8}),
    ],
)
def test_sizes_that_training_keeps(config, stated):
    assert dict(sizes(config)) == stated


@pytest.mark.parametrize(
    ("saved", "own", "found"),
    [
        ("a/b", None, [Declared("a/b", "loaded-from", "config")]),
        ("a/b", "A/B", []),
        ("a/b", "a/c", [Declared("a/b", "loaded-from", "config")]),
        ("./out", None, ["./out"]),
        ("/x" * 500, None, None),
        ("", None, []),
        (None, None, []),
    ],
)
def test_what_a_config_was_saved_from(saved, own, found):
    stated = list(declared_by_config({"_name_or_path": saved}, own))
    assert stated == found if found is not None else len(stated[0]) <= 120


def test_a_directory_of_the_hub_cache_of_a_catalogued_model_says_what_both_say(tmp_path):
    folder = model(tmp_path / "models--upstage--SOLAR-10.7B-v1.0" / "snapshots" / ("0" * 40), licence="cc-by-nc-4.0")
    known = of_directory(folder, "it")
    assert known.title == "upstage/SOLAR-10.7B-v1.0"
    assert known.licences == (("model card", "cc-by-nc-4.0"), ("catalogue", "Apache-2.0"))
    assert [item.where for item in known.declared] == ["catalogue"]


def test_bare_weights_declare_nothing_but_what_their_card_does(tmp_path):
    (tmp_path / "bare").mkdir()
    file = tmp_path / "bare" / "model.safetensors"
    file.write_bytes(file_of({"a": ("F32", (2,))}))
    assert of_file(file, "it").declared == ()
    (tmp_path / "bare" / "README.md").write_text("---\nbase_model: a/b\n---\n")
    assert [item.base for item in of_directory(tmp_path / "bare", "it").declared] == ["a/b"]


def test_a_model_that_was_resolved_says_the_same(tmp_path):
    folder = model(tmp_path / "mine", "a/b", "finetune", "mit")
    source, known = of_source(resolve(str(folder))), of_directory(folder, "it")
    assert (source.declared, source.licences, source.sizes) == (known.declared, known.licences, known.sizes)
    adapter = model(
        tmp_path / "lora",
        config=False,
        adapter={"base_model_name_or_path": "openai-community/gpt2", "peft_type": "LORA"},
    )
    assert of_source(resolve(str(adapter))).declared == of_directory(adapter, "it").declared
