"""Entries that may go at any time: whole or not there, bounded, private, and safe with several processes."""

from __future__ import annotations

import hashlib
import logging
import os
import stat
import subprocess
import sys
import zlib

import pytest

from archdiff.graph.store import Store

KEY, OTHER = "a" * 40, "b" * 40
CONTENT = b"the graph of a model " * 100


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "cache" / "graphs", 1 << 20)


def file_of(store, key=KEY):
    return store.folder / f"{key}.graph"


def names(store):
    return sorted(path.name for path in store.folder.iterdir())


def test_what_was_written_is_read(store):
    store.write(KEY, CONTENT)
    assert store.read(KEY) == CONTENT
    assert store.read(OTHER) is None
    assert names(store) == [f"{KEY}.graph"]


def test_a_store_that_is_not_there_is_empty_and_stays_away(store):
    assert (store.read(KEY), store.entries(), store.clear()) == (None, (), 0)
    assert not store.folder.parent.exists()


def test_the_last_content_counts(store):
    for content in (b"first", b"second"):
        store.write(KEY, content)
    assert store.read(KEY) == b"second"


@pytest.mark.skipif(os.name == "nt", reason="modes are of POSIX")
def test_the_folder_and_its_entries_are_private(store):
    store.write(KEY, CONTENT)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (store.folder.parent, store.folder, file_of(store))]
    assert modes == [0o700, 0o700, 0o600]


def bomb():
    body = zlib.compress(b"\0" * (513 << 20), 1)
    return b"archdiff graph 1\n" + hashlib.blake2b(body, digest_size=20).digest() + body


DAMAGE = {
    "empty": lambda _: b"",
    "cut short": lambda data: data[:-1],
    "cut to its head": lambda data: data[:20],
    "longer": lambda data: data + b"x",
    "another byte": lambda data: data[:50] + bytes([data[50] ^ 1]) + data[51:],
    "another head": lambda data: data.replace(b"graph 1", b"graph 2"),
    "another file": lambda _: b'{"directed": true}',
    "twice": lambda data: data * 2,
    "a bomb": lambda _: bomb(),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_entry_is_not_there_and_is_replaced(store, caplog, damage):
    store.write(KEY, CONTENT)
    file_of(store).write_bytes(damage(file_of(store).read_bytes()))
    with caplog.at_level(logging.DEBUG, "archdiff"):
        assert store.read(KEY) is None
    assert "is damaged" in caplog.text
    store.write(KEY, CONTENT)
    assert store.read(KEY) == CONTENT


def test_what_is_no_file_is_not_there_and_nothing_hangs(store, tmp_path):
    store.write(OTHER, CONTENT)
    path = file_of(store)
    for make in (path.mkdir, lambda: os.mkfifo(path), lambda: path.symlink_to(file_of(store, OTHER))):
        make()
        assert store.read(KEY) is None
        assert [entry.path for entry in store.entries()] == [file_of(store, OTHER)]
        path.rmdir() if path.is_dir() else path.unlink()


def test_an_entry_of_another_user_is_not_read(store, monkeypatch):
    store.write(KEY, CONTENT)
    monkeypatch.setattr(os, "getuid", lambda: file_of(store).stat().st_uid + 1)
    assert store.read(KEY) is None


def test_a_folder_that_cannot_be_made_keeps_nothing(tmp_path, caplog):
    (tmp_path / "file").write_text("in the way")
    store = Store(tmp_path / "file" / "graphs", 1 << 20)
    with caplog.at_level(logging.DEBUG, "archdiff"):
        store.write(KEY, CONTENT)
    assert "cannot be kept" in caplog.text
    assert (store.read(KEY), store.entries()) == (None, ())


def test_a_write_that_fails_leaves_no_draft(store, monkeypatch):
    store.write(OTHER, CONTENT)
    monkeypatch.setattr(type(store.folder), "replace", lambda *_: (_ for _ in ()).throw(OSError("full")))
    store.write(KEY, CONTENT)
    assert names(store) == [f"{OTHER}.graph"]


def noise(number):
    """Content that does not shrink."""
    return hashlib.shake_256(bytes([number])).digest(1000)


def test_those_unused_for_longest_go_first(tmp_path):
    store = Store(tmp_path / "graphs", 3500)
    keys = [digit * 40 for digit in "0123"]
    for age, key in enumerate(keys[:3]):
        store.write(key, noise(age))
        os.utime(file_of(store, key), (1000 + age, 1000 + age))
    assert store.read(keys[0]) == noise(0), "which uses it"
    store.write(keys[3], noise(3))
    assert sorted(entry.path.stem for entry in store.entries()) == [keys[0], keys[2], keys[3]]
    assert sum(entry.size for entry in store.entries()) <= store.limit


def test_what_is_larger_than_all_may_be_is_not_kept(tmp_path):
    store = Store(tmp_path / "graphs", 999)
    store.write(KEY, noise(0))
    assert store.entries() == ()


def test_clearing_leaves_the_files_of_others(store):
    store.write(KEY, CONTENT)
    draft = store.folder / f".{KEY}.{'0' * 16}.tmp"
    for path in (draft, store.folder / "notes.txt", store.folder / "x.graph"):
        path.write_text("")
    assert store.clear() == 1
    assert names(store) == ["notes.txt", "x.graph"]


def test_drafts_of_processes_that_died_go(store):
    store.write(KEY, CONTENT)
    old, fresh = (store.folder / f".{KEY}.{digit * 16}.tmp" for digit in "01")
    for path in (old, fresh):
        path.write_text("")
    os.utime(old, (1000, 1000))
    store.write(KEY, CONTENT)
    assert names(store) == [fresh.name, f"{KEY}.graph"]


WORKER = """
import hashlib, pathlib, random, sys
from archdiff.graph.store import Store
store, chance = Store(pathlib.Path(sys.argv[1]), 20_000), random.Random(sys.argv[2])
for _ in range(400):
    number = chance.randrange(40)
    key, content = f"{number:040x}", hashlib.shake_256(bytes([number])).digest(1000)
    if chance.random() < 0.02:
        store.clear()
    elif chance.random() < 0.5:
        store.write(key, content)
    else:
        assert store.read(key) in (None, content)
"""


def test_processes_that_write_read_drop_and_clear_at_once_see_whole_entries(tmp_path):
    folder = tmp_path / "graphs"
    command = [sys.executable, "-X", "dev", "-c", WORKER, str(folder)]
    running = [subprocess.Popen([*command, str(seed)], stderr=subprocess.PIPE, text=True) for seed in range(6)]
    assert [(process.communicate()[1], process.returncode) for process in running] == [("", 0)] * 6
    store = Store(folder, 20_000)
    store.write(KEY, CONTENT)
    assert sum(entry.size for entry in store.entries()) <= store.limit
    assert not [name for name in names(store) if name.startswith(".")]
