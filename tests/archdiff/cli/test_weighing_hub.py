"""`archdiff weights` on models of a hub: the real client, a real server, a process of its own."""

from __future__ import annotations

import json

import pytest

from tests.archdiff.cli.calling import assert_refused, process
from tests.archdiff.cli.test_weighing import CONFIG, noisy, state, verdicts
from tests.archdiff.sources.hub_server import Hub, running


def files(name, tensors):
    from safetensors.torch import save

    data = save({key: tensor.contiguous() for key, tensor in tensors.items()})
    return {(name, "config.json"): json.dumps(CONFIG).encode(), (name, "model.safetensors"): data}


@pytest.fixture
def hub():
    with running(Hub({**files("owner/old", state()), **files("owner/tuned", noisy(state()))}, lfs=True)) as hub:
        yield hub


@pytest.fixture
def weigh(hub, tmp_path):
    def weigh(*arguments, **settings):
        home = {"HF_HOME": str(tmp_path / "home"), "HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": "0"}
        return process("weights", *arguments, **{**home, "HF_TOKEN": "", "HF_HUB_ETAG_TIMEOUT": "5", **settings})

    return weigh


def test_two_models_of_a_hub_are_read_by_ranges(weigh, tmp_path):
    ended = weigh("owner/old", "owner/tuned", "--format=json")
    assert (ended.code, ended.err) == (0, "")
    report = json.loads(ended.out)
    assert set(verdicts(report).values()) == {"derived"}
    assert not list((tmp_path / "home").rglob("model.safetensors")), "no file was fetched whole"


def test_without_a_hub_weights_are_refused_by_name(weigh):
    assert_refused(weigh("owner/old", "owner/tuned", HF_HUB_OFFLINE="1"), "owner/old")
