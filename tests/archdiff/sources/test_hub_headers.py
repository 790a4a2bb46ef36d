"""What a model on the hub ships, through the real client: headers alone, once, checked like any other."""

from __future__ import annotations

import json

import pytest

from tests.archdiff.sources.hub_server import COMMIT, Hub, running
from tests.archdiff.sources.quantizing import nvfp4_modelopt
from tests.archdiff.sources.test_hub import CONFIG, Client, fails
from tests.archdiff.sources.weights import file_of, packed

LARGE = {f"layer.{number:04}.weight": ("U8", (2**12,)) for number in range(2000)}
SINGLE, INDEX = "model.safetensors", "model.safetensors.index.json"


@pytest.fixture
def hub():
    with running(Hub({("owner/model", "config.json"): json.dumps(CONFIG).encode()})) as hub:
        yield hub


@pytest.fixture
def client(hub, tmp_path):
    return Client(tmp_path / "home", hub.url)


def put(hub, **files):
    hub.files.update({("owner/model", name): data for name, data in files.items()})


def put_shards(hub, *shards):
    names = [f"model-{number}.safetensors" for number in range(len(shards))]
    listed = {tensor: name for name, tensors in zip(names, shards, strict=True) for tensor in tensors}
    put(hub, **{INDEX: json.dumps({"weight_map": listed}).encode()})
    put(hub, **{name: file_of(tensors) for name, tensors in zip(names, shards, strict=True)})


def names(source):
    return [tensor["name"] for tensor in source["shipped"]]


def test_the_header_of_one_file_and_no_weights(hub, client):
    put(hub, **{SINGLE: file_of({"b": ("BF16", (1000, 1000)), "a": ("F32", (2,))})})
    source = client("owner/model")
    assert source["shipped"][1] == {"name": "b", "shape": [1000, 1000], "dtype": "bfloat16"}
    assert names(source) == ["a", "b"]
    assert hub.sent[SINGLE] <= 2**17


def test_a_header_longer_than_the_first_range(hub, client):
    data = file_of(LARGE)
    put(hub, **{SINGLE: data})
    assert names(client("owner/model")) == sorted(LARGE)
    assert 2**17 < hub.sent[SINGLE] < len(data) / 20


def test_shards(hub, client):
    put_shards(hub, {"c": ("U8", (1,)), "a": ("U8", (1,))}, {"b": ("U8", (1,))})
    assert names(client("owner/model")) == ["a", "b", "c"]


def test_a_second_look_downloads_nothing_and_works_offline(hub, client):
    put_shards(hub, {"a": ("U8", (1,))}, {"b": ("U8", (1,))})
    first = client("owner/model")
    hub.requests.clear()
    assert client("owner/model")["shipped"] == first["shipped"]
    assert not [request for request in hub.requests if request.startswith("GET")]
    hub.requests.clear()
    assert client("owner/model", HF_HUB_OFFLINE="1")["shipped"] == first["shipped"]
    assert not hub.requests


def test_a_header_in_the_cache_is_checked_again(hub, client):
    put(hub, **{SINGLE: file_of({"a": ("U8", (1,))})})
    client("owner/model")
    (kept,) = (client.home / "assets").rglob("*.header")
    kept.write_bytes(kept.read_bytes()[:-5] + b"XXXXX")
    fails(client("owner/model"), "SourceError", "model.safetensors: its header: not JSON")


def test_offline_without_a_header_the_shipped_tensors_are_unknown(hub, client):
    client("owner/model")
    put(hub, **{SINGLE: file_of({"a": ("U8", (1,))})})
    assert client("owner/model", HF_HUB_OFFLINE="1")["shipped"] is None


def test_a_model_without_safetensors(hub, client):
    assert client("owner/model")["shipped"] is None


def test_what_the_hub_ships_is_checked(hub, client):
    put(hub, **{SINGLE: packed({"a": {"dtype": "U8", "shape": [2], "data_offsets": [0, 1]}})})
    fails(client("owner/model"), "SourceError", "model.safetensors: tensor 'a' has 1 bytes, not the 2")


def test_an_index_that_lies(hub, client):
    put_shards(hub, {"a": ("U8", (1,))})
    put(hub, **{INDEX: json.dumps({"weight_map": {"a": "../../../secret.safetensors"}}).encode()})
    fails(client("owner/model"), "SourceError", "puts tensor 'a' outside its directory")


def test_a_shard_that_the_hub_does_not_have(hub, client):
    put_shards(hub, {"a": ("U8", (1,))}, {"b": ("U8", (1,))})
    del hub.files["owner/model", "model-1.safetensors"]
    fails(client("owner/model"), "SourceError", "lists model-1.safetensors, which the hub does not have")


def test_a_hub_without_ranges_sends_no_weights(hub, client):
    hub.ranges = False
    put(hub, **{SINGLE: file_of({"a": ("U8", (1000,))})})
    fails(client("owner/model"), "SourceError", "sends model.safetensors whole")


def test_more_shards_than_are_asked_for(hub, client):
    put(hub, **{INDEX: json.dumps({"weight_map": {str(n): f"{n}.safetensors" for n in range(600)}}).encode()})
    source = client("owner/model")
    assert source["shipped"] is None
    assert source["notes"] == ["shipped tensors were not read: they stand in 600 files"]


def test_the_headers_are_kept_by_commit(hub, client):
    put(hub, **{SINGLE: file_of({"a": ("U8", (1,))})})
    client("owner/model")
    (kept,) = (client.home / "assets").rglob("*.header")
    assert kept.parent.name == COMMIT


def test_weights_without_a_config(hub, client):
    del hub.files["owner/model", "config.json"]
    put_shards(hub, {"model.norm.weight": ("BF16", (8,))}, {"lm_head.weight": ("BF16", (9, 8))})
    put(hub, **{"README.md": b"---\nlicense: mit\n---\n"})
    source = client("owner/model")
    assert (source["kind"], source["config"], source["revision"], source["licence"]) == ("weights", {}, COMMIT, "mit")
    assert names(source) == ["lm_head.weight", "model.norm.weight"]


def test_one_file_without_a_config(hub, client):
    del hub.files["owner/model", "config.json"]
    put(hub, **{SINGLE: file_of({"a.weight": ("U8", (1,))})})
    assert names(client("owner/model")) == ["a.weight"]
    put(hub, **{SINGLE: file_of({"a..weight": ("U8", (1,))})})
    fails(client("owner/model@v1", HF_HOME=str(client.home) + "2"), "SourceError", "a name that no module")


def test_neither_config_nor_weights(hub, client):
    del hub.files["owner/model", "config.json"]
    put(hub, **{"README.md": b""})
    fails(client("owner/model"), "SourceError", "no config.json on the hub")


def test_how_weights_are_stored_is_asked_for_where_they_are_quantised(hub, client):
    put(hub, **{SINGLE: file_of(nvfp4_modelopt("a.weight", 8, 32))})
    assert "quantization_config" not in client("owner/model")["config"]
    put(hub, **{"hf_quant_config.json": json.dumps({"quantization": {"quant_algo": "NVFP4"}}).encode()})
    stated = {"quant_method": "modelopt", "quant_algo": "NVFP4"}
    assert client("owner/model")["config"]["quantization_config"] == stated
    hub.requests.clear()
    assert client("owner/model", HF_HUB_OFFLINE="1")["config"]["quantization_config"] == stated
    assert not hub.requests
