"""A second run reads the graphs of the first: the same bytes, without torch. `archdiff cache` shows and clears them."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.archdiff.cli.calling import assert_refused, process
from tests.archdiff.making import config

HEAVY = {"torch", "transformers", "accelerate"}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty cache, for this process and those it starts."""
    monkeypatch.setenv("ARCHDIFF_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "graphs"


def entries(folder):
    return sorted(folder.glob("*.graph"))


def imported(ended):
    """Top-level packages that a process imported."""
    names = {line.split("|")[-1].strip().partition(".")[0] for line in ended.err.splitlines()}
    assert "archdiff" in names, "the import log was not read"
    return names


def test_the_second_run_prints_the_same_bytes_without_torch(folder, pair):
    arguments = ("diff", *pair, "--format=json")
    off = process(*arguments, ARCHDIFF_CACHE="off", PYTHONHASHSEED="1")
    cold = process(*arguments, PYTHONHASHSEED="2")
    warm = [process(*arguments, PYTHONPROFILEIMPORTTIME="1", PYTHONHASHSEED=seed) for seed in ("3", "4")]
    assert (off.code, off.err, cold.err) == (0, "", "")
    assert {ended.out for ended in (off, cold, *warm)} == {off.out}
    assert not imported(warm[0]) & (HEAVY | {"networkx", "numpy", "huggingface_hub"})
    assert len(entries(folder)) == 2


@pytest.mark.parametrize("form", ["terminal", "json", "dot"])
def test_a_model_of_the_catalogue_is_shown_the_same_without_torch(folder, form):
    arguments = ("show", "jamba-1.5-mini", "--format", form)
    off, cold = process(*arguments, "--no-cache"), process(*arguments)
    assert (off.code, off.err, off.out) == (0, "", cold.out)
    warm = process(*arguments, PYTHONPROFILEIMPORTTIME="1")
    assert warm.out == off.out
    assert not imported(warm) & HEAVY


def test_one_that_is_new_is_built_beside_one_that_was_kept(call, folder, pair):
    fresh = call("diff", *pair, "--no-cache", "--format=json")
    assert entries(folder) == []
    assert call("show", pair[0], "--quiet").code == 0
    kept = entries(folder)
    assert call("diff", *pair, "--format=json") == fresh
    assert len(entries(folder)) == 2
    assert set(kept) < set(entries(folder))


def test_a_snapshot_of_a_kept_graph_is_that_of_a_built_one(call, folder, pair, tmp_path):
    saved = [tmp_path / f"{name}.graph.json" for name in ("off", "cold", "warm")]
    for path, more in zip(saved, (["--no-cache"], [], []), strict=True):
        assert call("show", pair[0], "--save", path, "--quiet", *more).code == 0
    assert len({path.read_bytes() for path in saved}) == 1


def test_a_copy_under_another_name_is_not_built_again_and_keeps_its_name(call, folder, pair, tmp_path):
    call("show", pair[0], "--quiet")
    copy = config(tmp_path / "models" / "copy.json")
    model = json.loads(call("show", copy, "--format=json").out)["model"]
    assert (model["name"], model["reference"]) == ("copy.json", copy)
    assert len(entries(folder)) == 1


def test_a_damaged_entry_is_built_again_without_a_word(call, folder, pair):
    first = call("show", pair[0], "--format=json")
    (path,) = entries(folder)
    whole = path.read_bytes()
    for damaged in (b"", whole[:-7], b"{}"):
        path.write_bytes(damaged)
        assert call("show", pair[0], "--format=json") == first
        assert path.read_bytes() == whole


def test_debug_tells_of_a_damaged_entry(call, folder, pair):
    call("show", pair[0], "--quiet")
    entries(folder)[0].write_bytes(b"x")
    ended = call("show", pair[0], "--quiet", "--debug")
    assert ended.code == 0
    assert ended.err.startswith("archdiff: note: cache entry ")
    assert "is damaged" in ended.err


def test_a_cache_that_cannot_be_written_fails_nothing(call, pair, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("ARCHDIFF_CACHE", str(tmp_path / "file"))
    ended = call("show", pair[0], "--quiet")
    assert (ended.code, ended.err) == (0, "")
    assert call("cache", "--clear").code == 0


def test_bad_input_is_refused_whatever_is_kept(call, folder, pair, tmp_path):
    call("diff", *pair, "--quiet")
    unknown = config(tmp_path / "unknown.json", model_type="no-such-type", architectures=None)
    assert_refused(call("diff", pair[0], unknown), "unknown.json", "is unknown to transformers")
    assert len(entries(folder)) == 2


def test_the_cache_is_shown_and_cleared(call, folder, pair):
    told = json.loads(call("cache", "--format=json").out)
    kept = {"graphs": 0, "bytes": 0, "tests": 0, "test_bytes": 0}
    assert told == {"place": str(folder), **kept, "limit": 512 << 20, "removed": 0}
    call("diff", *pair, "--quiet")
    told = json.loads(call("cache", "--format=json").out)
    assert (told["graphs"], told["bytes"]) == (2, sum(path.stat().st_size for path in entries(folder)))
    shown = [line.split()[:2] for line in call("cache").out.splitlines()]
    assert shown[:2] == [["place", str(folder)], ["graphs", "2"]]
    assert call("cache", "--quiet") == (0, "", "")
    cleared = json.loads(call("cache", "--clear", "--format=json").out)
    assert (cleared["graphs"], cleared["removed"]) == (0, 2)
    assert ["removed", "0"] in [line.split() for line in call("cache", "--clear").out.splitlines()]
    assert entries(folder) == []


def test_a_cache_that_is_off_is_said_to_be_off(call, monkeypatch):
    monkeypatch.setenv("ARCHDIFF_CACHE", "off")
    assert "ARCHDIFF_CACHE is off" in call("cache", "--clear").out
    assert json.loads(call("cache", "--format=json").out)["place"] is None


def test_a_cache_that_cannot_be_cleared_is_one_line(call, folder, pair, monkeypatch):
    call("show", pair[0], "--quiet")
    monkeypatch.setattr(type(folder), "unlink", lambda *_, **__: (_ for _ in ()).throw(PermissionError(13, "denied")))
    assert_refused(call("cache", "--clear"), "cannot be cleared (denied)", "check its permissions")


def test_a_limit_that_is_no_number_is_one_line(call, folder, pair, monkeypatch):
    monkeypatch.setenv("ARCHDIFF_CACHE_LIMIT", "much")
    for arguments in (("cache",), ("show", pair[0])):
        assert_refused(call(*arguments), "ARCHDIFF_CACHE_LIMIT: 'much' is no number of MiB")


def test_the_cache_is_shown_without_what_builds_graphs(folder):
    ended = process("cache", PYTHONPROFILEIMPORTTIME="1")
    assert ended.code == 0
    assert not imported(ended) & (HEAVY | {"networkx", "pydantic", "rich"})


def test_commands_that_build_and_clear_at_once_all_answer_alike(call, folder, pair):
    expected = call("diff", *pair, "--no-cache", "--format=json").out
    # Each is read in a thread of its own: a report is larger than what a pipe holds.
    with ThreadPoolExecutor(3) as pool:
        running = [pool.submit(process, "diff", *pair, "--format=json") for _ in range(3)]
        while not all(each.done() for each in running):
            assert process("cache", "--clear", "--quiet") == (0, "", "")
            time.sleep(0.3)
    assert [each.result() for each in running] == [(0, expected, "")] * 3
