"""Weights on a hub, through the real client and a real server, each time in a process of its own."""

from __future__ import annotations

import hashlib
import json

import pytest
import torch

from tests.archdiff.sources.gguf_files import QWEN3
from tests.archdiff.sources.hub_server import COMMIT, TOKEN, Hub, running
from tests.archdiff.sources.test_hub import CONFIG, fails
from tests.archdiff.sources.test_hub import Client as Resolving
from tests.archdiff.weights.reading.files import TWO, content, file_of
from tests.archdiff.weights.reading.test_ggml import SIZES, TENSORS
from tests.archdiff.weights.reading.test_ggml import file_of as gguf_of
from tests.archdiff.weights.reading.test_pickles import bytes_of, raw

SINGLE, INDEX = "model.safetensors", "model.safetensors.index.json"
LARGE = {"large": ("U8", (3 * 2**22 + 5,)), **TWO}

# Prints the SHA-256 of each tensor, read in chunks, and its digest; or the error's class and text.
PROGRAM = """
import hashlib, json, sys
from archdiff.errors import ArchdiffError
from archdiff.sources import resolve
from archdiff.weights.reading import open_checkpoint
for text in sys.argv[1:]:
    try:
        found = {}
        with open_checkpoint(resolve(text)) as checkpoint:
            for name, stored in checkpoint.stored.items():
                data = b"".join(bytes(checkpoint.read(name, start, min(start + 2**20, stored.size)))
                                for start in range(0, stored.size, 2**20))
                found[name] = [hashlib.sha256(data).hexdigest(), stored.digest]
        print(json.dumps(found))
    except ArchdiffError as error:
        print(json.dumps([type(error).__name__, str(error)]))
"""

# Downloads files as any program does that uses the hub.
DOWNLOAD = """
import json, sys
from huggingface_hub import hf_hub_download
from huggingface_hub.utils import disable_progress_bars
disable_progress_bars()
for name in sys.argv[1:]:
    hf_hub_download("owner/model", name)
    print(json.dumps(name))
"""


class Client(Resolving):
    program = PROGRAM


class Downloading(Resolving):
    program = DOWNLOAD


@pytest.fixture
def hub():
    with running(Hub({("owner/model", "config.json"): json.dumps(CONFIG).encode()}, lfs=True)) as hub:
        yield hub


@pytest.fixture
def client(hub, tmp_path):
    return Client(tmp_path / "home", hub.url)


def put(hub, **files):
    hub.files.update({("owner/model", name): data for name, data in files.items()})


def put_one(hub, tensors=None):
    data = content(tensors or LARGE)
    put(hub, **{SINGLE: file_of(tensors or LARGE, data)})
    return data


def put_shards(hub):
    shards = {"model-1.safetensors": {"c": ("U8", (9,)), "a": ("BF16", (3, 3))}, "model-2.safetensors": TWO | {}}
    shards["model-2.safetensors"].pop("a")
    data = {name: content(tensors) for name, tensors in shards.items()}
    put(hub, **{name: file_of(tensors, data[name]) for name, tensors in shards.items()})
    listed = {tensor: name for name, tensors in shards.items() for tensor in tensors}
    put(hub, **{INDEX: json.dumps({"weight_map": listed}).encode()})
    return {name: value for held in data.values() for name, value in held.items()}


def same(found, data):
    assert isinstance(found, dict), found
    assert {name: sha for name, (sha, _) in found.items()} == {
        name: hashlib.sha256(value).hexdigest() for name, value in data.items()
    }


def test_one_file_by_ranges(hub, client):
    data = put_one(hub)
    found = client("owner/model")
    same(found, data)
    sha = hashlib.sha256(hub.files["owner/model", SINGLE]).hexdigest()
    assert all(digest.startswith(f"sha256:{sha}:") for _, digest in found.values())
    assert hub.sent[SINGLE] <= len(hub.files["owner/model", SINGLE]) + 2**17


def test_shards(hub, client):
    data = put_shards(hub)
    same(client("owner/model@main"), data)


def test_without_digests(hub, client):
    hub.lfs = False
    data = put_one(hub, TWO)
    found = client("owner/model")
    same(found, data)
    assert not any(digest for _, digest in found.values())


def with_faults(hub, faults):
    """A model for each list of faults; returns the content of all, and how to call each."""
    data = put_one(hub)
    for number, fault in enumerate(faults):
        for name in ("config.json", SINGLE):
            hub.files[f"owner/m{number}", name] = hub.files["owner/model", name]
        hub.faults[f"owner/m{number}", SINGLE] = list(fault)
    return data, [f"owner/m{number}" for number in range(len(faults))]


def test_faults_that_pass(hub, client):
    data, models = with_faults(hub, [["break", "break"], [503], [(429, "1")], [502, "break", 500]])
    for found in client(*models):
        same(found, data)
    assert not any(hub.faults.values())


FAULTS = {
    "is sent whole, or at another place, where a range of it was asked for": ["whole"],
    "changed on the hub while it was read": [None, "etag"],
    "the hub refused access to the model": [403] * 9,
    "the hub answered with status 404": [404] * 9,
    "asks to wait for 9,999 seconds": [(429, "9999")],
}


def test_faults_that_do_not_pass(hub, client):
    _, models = with_faults(hub, FAULTS.values())
    for (error, text), model, said in zip(client(*models), models, FAULTS, strict=True):
        assert error in ("SourceError", "UnresolvedReferenceError")
        assert text.startswith(f"{model}: ")
        assert said in text


def test_what_the_cache_holds_is_read_there(hub, client, tmp_path):
    data = put_shards(hub)
    Downloading(tmp_path / "home", hub.url)("config.json", INDEX, "model-1.safetensors", "model-2.safetensors")
    hub.requests.clear()
    found = client("owner/model")
    same(found, data)
    assert not [request for request in hub.requests if request.startswith("GET") and "safetensors" in request]
    offline = client("owner/model", HF_HUB_OFFLINE="1")
    same(offline, data)


def test_half_of_it_in_the_cache(hub, client, tmp_path):
    data = put_shards(hub)
    Downloading(tmp_path / "home", hub.url)("model-1.safetensors", "config.json")
    same(client("owner/model"), data)
    assert fails_offline(client("owner/model", HF_HUB_OFFLINE="1"))


def fails_offline(result):
    fails(result, "SourceError", "model-2.safetensors is not in the hub's cache, and HF_HUB_OFFLINE is set", "unset it")
    return True


def test_a_private_model_by_its_token(hub, client):
    data = put_one(hub, TWO)
    hub.private.add("owner/model")
    same(client("owner/model", HF_TOKEN=TOKEN), data)
    fails(client("owner/model"), "UnresolvedReferenceError", "no such model on the hub, or it is private")


def test_an_entry_of_the_catalogue_is_read_under_its_hub_id(hub, client):
    hub.files = {("zai-org/GLM-4.5-Air", name): data for (_, name), data in hub.files.items()}
    data = content(TWO)
    hub.files["zai-org/GLM-4.5-Air", SINGLE] = file_of(TWO, data)
    found, missing = client("glm-4.5-air", "gpt-oss-120b")
    same(found, data)
    fails(missing, "UnresolvedReferenceError", "gpt-oss-120b: no such model on the hub")
    assert any(f"/resolve/{COMMIT}/" in request for request in hub.requests), "pinned to the commit"
    assert not any("/resolve/main/" in request for request in hub.requests)
    offline = client("glm-4.5-air", HF_HUB_OFFLINE="1")
    fails(offline, "UnresolvedReferenceError", "glm-4.5-air: not in the hub's cache, and HF_HUB_OFFLINE is set")


def test_a_file_of_another_commit_with_the_same_content_is_read_from_the_cache(hub, client, tmp_path):
    data = put_one(hub)
    body = hub.files["owner/model", SINGLE]
    blobs = tmp_path / "home" / "hub" / "models--owner--model" / "blobs"
    blobs.mkdir(parents=True)
    (blobs / hashlib.sha256(body).hexdigest()).write_bytes(body)
    same(client("owner/model"), data)
    assert hub.sent[SINGLE] <= 2**17, "the header, when it was resolved"


def test_gguf(hub, client):
    hub.files.clear()
    split = [dict(list(TENSORS.items())[:2]), dict(list(TENSORS.items())[2:])]
    parts = [gguf_of(split[0], {**QWEN3, "split.count": 2}), gguf_of(split[1], {"split.no": 1})]
    put(hub, **{f"m-0000{number}-of-00002.gguf": data for number, data in enumerate(parts, 1)}, **{"o.gguf": gguf_of()})
    both, one, unclear = client("owner/model:m-00001-of-00002.gguf", "owner/model:o.gguf", "owner/model")
    assert both.keys() == one.keys() == SIZES.keys()
    assert both != one
    fails(unclear, "SourceError", "2 GGUF files")


def test_pickles_are_read_from_the_cache_alone(hub, client, tmp_path):
    held = {"a": torch.ones(3, 2)}
    put(hub, **{"pytorch_model.bin": bytes_of(held)})
    fails(client("owner/model"), "SourceError", "are pickles (pytorch_model.bin)", "run `hf download owner/model`")
    Downloading(tmp_path / "home", hub.url)("pytorch_model.bin", "config.json")
    same(client("owner/model"), {"a": raw(held["a"])})


def test_a_model_without_weights(hub, client):
    fails(client("owner/model"), "SourceError", "no safetensors are on the hub or in its cache")
