"""Whatever an index says, it names tensors of files beside it, or is refused in one line."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from archdiff.errors import ArchdiffError
from archdiff.sources import Source, resolve
from tests.archdiff.sources.weights import file_of

INDEX = "model.safetensors.index.json"
SHARDS = {"one.safetensors": "model.a.weight", "two.safetensors": "model.b.weight"}
SECRET = "model.secret.weight"
PLACES = [
    *SHARDS, "../secret.safetensors", "./one.safetensors", "inside/secret.safetensors", "/secret.safetensors",
    "three.safetensors", "one.bin", ".safetensors", "..", "", "one.safetensors/", "one.safetensors\0",
    "\\one.safetensors", "ONE.safetensors", "\x1b[2J.safetensors", "\ud800.safetensors",
]  # fmt: skip
NAMES = [*SHARDS.values(), SECRET, "", "\x1b[2J", "a" * 2000]
ANY = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=3), lambda inner: st.lists(
    inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3), max_leaves=5)  # fmt: skip
LISTED = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(PLACES) | ANY, max_size=4) | ANY
HONEST = json.dumps({"metadata": {}, "weight_map": {name: file for file, name in SHARDS.items()}}).encode()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A checkpoint of two shards, with weights around it that no index may reach."""
    place = tmp_path_factory.mktemp("index") / "model"
    (place / "inside").mkdir(parents=True)
    for name, tensor in SHARDS.items():
        (place / name).write_bytes(file_of({tensor: ("BF16", (2, 3))}))
    for path in (place.parent / "secret.safetensors", place / "inside" / "secret.safetensors"):
        path.write_bytes(file_of({SECRET: ("BF16", (2, 3))}))
    return place


def outcome(folder, data):
    (folder / INDEX).write_bytes(data)
    try:
        result = resolve(str(folder))
    except ArchdiffError as error:
        assert str(error).isprintable()  # noqa: PT017 - any outcome is right that is one of the two
        return None
    assert isinstance(result, Source)
    return [tensor.name for tensor in result.shipped]


def test_an_honest_one(folder):
    assert outcome(folder, HONEST) == sorted(SHARDS.values())


@example(listed={SECRET: "../secret.safetensors"}, more={})
@example(listed={SECRET: "inside/secret.safetensors"}, more={})
@given(listed=LISTED, more=st.dictionaries(st.sampled_from(["metadata", "x"]), ANY))
@settings(max_examples=400, deadline=None)
def test_any_map_names_files_beside_it_or_is_refused(folder, listed, more):
    found = outcome(folder, json.dumps({**more, "weight_map": listed}).encode())
    assert found is None or (found == sorted(listed) and set(found) <= set(SHARDS.values()))


@given(place=st.integers(0, len(HONEST)), data=st.binary(max_size=9), cut=st.booleans())
@settings(max_examples=400, deadline=None)
def test_any_bytes_are_an_index_or_an_error(folder, place, data, cut):
    found = outcome(folder, HONEST[:place] + data + (b"" if cut else HONEST[place + len(data) :]))
    assert found is None or set(found) <= set(SHARDS.values())
