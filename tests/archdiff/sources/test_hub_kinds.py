"""Models on the hub without a config.json: weights alone, adapters and GGUF files, by ranges of bytes."""

from __future__ import annotations

import json

import pytest

from archdiff.errors import UnresolvedReferenceError
from archdiff.reference import parse
from tests.archdiff.sources.gguf_files import QWEN3, TENSORS, gguf
from tests.archdiff.sources.hub_server import COMMIT, TOKEN, Hub, running
from tests.archdiff.sources.test_adapter import CONFIG as ADAPTER
from tests.archdiff.sources.test_adapter import TENSORS as FACTORS
from tests.archdiff.sources.test_hub import Client, fails
from tests.archdiff.sources.weights import file_of

REPOSITORY = "owner/model"
CARD = b"---\nlicense: mit\n---\n"
LONG = QWEN3 | {"tokenizer.ggml.tokens": [f"token {number:06}" for number in range(60_000)]}
SPLIT = "model-{:05}-of-00002.gguf"


@pytest.fixture
def hub():
    with running(Hub({(REPOSITORY, "README.md"): CARD})) as hub:
        yield hub


@pytest.fixture
def client(hub, tmp_path):
    return Client(tmp_path / "home", hub.url)


def put(hub, files):
    hub.files.update({(REPOSITORY, name): data for name, data in files.items()})


def offline(client, *texts):
    return client(*texts, HF_HUB_OFFLINE="1")


def test_the_one_gguf_file_is_the_model(hub, client):
    put(hub, {"some-Q8_0.gguf": gguf(), "mmproj-model.gguf": b"a tower"})
    source = client(REPOSITORY)
    assert (source["kind"], source["name"], source["hub_id"]) == ("gguf", REPOSITORY, REPOSITORY)
    assert (source["revision"], source["licence"], source["config"]["model_type"]) == (COMMIT, "mit", "qwen3")


def test_no_data_is_asked_for(hub, client):
    data = gguf(LONG, {"token_embd.weight": ((64, 60_000), 1)}, data=64 * 60_000 * 2)
    put(hub, {"model.gguf": data})
    assert client(REPOSITORY)["config"]["vocab_size"] == 60_000
    assert 2**17 < hub.sent["model.gguf"] < len(data) / 3


def test_several_gguf_files_are_named_and_one_of_them_can_be(hub, client):
    put(hub, {"a-Q4_K_M.gguf": gguf(), "b/a-Q8_0.gguf": gguf(QWEN3 | {"qwen3.block_count": 5})})
    fails(
        client(REPOSITORY), "SourceError", "2 GGUF files: a-Q4_K_M.gguf, b/a-Q8_0.gguf", f"{REPOSITORY}:a-Q4_K_M.gguf"
    )
    source = client(f"{REPOSITORY}@main:b/a-Q8_0.gguf")
    assert (source["name"], source["config"]["num_hidden_layers"]) == (f"{REPOSITORY}:b/a-Q8_0.gguf", 5)
    fails(client(f"{REPOSITORY}:c.gguf"), "SourceError", "holds no file c.gguf")


def test_a_gguf_file_beside_a_config_can_be_named(hub, client):
    put(hub, {"config.json": b'{"model_type": "llama"}', "a.gguf": gguf()})
    assert client(REPOSITORY)["kind"] == "hub"
    assert client(f"{REPOSITORY}:a.gguf")["kind"] == "gguf"


def test_a_gguf_file_in_parts(hub, client):
    first = gguf(QWEN3 | {"split.count": 2}, TENSORS)
    put(hub, {SPLIT.format(1): first, SPLIT.format(2): gguf({}, {"output.weight": ((64, 300), 1)})})
    assert client(REPOSITORY)["config"]["tie_word_embeddings"] is False
    del hub.files[REPOSITORY, SPLIT.format(2)]
    fails(client(REPOSITORY), "SourceError", "1 of 2 parts are there")


def test_a_gguf_file_that_lies(hub, client):
    put(hub, {"a.gguf": b"GGUF" + b"\xff" * 60})
    fails(client(REPOSITORY), "SourceError", "has GGUF version")


def test_an_adapter(hub, client):
    put(hub, {"adapter_config.json": json.dumps(ADAPTER).encode(), "adapter_model.safetensors": file_of(FACTORS)})
    source = client(REPOSITORY)
    assert (source["kind"], source["name"], source["revision"]) == ("adapter", REPOSITORY, COMMIT)
    assert (source["hub_id"], source["licence"]) == (REPOSITORY, "mit")
    assert source["lineage"] == [{"base": "openai-community/gpt2", "relation": "adapter"}]
    assert "LoRA adapter of rank 4 (alpha 8) on openai-community/gpt2, whose graph this is" in source["notes"]
    assert [note for note in source["notes"] if "to 3 modules" in note]
    assert hub.sent["adapter_model.safetensors"] <= 2**17


def test_an_adapter_whose_weights_are_a_pickle(hub, client):
    put(hub, {"adapter_config.json": json.dumps(ADAPTER).encode(), "adapter_model.bin": b"\x80\x04."})
    assert "pickles are never read" in client(REPOSITORY)["notes"][-1]
    assert "adapter_model.bin" not in hub.sent


def test_the_base_of_an_adapter_comes_from_the_hub_too(hub, client):
    hub.files["owner/base", "config.json"] = b'{"model_type": "llama", "num_hidden_layers": 3}'
    put(hub, {"adapter_config.json": json.dumps(ADAPTER | {"base_model_name_or_path": "owner/base"}).encode()})
    assert client(REPOSITORY)["config"]["num_hidden_layers"] == 3


def test_an_adapter_of_itself(hub, client):
    put(hub, {"adapter_config.json": json.dumps(ADAPTER | {"base_model_name_or_path": REPOSITORY}).encode()})
    fails(client(REPOSITORY), "SourceError", "its base model owner/model: is an adapter itself")


def test_weights_of_another_name(hub, client):
    put(hub, {"any.safetensors": file_of({"a.weight": ("BF16", (2,))})})
    assert client(REPOSITORY)["kind"] == "weights"


def test_pickles_are_named_and_not_asked_for(hub, client):
    put(hub, {"pytorch_model.bin": b"\x80\x04."})
    fails(client(REPOSITORY), "SourceError", "pickles, which are never read (pytorch_model.bin)")
    assert "pytorch_model.bin" not in hub.sent


FILES = {
    "gguf": {"a.gguf": gguf()},
    "adapter": {"adapter_config.json": json.dumps(ADAPTER).encode(), "adapter_model.safetensors": file_of(FACTORS)},
    "weights": {"model.safetensors": file_of({"a.weight": ("BF16", (2,))})},
}


@pytest.mark.parametrize("kind", FILES)
def test_offline_takes_what_is_kept_and_says_so(hub, client, kind):
    put(hub, FILES[kind])
    fails(offline(client, REPOSITORY), "UnresolvedReferenceError", "HF_HUB_OFFLINE")
    online = client(REPOSITORY)
    hub.requests.clear()
    again = offline(client, REPOSITORY)
    assert not hub.requests
    assert (again["kind"], again["digest"], again["licence"]) == (kind, online["digest"], "mit")
    assert [note for note in again["notes"] if COMMIT in note]


def test_a_second_look_at_a_gguf_file_asks_for_no_bytes_of_it(hub, client):
    put(hub, FILES["gguf"])
    client(REPOSITORY)
    hub.sent.clear()
    client(REPOSITORY)
    assert "a.gguf" not in hub.sent


def test_a_private_model(hub, client):
    put(hub, FILES["gguf"])
    hub.private.add(REPOSITORY)
    fails(client(f"{REPOSITORY}:a.gguf"), "UnresolvedReferenceError", "no such model")
    assert client(f"{REPOSITORY}:a.gguf", HF_TOKEN=TOKEN)["kind"] == "gguf"


@pytest.mark.parametrize(
    "file", ["", "../a.gguf", "a/../b.gguf", "/a.gguf", "a.bin", "a\\b.gguf", ".gguf", "a\x1b.gguf"]
)
def test_a_file_that_no_model_holds(file):
    with pytest.raises(UnresolvedReferenceError) as caught:
        parse(f"owner/model:{file}")
    assert str(caught.value).isprintable()
