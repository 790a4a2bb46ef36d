"""Declarations followed to the root: what is declared where, what cannot be followed, and what contradicts what."""

from __future__ import annotations

from pathlib import Path

import pytest

from archdiff.errors import SnapshotError, SourceError, UnresolvedReferenceError
from archdiff.evidence.lineage import ancestors, follow, follow_graph, keeps_tensors, keeps_weights
from archdiff.evidence.lineage.follow import DEEPEST
from tests.archdiff.evidence.lineage.models import model
from tests.archdiff.sources.gguf_files import QWEN3, gguf

SOLAR = "upstage/Solar-Open-100B"


def told(chain):
    return [(step.model, step.base, step.relation, step.declared_in, step.found) for step in chain.steps]


def near(reference):
    return follow(str(reference), "near")


def test_the_catalogue_is_followed_to_the_root():
    chain = near("nous-hermes-2-solar-10.7b")
    hermes, solar = "NousResearch/Nous-Hermes-2-SOLAR-10.7B", "upstage/SOLAR-10.7B-v1.0"
    assert told(chain) == [
        (hermes, solar, "finetune", ("catalogue",), "catalogue"),
        (solar, "mistralai/Mistral-7B-v0.1", "depth-upscaled", ("catalogue",), "catalogue"),
    ]
    assert chain.roots == ("mistralai/Mistral-7B-v0.1",)
    assert chain.ancestors(hermes) == (solar.lower(), "mistralai/mistral-7b-v0.1")
    assert (chain.contradictions, chain.not_followed) == ((), ())


def test_a_model_that_declares_nothing_is_its_own_root():
    chain = near("solar-open-100b")
    assert (chain.steps, chain.roots) == ((), ("upstage/Solar-Open-100B",))


def test_no_weights_come_through_a_shared_architecture():
    chain = near("yi-34b")
    assert [step.relation for step in chain.steps] == ["same-architecture"]
    assert chain.roots == ("01-ai/Yi-34B",)
    assert chain.ancestors("01-ai/Yi-34B") == ()


def test_a_card_leads_into_the_catalogue(tmp_path):
    folder = model(tmp_path / "mine", "upstage/SOLAR-10.7B-v1.0", "continued", "mit")
    chain = near(folder)
    assert [(step.base, step.declared_in) for step in chain.steps] == [
        ("upstage/SOLAR-10.7B-v1.0", ("model card",)),
        ("mistralai/Mistral-7B-v0.1", ("catalogue",)),
    ]
    assert chain.model.licences == (("model card", "mit"),)


@pytest.mark.parametrize("place", ["base", "example/base", "example__base", "../example/base"])
def test_directories_beside_the_model_are_followed(tmp_path, place):
    top = tmp_path / "models"
    model(top / place, "example/root", "finetune")
    chain = near(model(top / "mine", "example/base", "finetune"))
    assert told(chain) == [
        ("mine", "example/base", "finetune", ("model card",), "directory beside the model"),
        ("example/base", "example/root", "finetune", ("model card",), ""),
    ]
    assert chain.roots == ()
    (why,) = chain.not_followed
    assert why.startswith("example/root: not in the catalogue nor beside the model")


def test_the_hub_cache_that_holds_the_model_is_followed(tmp_path):
    for name, base in (("chat", "example/base"), ("base", ())):
        model(tmp_path / f"models--example--{name}" / "snapshots" / f"{len(name):040}", base)
    chain = near(tmp_path / "models--example--chat" / "snapshots" / f"{4:040}")
    assert [(step.model, step.base, step.found) for step in chain.steps] == [
        ("example/chat", "example/base", "directory beside the model")
    ]
    assert chain.roots == ("example/base",)


def test_a_model_is_not_its_own_base_by_its_directory(tmp_path):
    chain = near(model(tmp_path / "base", "example/base", "finetune"))
    assert [step.found for step in chain.steps] == [""]


def test_a_config_names_what_it_was_saved_from(tmp_path):
    chain = near(model(tmp_path / "mine", config={"_name_or_path": "microsoft/phi-2"}))
    assert told(chain) == [("mine", "microsoft/phi-2", "loaded-from", ("config",), "catalogue")]


def test_a_path_of_another_machine_is_told_and_not_followed(tmp_path):
    chain = near(model(tmp_path / "mine", config={"_name_or_path": "/data/\x1b[2Jllama-70b"}))
    assert chain.steps == ()
    assert chain.not_followed == (
        "mine: its config was saved from the path /data/\\x1b[2Jllama-70b, of another machine",
    )


@pytest.mark.parametrize("saved", ["", "  ", 5, None, "../out/mine", "mine", ["a/b"]])
def test_a_config_that_names_itself_or_nothing_declares_nothing(tmp_path, saved):
    chain = near(model(tmp_path / "mine", config={"_name_or_path": saved}))
    assert (chain.steps, chain.not_followed, chain.contradictions) == ((), (), ())


def test_an_adapter_declares_its_base_even_where_that_is_a_path(tmp_path):
    good = model(tmp_path / "a", config=False, adapter={"base_model_name_or_path": "openai-community/gpt2"})
    assert told(near(good)) == [("a", "openai-community/gpt2", "adapter", ("adapter config",), "catalogue")]
    lost = model(tmp_path / "b", config=False, adapter={"base_model_name_or_path": "/data/me/base"})
    assert near(lost).not_followed == ("/data/me/base: is no hub id: a path of another machine, or a name alone",)


def metadata(**more):
    base = {"general.base_model.count": 1, "general.base_model.0.name": "Solar Open 100B"}
    return {**QWEN3, **base, "general.base_model.0.organization": "Upstage", **more}


@pytest.mark.parametrize(
    ("more", "base"),
    [
        (
            {"general.base_model.0.repo_url": "https://huggingface.co/upstage/Solar-Open-100B"},
            "upstage/Solar-Open-100B",
        ),
        ({}, SOLAR),
        ({"general.base_model.0.repo_url": "https://example.org/x"}, SOLAR),
        ({"general.base_model.0.name": "two/slashes"}, "Upstage/two/slashes"),
        ({"general.base_model.count": 0}, None),
        ({"general.base_model.count": 10**12, "general.base_model.0.name": "gpt2"}, "Upstage/gpt2"),
    ],
)
def test_gguf_metadata(tmp_path, more, base):
    (tmp_path / "model.gguf").write_bytes(gguf(metadata(**more)))
    for reference in (tmp_path / "model.gguf", tmp_path):
        chain = near(reference)
        assert [step.base for step in chain.steps] == ([base] if base else [])
        assert chain.model.licences == (("GGUF metadata", "mit"),)


def test_card_and_metadata_of_one_base_are_one_step(tmp_path):
    folder = model(tmp_path / "mine", "upstage/solar-open-100b", "quantized", "apache-2.0", config=False)
    (folder / "model.gguf").write_bytes(gguf(metadata()))
    chain = near(folder)
    assert [(step.relation, step.declared_in) for step in chain.steps] == [
        ("quantized", ("model card", "GGUF metadata"))
    ]
    assert chain.contradictions == ("mine: the model card declares the licence apache-2.0, the GGUF metadata mit",)


def test_declarations_that_disagree(tmp_path):
    chain = near(model(tmp_path / "a", "gpt/one", "finetune", config={"_name_or_path": "gpt/two"}))
    assert chain.contradictions == ("a: the model card names gpt/one as base, the config was saved from gpt/two",)
    base = {"base_model_name_or_path": "gpt/two"}
    chain = near(model(tmp_path / "b", "gpt/one", "adapter", config=False, adapter=base))
    assert chain.contradictions == (
        "b: the model card names gpt/one as base, the adapter config names gpt/two as base",
    )


def test_an_ancestor_is_no_other_base(tmp_path):
    saved = {"_name_or_path": "mistralai/Mistral-7B-v0.1", "hidden_size": 4096, "num_hidden_layers": 48}
    assert near(model(tmp_path / "a", "upstage/SOLAR-10.7B-v1.0", "finetune", config=saved)).contradictions == ()


def test_a_relation_that_keeps_tensors_is_held_against_the_sizes(tmp_path):
    model(tmp_path / "base", hidden_size=128)
    chain = near(model(tmp_path / "mine", "example/base", "finetune"))
    assert chain.contradictions == (
        "mine declares finetune of example/base, and states other sizes: hidden_size 128 → 64",
    )
    assert near(model(tmp_path / "other", "example/base", "distilled")).contradictions == ()


def test_sizes_of_a_text_model_inside_another(tmp_path):
    model(tmp_path / "base", config={"text_config": {"hidden_size": 96}})
    (said,) = near(model(tmp_path / "mine", "example/base", "quantized")).contradictions
    assert "hidden_size 96 → 64" in said


def test_a_base_that_was_released_later(tmp_path):
    lineage = [{"base": "upstage/Solar-Open-100B", "relation": "finetune"}]
    chain = follow_graph("early", {"released": "2023-01-01", "lineage": lineage})
    assert chain.contradictions == (
        "early was released on 2023-01-01, before its declared base upstage/Solar-Open-100B (2025-12-31)",
    )


def test_a_cycle_ends(tmp_path):
    model(tmp_path / "one", "example/two", "finetune")
    model(tmp_path / "two", "example/one", "finetune")
    chain = near(model(tmp_path / "start", "example/one", "finetune"))
    assert [(step.model, step.base) for step in chain.steps] == [
        ("start", "example/one"),
        ("example/one", "example/two"),
        ("example/two", "example/one"),
    ]
    assert chain.contradictions == ("example/two declares example/one as its base, which declares it in turn",)
    assert chain.roots == ()


def test_a_chain_is_followed_so_far_and_no_further(tmp_path):
    for number in range(DEEPEST + 3):
        model(tmp_path / f"m{number}", f"example/m{number + 1}", "finetune")
    chain = near(tmp_path / "m0")
    assert len(chain.steps) == DEEPEST
    assert chain.not_followed == (
        f"example/m{DEEPEST}: {DEEPEST} declarations in a row were followed, and no more are",
    )


def test_a_merge_has_several_roots(tmp_path):
    chain = near(model(tmp_path / "mine", ["openai-community/gpt2", "microsoft/phi-2"]))
    assert {step.relation for step in chain.steps} == {"merge"}
    assert chain.roots == ("openai-community/gpt2", "microsoft/phi-2")


@pytest.mark.parametrize(
    ("write", "error"),
    [
        (Path.exists, SourceError),
        (lambda folder: (folder / "config.json").write_text("{"), SourceError),
        (lambda folder: (folder / "config.json").write_bytes(b"\xff"), SourceError),
        (lambda folder: (folder / "config.json").mkdir(), SourceError),
        (lambda folder: (folder / "adapter_config.json").write_text("[]"), SourceError),
        (lambda folder: (folder / "model.gguf").write_bytes(b"GGUF"), SourceError),
    ],
)
def test_a_directory_that_cannot_be_read(tmp_path, write, error):
    folder = tmp_path / "mine"
    folder.mkdir()
    write(folder)
    with pytest.raises(error) as caught:
        near(folder)
    assert str(caught.value).isprintable()


def test_what_names_nothing_or_a_damaged_graph(tmp_path):
    with pytest.raises(UnresolvedReferenceError):
        near("no-such-model")
    (tmp_path / "graph.json").write_text('{"directed": true, "graph": {}}')
    with pytest.raises(SnapshotError):
        near(tmp_path / "graph.json")


def test_offline_a_model_of_the_hub_is_one_error(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(UnresolvedReferenceError):
        follow("nobody/nothing-at-all")
    chain = follow(str(model(tmp_path / "mine", "nobody/nothing-at-all")))
    assert len(chain.not_followed) == 1
    assert "nobody/nothing-at-all" in chain.not_followed[0]


def test_what_the_catalogue_knows_of_ancestors():
    assert ancestors("NousResearch/nous-hermes-2-SOLAR-10.7B") == {
        "upstage/solar-10.7b-v1.0",
        "mistralai/mistral-7b-v0.1",
    }
    assert ancestors("upstage/Solar-Open-100B") == frozenset()
    assert ancestors("meta-llama/Meta-Llama-3.1-8B") == {"meta-llama/llama-3.1-8b"}
    assert ancestors("nobody/nothing") is None
    assert ancestors("Qwen/Qwen3-8B") is None, "its base is not in the catalogue"


def test_a_model_is_known_by_the_id_that_it_had_before(tmp_path):
    chain = near(model(tmp_path / "mine", "meta-llama/Meta-Llama-3.1-8B", "distilled"))
    assert [(step.base, step.found) for step in chain.steps] == [("meta-llama/Llama-3.1-8B", "catalogue")]
    assert chain.roots == ("meta-llama/Llama-3.1-8B",)


def test_what_relations_promise():
    assert keeps_tensors("finetune")
    assert not keeps_tensors("depth-upscaled")
    assert keeps_weights("depth-upscaled")
    assert not any(map(keeps_weights, ("distilled", "merge", "same-architecture", "loaded-from", "unstated")))
