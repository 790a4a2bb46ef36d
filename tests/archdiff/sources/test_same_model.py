"""One model under every kind of reference: whichever two are compared, nothing differs."""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path

import pytest

import archdiff
from archdiff.api import build, check
from archdiff.catalogue import Lineage
from archdiff.graph import build_graph
from archdiff.sources import Source
from archdiff.sources.headers import Shipped
from tests.archdiff.graph.converting import NAMES, converted
from tests.archdiff.graph.test_gguf import TAKEN
from tests.archdiff.graph.test_loading import saved
from tests.archdiff.graph.tiny import config_of, graph_of
from tests.archdiff.sources.hub_server import Hub, running
from tests.archdiff.sources.test_hub import Client
from tests.archdiff.sources.weights import file_of, sharded

FAMILIES = ["llama", "qwen3", "mixtral", "qwen3_moe", "gpt2", "glm4_moe", "gpt_oss", "deepseek_v3", "jamba"]
KINDS = ("config", "directory", "sharded", "snapshot", "hub", "hub-weights", "gguf", "weights")


@pytest.fixture(scope="module", params=FAMILIES)
def graphs(request, tmp_path_factory):
    """The graph of one model by the kind of reference that it was read from."""
    folder = tmp_path_factory.mktemp(request.param)
    config = config_of(request.param, torch_dtype="bfloat16", **TAKEN.get(request.param, {}))
    built = graph_of(request.param, torch_dtype="bfloat16", **TAKEN.get(request.param, {}))
    own = {f"{node.id}.{tensor.name}": tensor.dtype for node in built.nodes.values() for tensor in node.tensors}
    shapes = {tensor.name: tensor.shape for tensor in saved(request.param, folder / "saved")}
    tensors = {name: ("F32" if own.get(name) == "float32" else "BF16", shape) for name, shape in shapes.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARCHDIFF_CACHE", "off")
        paths = dict(written(folder, config, tensors, shapes))
        found = {kind: build(check(path)) for kind, path in paths.items()}
        (folder / "snapshot.json").write_text(json.dumps(found["directory"].to_json()))
        found["snapshot"] = build(check(str(folder / "snapshot.json")))
        for kind, source in from_hub(folder, config, tensors):
            found[kind] = build_graph(source)
    assert found.keys() == set(KINDS) - ({"gguf"} if request.param not in NAMES else set())
    return found


def written(folder, config, tensors, shapes):
    """Each kind of reference with the path of what was written."""
    text = json.dumps(config)
    names = sorted(tensors)
    for kind in ("config", "directory", "sharded", "weights"):
        (folder / kind).mkdir()
        if kind != "weights":
            (folder / kind / "config.json").write_text(text)
    for kind in ("directory", "weights"):
        (folder / kind / "model.safetensors").write_bytes(file_of(tensors))
        yield kind, str(folder / kind)
    sharded(folder / "sharded", *({name: tensors[name] for name in names[number::3]} for number in range(3)))
    yield "sharded", str(folder / "sharded")
    yield "config", str(folder / "config" / "config.json")
    if config["model_type"] in NAMES:
        (folder / "model.gguf").write_bytes(converted(config, shapes))
        yield "gguf", str(folder / "model.gguf")


def from_hub(folder, config, tensors):
    """The sources that a process of its own reads from a hub on loopback, with a config and without one."""
    weights = file_of(tensors)
    files = {
        ("owner/model", "config.json"): json.dumps(config).encode(),
        ("owner/model", "model.safetensors"): weights,
        ("owner/weights", "model.safetensors"): weights,
    }
    with running(Hub(files)) as hub:
        found = Client(folder / "home", hub.url)("owner/model", "owner/weights")
    for kind, values in zip(("hub", "hub-weights"), found, strict=True):
        shipped = tuple(Shipped(t["name"], tuple(t["shape"]), t["dtype"]) for t in values["shipped"])
        lineage = tuple(Lineage(**item) for item in values["lineage"])
        yield kind, Source(**{**values, "shipped": shipped, "lineage": lineage, "notes": tuple(values["notes"])})


def test_nothing_differs_between_any_two(graphs):
    differing = {}
    for first, second in itertools.permutations(graphs, 2):
        report = archdiff.diff(graphs[first], graphs[second])
        if report.findings:
            differing[first, second] = [(finding.rule, finding.message) for finding in report.findings]
        untold = [reason for reason in report.not_checked if "names and shapes alone" in reason]
        assert bool(untold) == bool({"weights", "hub-weights"} & {first, second})
    assert differing == {}


def test_every_checkpoint_was_compared_with_its_config(graphs):
    for kind in {"directory", "sharded", "snapshot", "hub", "gguf"} & graphs.keys():
        told = graphs[kind].shipped
        assert (told["missing"], told["unexpected"], told["misshapen"], told["left_out"]) == ((), (), (), ""), kind


CORPUS = os.environ.get("ARCHDIFF_CORPUS")
PUBLISHED = {
    "gpt2": "openai-community__gpt2",
    "qwen3-8b": "Qwen__Qwen3-8B",
    "mixtral-8x7b-v0.1": "mistralai__Mixtral-8x7B-v0.1",
    "glm-4.5-air": "zai-org__GLM-4.5-Air",
    "gpt-oss-20b": "openai__gpt-oss-20b",
    "deepseek-v3": "deepseek-ai__DeepSeek-V3",
}


@pytest.mark.corpus
@pytest.mark.skipif(CORPUS is None, reason="ARCHDIFF_CORPUS names no folder of configs")
@pytest.mark.parametrize("name", PUBLISHED)
def test_an_entry_of_the_catalogue_is_the_published_config(name, monkeypatch):
    monkeypatch.setenv("ARCHDIFF_CACHE", "off")
    report = archdiff.diff(name, str(Path(CORPUS) / f"{PUBLISHED[name]}.json"))
    assert [(finding.rule, finding.message) for finding in report.findings] == []
