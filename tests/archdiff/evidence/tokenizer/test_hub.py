"""Tokenizers on a hub, through the real client and a real server: their files alone are fetched, and kept."""

from __future__ import annotations

import json

import pytest

from tests.archdiff.evidence.tokenizer import training
from tests.archdiff.sources.hub_server import COMMIT, Hub, running
from tests.archdiff.sources.test_hub import Client, fails

BPE = json.dumps(training.bpe(training.lines("json", most=30_000), 400)).encode()
LARGE = b"x" * 1000

# Prints size, chat template and notes of the tokenizer, or the error's class and text.
PROGRAM = """
import json, sys
from archdiff.errors import ArchdiffError
from archdiff.evidence.tokenizer.references import open_reference
for text in sys.argv[1:]:
    try:
        found, _ = open_reference(text)
        told = {"name": found.name, "size": found.size, "template": found.chat_template, "notes": found.notes}
        print(json.dumps(told))
    except ArchdiffError as error:
        print(json.dumps([type(error).__name__, str(error)]))
"""

# Puts files of a model into the cache, as any program does that loads it.
ANOTHER = """
import sys
from huggingface_hub import hf_hub_download
from huggingface_hub.utils import disable_progress_bars
disable_progress_bars()
for name in sys.argv[2:]:
    hf_hub_download(sys.argv[1], name)
    print(0)
"""


@pytest.fixture
def hub():
    files = {
        ("owner/model", "tokenizer.json"): BPE,
        ("owner/model", "tokenizer_config.json"): b'{"chat_template": "{{ x }}"}',
        ("owner/model", "config.json"): b"{}",
        ("owner/model", "model.safetensors"): LARGE,
        ("owner/none", "config.json"): b"{}",
        ("owner/several", "a.tiktoken"): b"",
        ("owner/several", "b.tiktoken"): b"",
    }
    with running(Hub(files)) as hub:
        yield hub


@pytest.fixture
def client(hub, tmp_path):
    made = Client(tmp_path / "home", hub.url)
    made.program = PROGRAM
    return made


def test_the_files_of_the_tokenizer_alone_are_fetched(client, hub):
    found = client("owner/model@main")
    assert found == {"name": "owner/model", "size": 400, "template": "{{ x }}", "notes": []}
    assert set(hub.sent) == {"tokenizer.json", "tokenizer_config.json"} | ({""} & set(hub.sent))


def test_what_was_fetched_serves_when_the_hub_is_gone(client, hub):
    first = client("owner/model")
    sent = dict(hub.sent)
    again = client("owner/model", HF_HUB_OFFLINE="1")
    assert (again["size"], again["template"]) == (first["size"], first["template"])
    assert "the known commit" in again["notes"][0]
    assert hub.sent == sent


def test_what_another_program_kept_serves_offline(client):
    client.program = ANOTHER
    client("owner/model", "tokenizer.json", "tokenizer_config.json")
    client.program = PROGRAM
    found = client("owner/model", HF_HUB_OFFLINE="1")
    assert found["template"] == "{{ x }}"
    assert f"cached commit {COMMIT}" in found["notes"][0]


def test_what_the_hub_lacks_is_refused_in_one_line(client):
    none, several, nowhere = client("owner/none", "owner/several", "owner/nowhere")
    fails(none, "SourceError", "owner/none", "holds no tokenizer, but config.json")
    fails(several, "SourceError", "2 files could be its tokenizer")
    fails(nowhere, "UnresolvedReferenceError", "no such model on the hub")
    fails(client("owner/model", HF_HUB_OFFLINE="1"), "UnresolvedReferenceError", "HF_HUB_OFFLINE is set")
    fails(
        client("owner/model", HF_HUB_OFFLINE="perhaps", HF_HUB_ETAG_TIMEOUT="soon"), "UnresolvedReferenceError", "HF_"
    )
