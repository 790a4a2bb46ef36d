"""What kind a tokenizer file is says its content; bytes are bounded, and what is of no known kind is described."""

from __future__ import annotations

import gzip
import io
import json
import os
import zipfile
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archdiff.errors import SourceError
from archdiff.evidence.tokenizer.reading import content, read
from tests.archdiff.evidence.tokenizer import training

BPE = training.bpe(training.lines("json", most=30_000), 400)


def refused(path, *said):
    with pytest.raises(SourceError) as caught:
        read(path, "given", "name")
    told = str(caught.value)
    assert told.isprintable()
    assert told.startswith("given: ")
    assert all(part in told for part in said), told


def zipped():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("tokenizer.json", "{}")
    return out.getvalue()


UNKNOWN = {
    "zip": (zipped(), "a zip archive"),
    "zip that lies about its size": (zipped()[:22] + b"\xff\xff\xff\x7f" * 2 + zipped()[30:], "a zip archive"),
    "gzip": (gzip.compress(b"x" * 100_000), "a gzip archive"),
    "pickle": (b"\x80\x04\x95", "a pickle"),
    "GGUF": (b"GGUF\x03\0\0\0", "a GGUF file"),
    "pointer": (b"version https://git-lfs.github.com/spec/v1\n", "a pointer to a large file"),
    "text": (b"hello \x1b[31m", "text that begins 'hello \\x1b[31m'"),
    "bytes": (b"\xff\xfe\x00\x01garbage", "begins with the bytes ff fe 00 01"),
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_a_file_of_no_known_kind_is_described(tmp_path, case):
    data, said = UNKNOWN[case]
    path = tmp_path / "tokenizer.model"
    path.write_bytes(data)
    refused(path, "unknown kind", said, "SentencePiece", "tiktoken", "tekken.json")


def test_truncated_json_is_refused_with_its_place(tmp_path):
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(BPE)[:2000])
    refused(path, "not JSON", "line 1 column")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"model": {"vocab": {"a": 0, "a": 1}}}', "states the key 'a' twice"),
        ('{"model": ' + "[" * 100_000, "nested too deep"),
        ('{"model": ' + "9" * 5_000 + "}", "thousands of digits"),
    ],
)
def test_json_that_hides_something_is_refused(tmp_path, text, said):
    path = tmp_path / "tokenizer.json"
    path.write_text(text)
    refused(path, said)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "tokenizer.json"
    path.write_bytes(b'{"model": "\xff"}')
    refused(path, "not UTF-8 text (byte 11)")


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    path = tmp_path / "tokenizer.json"
    with path.open("wb") as file:
        file.truncate(content.LARGEST + 1)
    refused(path, "larger than 128 MiB")


def test_what_is_no_file_is_refused(tmp_path):
    refused(tmp_path, "not a regular file")
    refused(tmp_path / "none", "cannot be read")
    (tmp_path / "empty").write_bytes(b"")
    refused(tmp_path / "empty", "an empty file")
    os.mkfifo(tmp_path / "pipe")
    refused(tmp_path / "pipe", "not a regular file")


def test_the_content_says_the_kind(tmp_path):
    files = {
        "tokenizer.json": BPE,
        "sentencepiece": training.sentence_pieces(training.lines("json", most=30_000), 400),
        "tiktoken": training.tiktoken(BPE),
        "tekken": training.tekken(BPE),
    }
    for kind, made in files.items():
        assert read(training.written(tmp_path / "tokenizer.model", made), "x", "x").kind == kind


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("any") / "file"
    path.write_bytes(data)
    with suppress(SourceError):
        assert read(path, "given", "name").name == "name"
