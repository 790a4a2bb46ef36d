"""A file that others truncate, replace, remove or write to is named; reading takes no memory but the part's own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from archdiff.errors import SourceError
from archdiff.weights.reading.local import LocalFile

DATA = bytes(range(256)) * 40


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(DATA)
    return path


def test_ranges(path):
    file = LocalFile(path, "m")
    assert file.size == len(DATA)
    assert bytes(file.read(3, 300, 0)) == DATA[3:300]
    assert bytes(file.read(0, len(DATA), len(DATA))) == DATA
    assert bytes(file.read(0, 16, len(DATA))) == DATA[:16]
    assert len(file.read(5, 5, 9)) == 0
    assert file.head(len(DATA) - 4, 100) == DATA[-4:]
    assert file.head(len(DATA) + 4, 100) == b""


def test_what_was_read_cannot_be_written_to_and_outlives_the_next_read(path):
    file = LocalFile(path, "m")
    first = file.read(0, 64, 0)
    file.read(64, 128, 0)
    assert first.readonly
    assert bytes(first) == DATA[:64]


def truncated(path):
    os.truncate(path, 100)


def emptied(path):
    path.write_bytes(b"")


def replaced(path):
    other = path.with_name("draft")
    other.write_bytes(DATA)
    other.replace(path)


def written_to(path):
    with path.open("r+b") as file:
        file.write(b"x")
    os.utime(path, ns=(1, 1))  # the clock of a file system may not tell two moments apart


def grown(path):
    with path.open("ab") as file:
        file.write(b"x")


CHANGES = {
    truncated: "model.safetensors was truncated from 10,240 to 100 bytes while it was in use",
    emptied: "was truncated from 10,240 to 0 bytes",
    replaced: "model.safetensors was replaced by another file while it was in use",
    written_to: "model.safetensors was written to while it was in use",
    grown: "model.safetensors was written to while it was in use",
}


@pytest.mark.parametrize(("change", "said"), CHANGES.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_a_file_that_changes_is_named(path, change, said):
    file = LocalFile(path, "the model")
    file.read(0, 16, 0)
    change(path)
    with pytest.raises(SourceError) as caught:
        file.read(0, 16, 0)
    assert str(caught.value).startswith("the model: ")
    assert said in str(caught.value)


def test_a_file_that_vanishes_is_named(path):
    file = LocalFile(path, "m")
    path.unlink()
    with pytest.raises(SourceError, match="is no longer there"):
        file.read(0, 16, 0)


def test_a_file_that_cannot_be_read_is_named(path, tmp_path):
    with pytest.raises(SourceError, match="none is no longer there"):
        LocalFile(tmp_path / "none", "m")
    file = LocalFile(path, "m")
    path.unlink()
    path.mkdir()
    with pytest.raises(SourceError, match=r"model.safetensors cannot be read \("):
        file.read(0, 16, 0)


def test_what_is_no_regular_file_is_refused_and_never_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.safetensors")
    with pytest.raises(SourceError, match="is no regular file"):
        LocalFile(tmp_path / "pipe.safetensors", "m")


def test_a_file_that_is_shorter_than_it_is_said_to_be():
    path = Path("/sys/devices/system/cpu/online")
    if not path.exists() or path.stat().st_size < 1000:
        pytest.skip("no file of this system lies about its size")
    with pytest.raises(SourceError, match="online ends before the 4,096 bytes that it is said to have"):
        LocalFile(path, "m").read(0, 4096, 0)


def test_names_are_made_printable(tmp_path):
    path = tmp_path / "\x1b[2J.safetensors"
    with pytest.raises(SourceError) as caught:
        LocalFile(path, "\x1b[2J")
    assert str(caught.value).isprintable()


def test_the_same_file_has_the_same_digests_under_every_name(path, tmp_path):
    (tmp_path / "link").symlink_to(path)
    os.link(path, tmp_path / "hard")
    (tmp_path / "copy").write_bytes(DATA)
    digests = {name: LocalFile(tmp_path / name, "m").digest(8, 16) for name in (path.name, "link", "hard", "copy")}
    assert digests[path.name] == digests["link"] == digests["hard"] != digests["copy"]
    file = LocalFile(path, "m")
    assert len({file.digest(8, 16), file.digest(8, 17), file.digest(0, 16)}) == 3
    written_to(path)
    assert LocalFile(path, "m").digest(8, 16) != file.digest(8, 16)


def cached(folder, name):
    blobs, snapshot = folder / "blobs", folder / "snapshots" / ("a" * 40)
    for made in (blobs, snapshot):
        made.mkdir(parents=True)
    (blobs / name).write_bytes(DATA)
    (snapshot / "model.safetensors").symlink_to(blobs / name)
    return LocalFile(snapshot / "model.safetensors", "m")


def test_a_blob_of_the_hubs_cache_is_its_digest(tmp_path):
    name = "0123456789abcdef" * 4
    digests = [cached(tmp_path / model, name).digest(8, 16) for model in ("models--a--b", "models--c--d")]
    assert digests == [f"sha256:{name}:8-16"] * 2


def test_a_blob_that_is_named_after_its_git_hash_is_none(tmp_path):
    assert not cached(tmp_path / "models--a--b", "0" * 40).digest(0, 1).startswith("sha256")


PROGRAM = """
import sys
from pathlib import Path
from archdiff.weights.reading.local import LocalFile
file = LocalFile(Path(sys.argv[1]), "m")

def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))

file.read(0, 2**23, file.size)
before = peak()
for start in range(0, file.size, 2**23):
    file.read(start, min(start + 2**23, file.size), file.size)
print(peak() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the peak of resident memory is read from /proc")
def test_resident_memory_does_not_grow_with_the_file(tmp_path):
    path = tmp_path / "model.safetensors"
    path.touch()
    os.truncate(path, 2**28)
    done = subprocess.run([sys.executable, "-c", PROGRAM, path], capture_output=True, text=True, check=True, timeout=60)
    assert int(done.stdout) < 2**15, "kilobytes"
