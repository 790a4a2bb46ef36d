"""Every kind of source that has weights at hand opens, and every other one is told what to name instead."""

from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archdiff.errors import ArchdiffError, SourceError
from archdiff.sources import resolve
from archdiff.sources.source import Origin, bare, make
from archdiff.weights.reading import checkpoint_size, open_checkpoint
from archdiff.weights.tensors import Stored
from tests.archdiff.making import LLAMA
from tests.archdiff.weights.reading.files import TWO, content, file_of, model, sharded, whole

FOLDER = Path(__file__).parents[4] / "fixtures" / "hostile"


def opened(path):
    return open_checkpoint(resolve(str(path)))


def fails(source, *said):
    with pytest.raises(SourceError) as caught:
        open_checkpoint(source)
    assert all(part in str(caught.value) for part in said), str(caught.value)
    assert str(caught.value).isprintable()


def test_a_directory_with_one_file(tmp_path):
    data = model(tmp_path)
    with opened(tmp_path) as checkpoint:
        assert list(checkpoint.stored) == sorted(TWO)
        assert checkpoint.subject == str(tmp_path)
        assert whole(checkpoint) == data
        found = checkpoint.stored["b"]
    assert (found.shape, found.dtype, found.size) == ((3, 5), "bfloat16", 30)


def test_a_directory_with_shards(tmp_path):
    data = sharded(tmp_path, TWO, {"c": ("U8", (7,))})
    (tmp_path / "config.json").write_text(json.dumps(LLAMA))
    with opened(tmp_path) as checkpoint:
        assert whole(checkpoint) == data
    with opened(tmp_path / "config.json") as checkpoint:
        assert whole(checkpoint) == data
    assert checkpoint_size(resolve(str(tmp_path))) == sum(map(len, data.values()))


def test_weights_without_a_config(tmp_path):
    data = content(TWO)
    (tmp_path / "any.safetensors").write_bytes(file_of(TWO, data))
    for path in (tmp_path, tmp_path / "any.safetensors"):
        with opened(path) as checkpoint:
            assert whole(checkpoint) == data


def test_a_file_of_another_name_beside_a_config(tmp_path):
    data = model(tmp_path)
    (tmp_path / "model.safetensors").rename(tmp_path / "any.safetensors")
    with opened(tmp_path) as checkpoint:
        assert whole(checkpoint) == data


def test_a_relative_path(tmp_path, monkeypatch):
    data = model(tmp_path / "m")
    monkeypatch.chdir(tmp_path)
    with opened("m") as checkpoint:
        assert whole(checkpoint) == data


def test_equal_digests_mean_the_same_bytes_of_the_same_file(tmp_path):
    model(tmp_path / "a"), model(tmp_path / "b")
    (tmp_path / "a").joinpath("config.json").write_text(json.dumps({**LLAMA, "vocab_size": 300}))
    os.link(tmp_path / "a" / "model.safetensors", tmp_path / "c.safetensors")
    digests = [
        {name: stored.digest for name, stored in opened(tmp_path / name).stored.items()}
        for name in ("a", "b", "c.safetensors")
    ]
    assert digests[0] == digests[2]
    assert all(digests[0].values())
    assert not set(digests[0].values()) & set(digests[1].values())
    assert len(set(digests[0].values())) >= len(TWO) - 1, "empty tensors may share one"


def test_a_config_without_weights(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(LLAMA))
    (tmp_path / "other.json").write_text(json.dumps(LLAMA))
    for path in (tmp_path, tmp_path / "config.json"):
        fails(resolve(str(path)), "no weights are in ", "name a directory with the weights, or the model's hub id")
    (tmp_path / "model.safetensors").write_bytes(file_of(TWO, content(TWO)))
    fails(resolve(str(tmp_path / "other.json")), "no weights belong to a config that is not called config.json")


def test_shards_that_git_lfs_has_not_fetched(tmp_path):
    sharded(tmp_path, TWO)
    (tmp_path / "config.json").write_text(json.dumps(LLAMA))
    (tmp_path / "model-0.safetensors").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    fails(resolve(str(tmp_path)), "no weights are in")


def test_an_adapter_a_saved_graph_and_an_entry_without_a_hub_id():
    adapter = make("x", "adapter", "x", LLAMA, Origin("owner/base"))
    fails(adapter, "is an adapter", "merge it into its base model and name the result")
    fails(make("x", "catalogue", "x", LLAMA, Origin()), "no hub id")


def test_a_saved_graph(tmp_path):
    (tmp_path / "m.json").write_text('{"directed": true}')
    fails(resolve(str(tmp_path / "m.json")), "is a saved graph, which has no weights", "name a directory")


def test_a_file_that_changed_since_it_was_resolved(tmp_path):
    model(tmp_path)
    source = resolve(str(tmp_path))
    other = {**TWO, "b": ("BF16", (5, 3))}
    (tmp_path / "model.safetensors").write_bytes(file_of(other, content(other)))
    fails(source, "its weights are others than when its headers were read", "run again")


def test_a_file_that_vanished_since_it_was_resolved(tmp_path):
    (tmp_path / "any.safetensors").write_bytes(file_of(TWO, content(TWO)))
    source = resolve(str(tmp_path / "any.safetensors"))
    (tmp_path / "any.safetensors").unlink()
    fails(source, "any.safetensors")


def test_a_shard_that_changes_under_the_reader(tmp_path):
    data = sharded(tmp_path, TWO, {"c": ("U8", (7,))})
    with opened(tmp_path) as checkpoint:
        os.truncate(tmp_path / "model-1.safetensors", 30)
        assert bytes(checkpoint.read("b", 0, 30)) == data["b"]
        with pytest.raises(SourceError, match=r"model-1\.safetensors was truncated from"):
            checkpoint.read("c", 0, 7)


@pytest.mark.parametrize(
    ("name", "start", "stop"), [("nobody", 0, 0), ("b", -1, 3), ("b", 3, 1), ("b", 0, 31), ("none", 0, 1)]
)
def test_what_is_not_there_cannot_be_read(tmp_path, name, start, stop):
    model(tmp_path)
    with opened(tmp_path) as checkpoint, pytest.raises(SourceError, match="were asked for"):
        checkpoint.read(name, start, stop)


def load_maker():
    spec = importlib.util.spec_from_file_location("hostile_make_weights", FOLDER / "make_weights.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MAKER = load_maker()
ABOUT_NAMES = {"header-escape.safetensors"}
"""Names are refused where a graph is made of them, and harmless here."""


@pytest.mark.parametrize("name", sorted((MAKER.ATTACKS.keys() | MAKER.FOLDERS.keys()) - ABOUT_NAMES))
def test_a_hostile_file_is_refused_here_too(name):
    """The source is made by hand, as one whose files were honest when it was resolved."""
    path = FOLDER / name
    kind = "gguf" if name.startswith("gguf") else "adapter" if name.startswith("adapter") else "weights"
    config = {"model_type": "llama"}
    source = bare(str(path), "x", Origin()) if kind == "weights" else make(str(path), kind, "x", config, Origin())
    with pytest.raises(SourceError) as caught:
        open_checkpoint(source)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 600


HONEST = file_of(TWO, content(TWO))


@given(place=st.integers(0, len(HONEST)), data=st.binary(max_size=6), cut=st.booleans())
@settings(max_examples=200, deadline=None)
def test_whatever_the_bytes_all_of_it_is_read_or_it_is_refused(tmp_path_factory, place, data, cut):
    path = tmp_path_factory.getbasetemp() / "fuzzed.safetensors"
    path.write_bytes(HONEST[:place] + data + (b"" if cut else HONEST[place + len(data) :]))
    try:
        with open_checkpoint(bare(str(path), "x", Origin())) as checkpoint:
            assert all(isinstance(stored, Stored) for stored in checkpoint.stored.values())
            assert sum(map(len, whole(checkpoint).values())) <= path.stat().st_size
    except ArchdiffError as error:
        assert str(error).isprintable()  # noqa: PT017 - any outcome is right that is one of the two
