"""Models on a hub, through the real client and a real server, each time in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.archdiff.sources.hub_server import COMMIT, TOKEN, Hub, running

CONFIG = {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "num_hidden_layers": 2}
CARD = b"---\nlicense: mit\nbase_model: owner/base\nbase_model_relation: quantized\n---\n# A model\n"

# Prints the source, or the error's class and text, as JSON; anything on standard error fails the test.
PROGRAM = """
import dataclasses, json, sys
from archdiff.errors import ArchdiffError
from archdiff.sources import resolve
for text in sys.argv[1:]:
    try:
        print(json.dumps(dataclasses.asdict(resolve(text))))
    except ArchdiffError as error:
        print(json.dumps([type(error).__name__, str(error)]))
"""


class Client:
    """Resolves references in a fresh process with a cache of its own."""

    program = PROGRAM

    def __init__(self, home, url):
        self.home, self.url = home, url

    def __call__(self, *texts, **env):
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
        settings = {"HF_HOME": str(self.home), "HF_ENDPOINT": self.url, "HF_HUB_ETAG_TIMEOUT": "2", **env}
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", self.program, *texts],
            env={**inherited, **settings},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        results = [json.loads(line) for line in done.stdout.splitlines()]
        return results[0] if len(texts) == 1 else results


@pytest.fixture
def hub():
    files = {("owner/model", "config.json"): json.dumps(CONFIG).encode(), ("owner/model", "README.md"): CARD}
    with running(Hub(files)) as hub:
        yield hub


@pytest.fixture
def client(hub, tmp_path):
    return Client(tmp_path / "home", hub.url)


def fails(result, error, *said):
    assert isinstance(result, list), f"resolved: {result}"
    assert result[0] == error, result
    assert all(part in result[1] for part in said), result
    assert result[1].isprintable()


def test_a_model_has_its_config_commit_licence_and_lineage(client):
    source = client("owner/model@main")
    assert (source["kind"], source["name"], source["hub_id"]) == ("hub", "owner/model", "owner/model")
    assert (source["config"], source["revision"], source["licence"]) == (CONFIG, COMMIT, "mit")
    assert source["lineage"] == [{"base": "owner/base", "relation": "quantized"}]
    assert source["notes"] == []


def test_a_model_needs_no_card(hub, client):
    del hub.files["owner/model", "README.md"]
    source = client("owner/model")
    assert (source["licence"], source["lineage"]) == (None, [])


def test_only_config_card_index_and_weights_are_asked_for(hub, client):
    client("owner/model")
    names = ["config.json", "README.md", "model.safetensors", "model.safetensors.index.json"]
    assert {request.rpartition("/")[2] for request in hub.requests} == set(names)


def test_a_second_look_downloads_nothing(hub, client):
    client("owner/model")
    hub.sent.clear()
    client("owner/model")
    assert not any(hub.sent.values())


def test_offline_takes_the_cache_and_says_so(hub, client):
    online = client("owner/model")
    hub.requests.clear()
    offline = client("owner/model", HF_HUB_OFFLINE="1")
    assert not hub.requests
    assert offline["digest"] == online["digest"]
    assert offline["licence"] == "mit"
    assert COMMIT in offline["notes"][0]


def test_offline_without_a_cache(client):
    fails(client("owner/model", HF_HUB_OFFLINE="1"), "UnresolvedReferenceError", "HF_HUB_OFFLINE", "cache")


def test_the_remedy_names_the_catalogue_where_it_has_the_model(client):
    fails(
        client("upstage/solar-open-100b", HF_HUB_OFFLINE="1"),
        "UnresolvedReferenceError",
        "catalogue's solar-open-100b",
    )


def test_an_unreachable_hub_falls_back_to_the_cache(client):
    client("owner/model")
    client.url = "http://127.0.0.1:9"
    assert COMMIT in client("owner/model")["notes"][0]


def test_an_unreachable_hub_without_a_cache_fails_at_once(client):
    client.url = "http://127.0.0.1:9"
    fails(client("owner/model"), "UnresolvedReferenceError", "cannot be reached", "HF_ENDPOINT")


def test_a_silent_hub_times_out(hub, client):
    hub.silent.add("owner/model")
    fails(client("owner/model", HF_HUB_ETAG_TIMEOUT="1"), "UnresolvedReferenceError", "did not answer in time")


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_failing_hub(hub, client, status):
    hub.broken["owner/model"] = status
    said = "rate of requests" if status == 429 else f"status {status}"
    fails(client("owner/model"), "UnresolvedReferenceError", said)


def test_what_is_not_there(hub, client):
    hub.files["owner/bare", "README.md"] = CARD
    missing, revision, bare = client("owner/missing", "owner/model@v9", "owner/bare")
    fails(missing, "UnresolvedReferenceError", "no such model", "HF_TOKEN")
    fails(revision, "UnresolvedReferenceError", "no such revision")
    fails(bare, "SourceError", "no config.json")


@pytest.mark.parametrize(
    ("kind", "said"), [("gated", "gated"), ("private", "no such model on the hub, or it is private")]
)
def test_a_token_opens_the_door(hub, client, kind, said):
    getattr(hub, kind).add("owner/model")
    fails(client("owner/model"), "UnresolvedReferenceError", said, "HF_TOKEN")
    fails(client("owner/model", HF_TOKEN="hf_wrong"), "UnresolvedReferenceError", said)
    assert client("owner/model", HF_TOKEN=TOKEN)["config"] == CONFIG


def test_a_large_config_is_not_downloaded(hub, client):
    hub.announced_size = 200 * 10**6
    fails(client("owner/model"), "SourceError", "larger than 16 MiB")
    assert not [request for request in hub.requests if request.startswith("GET")]


def test_what_comes_from_the_hub_is_checked_too(hub, client):
    hub.files["owner/model", "config.json"] = b'{"num_hidden_layers": 1000000000}'
    fails(client("owner/model"), "ConfigError", "num_hidden_layers")
    hub.files["owner/other", "config.json"] = b"<html>"
    fails(client("owner/other"), "SourceError", "not JSON")


def test_a_snapshot_folder_of_the_cache_is_a_directory(client):
    client("owner/model")
    folder = client.home / "hub" / "models--owner--model" / "snapshots" / COMMIT
    source = client(str(folder), HF_HUB_OFFLINE="1")
    assert (source["kind"], source["name"], source["revision"]) == ("directory", "owner/model", COMMIT)


def test_settings_that_the_client_refuses(client):
    client.url = "not-an-address"
    fails(client("owner/model"), "UnresolvedReferenceError", "HF_ENDPOINT")


def test_a_page_that_is_no_hub(hub, client, monkeypatch):
    monkeypatch.setattr(Hub, "answer", lambda *_: (200, {"ETag": '"x"'}, b"{}"))
    fails(client("owner/model"), "SourceError", "not answer as a hub")
