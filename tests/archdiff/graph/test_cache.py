"""Graphs by content: built once, told of the source that asks, and never served for another config or another code."""

from __future__ import annotations

import dataclasses
import logging
import os
from pathlib import Path

import pytest

from archdiff import api
from archdiff.errors import BuildError, ConfigError, UsageError
from archdiff.graph import cache
from archdiff.sources.headers import Shipped
from archdiff.sources.source import Origin, make
from tests.archdiff.graph.tiny import LLAMA, config_of, graph_of, source_of
from tests.archdiff.making import config


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty cache."""
    monkeypatch.setenv("ARCHDIFF_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "graphs"


@pytest.fixture
def built():
    """Sources that were built, in order, and the function that builds them."""

    class Built(list):
        def __call__(self, source):
            self.append(source.name)
            return graph_of("llama", **{key: value for key, value in source.config.items() if key == "rms_norm_eps"})

    return Built()


def entry(folder):
    (path,) = folder.glob("*.graph")
    return path


def test_a_graph_is_built_once(folder, built):
    source = source_of(LLAMA)
    first, second = (cache.through_cache(source, built) for _ in range(2))
    assert built == ["tiny"]
    assert first == second
    assert entry(folder).stem == cache.key(source)


def test_one_config_under_two_names_is_built_once_and_each_keeps_what_is_its_own(folder, built):
    cache.through_cache(source_of(LLAMA), built)
    origin = Origin(hub_id="owner/other", licence="mit", notes=("a note",))
    other = cache.through_cache(make("a reference", "catalogue", "other", LLAMA, origin), built)
    assert built == ["tiny"]
    assert (other.name, other.attributes["reference"], other.notes) == ("other", "a reference", ("a note",))
    assert (other.source["hub_id"], other.source["licence"], other.source["kind"]) == (
        "owner/other",
        "mit",
        "catalogue",
    )
    again = cache.through_cache(source_of(LLAMA), built)
    assert (again.name, again.attributes["reference"], again.notes) == ("tiny", "tiny", ())
    assert (again.source["hub_id"], again.source["kind"]) == (None, "file")


def with_shipped(*tensors):
    return dataclasses.replace(source_of(LLAMA), shipped=tensors)


OTHERS = {
    "a value": source_of(config_of("llama", rms_norm_eps=1e-6)),
    "the type of a value": source_of(config_of("llama", rope_theta=10000)),
    "a key more": source_of(LLAMA | {"unknown": None}),
    "the order of keys": source_of(dict(reversed(LLAMA.items()))),
    "a checkpoint of nothing": with_shipped(),
    "a checkpoint": with_shipped(Shipped("lm_head.weight", (160, 48), "bfloat16")),
    "a checkpoint of another shape": with_shipped(Shipped("lm_head.weight", (48, 160), "bfloat16")),
    "a checkpoint of another type": with_shipped(Shipped("lm_head.weight", (160, 48), "float16")),
}


def test_whatever_may_show_in_a_graph_is_part_of_the_key():
    keys = [cache.key(source) for source in (source_of(LLAMA), *OTHERS.values())]
    assert len(set(keys)) == len(keys)
    assert all(len(key) == 40 and set(key) <= set("0123456789abcdef") for key in keys)


@pytest.mark.parametrize("name", ["archdiff", "transformers", "torch", "accelerate", "kernels"])
def test_another_version_is_another_key(monkeypatch, name):
    before, real = cache.key(source_of(LLAMA)), cache.version
    cache._code.cache_clear()
    monkeypatch.setattr(cache, "version", lambda wanted: "0.0.0" if wanted == name else real(wanted))
    assert cache.key(source_of(LLAMA)) != before
    cache._code.cache_clear()


def test_another_schema_is_another_key(monkeypatch):
    before = cache.key(source_of(LLAMA))
    monkeypatch.setattr(cache, "SCHEMA_VERSION", 99)
    assert cache.key(source_of(LLAMA)) != before


def test_every_file_that_builds_graphs_counts(tmp_path):
    (tmp_path / "facts").mkdir()
    (tmp_path / "__pycache__").mkdir()
    files = [tmp_path / name for name in ("a.py", "roles.toml", "facts/b.py", "__pycache__/a.pyc")]
    for path in files:
        path.write_text("x")
    before = list(cache.state_of(tmp_path))
    assert len(before) == 3
    for path in files[:3]:
        os.utime(path, (1000, 1000))
        assert list(cache.state_of(tmp_path)) != before
        before = list(cache.state_of(tmp_path))
    files[3].write_text("changed")
    assert list(cache.state_of(tmp_path)) == before
    real = "\n".join(cache.state_of(Path(cache.__file__).parent))
    assert all(name in real for name in ("trace.py", "roles.toml", "facts/facts.toml"))


def test_it_can_be_off(folder, built, monkeypatch):
    monkeypatch.setenv("ARCHDIFF_CACHE", "off")
    for _ in range(2):
        cache.through_cache(source_of(LLAMA), built)
    assert (cache.store(), built, folder.exists()) == (None, ["tiny"] * 2, False)


DAMAGE = {
    "bytes": lambda path, _: path.write_bytes(b"\0" * 99),
    "no JSON": lambda _, store: store.write(cache.key(source_of(LLAMA)), b"{"),
    "another document": lambda _, store: store.write(cache.key(source_of(LLAMA)), b"[]"),
    "no fields": lambda _, store: store.write(cache.key(source_of(LLAMA)), b"{}"),
    "a flow from nowhere": lambda _, store: store.write(
        cache.key(source_of(LLAMA)), b'{"kinds":[],"nodes":[],"flows":[[1,2]],"attributes":{},"notes":[],"order":[]}'
    ),
    "deep": lambda _, store: store.write(cache.key(source_of(LLAMA)), b"[" * 100_000),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_entry_is_built_again_and_replaced(folder, built, damage, caplog):
    graph = cache.through_cache(source_of(LLAMA), built)
    damage(entry(folder), cache.store())
    with caplog.at_level(logging.DEBUG, "archdiff"):
        assert cache.through_cache(source_of(LLAMA), built) == graph
    assert len(caplog.records) == 1
    assert cache.through_cache(source_of(LLAMA), built) == graph
    assert built == ["tiny"] * 2


def test_a_graph_that_does_not_say_what_its_source_says_is_not_kept(folder, caplog):
    with caplog.at_level(logging.DEBUG, "archdiff"):
        cache.through_cache(make("x", "file", "x", LLAMA, Origin()), lambda _: graph_of("llama"))
    assert "cannot be kept" in caplog.text
    assert not folder.exists()


def test_what_cannot_be_built_is_not_kept(folder):
    def fail(source):
        raise BuildError(source.name, "cannot be built", "give up")

    with pytest.raises(BuildError):
        cache.through_cache(source_of(LLAMA), fail)
    assert not folder.exists()


def test_a_cache_that_cannot_be_written_fails_nothing(tmp_path, built, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("ARCHDIFF_CACHE", str(tmp_path / "file"))
    for _ in range(2):
        assert cache.through_cache(source_of(LLAMA), built).name == "tiny"
    assert built == ["tiny"] * 2


@pytest.mark.parametrize(
    ("platform", "variables", "place"),
    [
        ("linux", {"XDG_CACHE_HOME": "/somewhere"}, "/somewhere/archdiff/graphs"),
        ("linux", {"XDG_CACHE_HOME": "relative"}, "/users/me/.cache/archdiff/graphs"),
        ("linux", {}, "/users/me/.cache/archdiff/graphs"),
        ("darwin", {}, "/users/me/Library/Caches/archdiff/graphs"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/archdiff/graphs"),
        ("win32", {}, "/users/me/AppData/Local/archdiff/graphs"),
        ("linux", {"ARCHDIFF_CACHE": "~/kept"}, "/users/me/kept/graphs"),
    ],
)
def test_where_graphs_are_kept(monkeypatch, platform, variables, place):
    for name in ("ARCHDIFF_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"HOME": "/users/me", **variables}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(cache.sys, "platform", platform)
    assert cache.store().folder == Path(place)


def test_without_a_home_nothing_is_kept(monkeypatch):
    for name in ("ARCHDIFF_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", lambda: (_ for _ in ()).throw(RuntimeError("no home")))
    assert cache.store() is None


@pytest.mark.parametrize(("text", "limit"), [("", 512 << 20), ("0", 0), ("7", 7 << 20)])
def test_the_limit_is_in_mib(folder, monkeypatch, text, limit):
    monkeypatch.setenv("ARCHDIFF_CACHE_LIMIT", text)
    assert cache.store().limit == limit


@pytest.mark.parametrize("text", ["x", "-1", "1.5", "1e3", "512M", "٣", "9" * 10])
def test_a_limit_that_is_no_number_is_said(folder, built, monkeypatch, text):
    monkeypatch.setenv("ARCHDIFF_CACHE_LIMIT", text)
    with pytest.raises(UsageError, match=r"ARCHDIFF_CACHE_LIMIT: .* is no number of MiB"):
        cache.through_cache(source_of(LLAMA), built)
    assert built == []


def test_nothing_is_kept_where_the_limit_is_nothing(folder, built, monkeypatch):
    monkeypatch.setenv("ARCHDIFF_CACHE_LIMIT", "0")
    cache.through_cache(source_of(LLAMA), built)
    assert not folder.exists()


def test_the_public_functions_use_the_cache_unless_told_not_to(folder, tmp_path):
    path = config(tmp_path / "model.json")
    api.load(path, cached=False)
    api.diff(path, path, cached=False)
    assert not folder.exists()
    cold = api.load(path)
    stamp = entry(folder).stat().st_ino
    assert api.load(path) == cold
    assert api.diff(path, path) == api.diff(path, path, cached=False)
    assert entry(folder).stat().st_ino == stamp


def test_a_config_is_checked_before_the_cache_is_asked(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "through_cache", lambda *_: pytest.fail("the cache was asked"))
    for values in ({"model_type": "nothing-like-it", "architectures": None}, {"num_hidden_layers": 10**9}):
        with pytest.raises(ConfigError):
            api.load(config(tmp_path / "model.json", **values))
