"""Declared lineage on a hub: one card after the other, through the real client and a server on loopback."""

from __future__ import annotations

import json

import pytest

from tests.archdiff.evidence.lineage.models import CONFIG, card, model
from tests.archdiff.sources.hub_server import Hub, running
from tests.archdiff.sources.test_hub import Client

BODY = json.dumps(CONFIG).encode()

PROGRAM = """
import dataclasses, json, sys
from archdiff.errors import ArchdiffError
from archdiff.evidence.lineage import follow
for text in sys.argv[2:]:
    try:
        chain = follow(text, sys.argv[1])
        steps = [[step.model, step.base, step.found] for step in chain.steps]
        print(json.dumps([steps, chain.roots, chain.not_followed]))
    except ArchdiffError as error:
        print(json.dumps([type(error).__name__, str(error)]))
"""


class Follower(Client):
    program = PROGRAM


@pytest.fixture(scope="module")
def hub():
    """A fine-tune, its base, the root of both, a model that is weights and a card, and one that is gated."""
    files = {
        ("a/chat", "config.json"): BODY,
        ("a/chat", "README.md"): card("a/base", "finetune", "mit").encode(),
        ("a/base", "config.json"): BODY,
        ("a/base", "README.md"): card("a/root", "continued").encode(),
        ("a/root", "config.json"): BODY,
        ("a/files", "README.md"): card("a/root", "quantized").encode(),
        ("a/lora", "adapter_config.json"): json.dumps({"base_model_name_or_path": "a/base"}).encode(),
        ("a/bare", "notes.txt"): b"",
        ("a/secret", "config.json"): BODY,
    }
    with running(Hub(files, gated={"a/secret"})) as server:
        yield server


def test_the_hub_is_followed_to_the_root_and_then_its_cache_is(hub, tmp_path):
    ask = Follower(tmp_path / "hf", hub.url)
    steps = [["a/chat", "a/base", "hub"], ["a/base", "a/root", "hub"]]
    assert ask("hub", "a/chat") == [[steps, ["a/root"], []]]
    cached = [[model, base, "hub cache"] for model, base, _ in steps]
    assert ask("hub", "a/chat", HF_HUB_OFFLINE="1") == [[cached, ["a/root"], []]]
    before = len(hub.requests)
    assert ask("cache", "a/chat") == [[cached, ["a/root"], []]]
    assert len(hub.requests) == before


def test_models_without_a_config_declare_too(hub, tmp_path):
    files, lora, bare = Follower(tmp_path / "hf", hub.url)("hub", "a/files", "a/lora", "a/bare")
    assert files[0] == [["a/files", "a/root", "hub"]]
    assert [step[:2] for step in lora[0]] == [["a/lora", "a/base"], ["a/base", "a/root"]]
    assert bare[0] == "SourceError"
    assert "neither config nor model card" in bare[1]


def test_what_cannot_be_had_is_told(hub, tmp_path):
    folder = model(tmp_path / "mine", ["a/secret", "a/nothing"])
    ask = Follower(tmp_path / "hf", hub.url)
    (steps, _, why), gone = ask("hub", str(folder), "a/nothing")
    assert [step[2] for step in steps] == ["", ""]
    assert why[0].startswith("a/secret: the model is gated")
    assert why[1].startswith("a/nothing: no such model on the hub")
    assert gone[0] == "UnresolvedReferenceError"
    assert ask("cache", str(folder))[0][2] == ["a/secret: not in the hub's cache", "a/nothing: not in the hub's cache"]


def test_a_hub_that_is_not_there_is_told(tmp_path):
    folder = model(tmp_path / "mine", "a/base")
    ((_, _, (why,)),) = Follower(tmp_path / "hf", "http://127.0.0.1:9")("hub", str(folder))
    assert why.startswith("a/base: ")
