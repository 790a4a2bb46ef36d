"""The JSON reader returns an object or a SourceError, whatever the bytes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archdiff.errors import ArchdiffError, SourceError
from archdiff.sources import Source, resolve
from archdiff.sources.json_text import parse_object, read_object, read_text

JSON_LIKE = st.text(alphabet=st.sampled_from('{}[]":,0123456789.eE+-\\u nulltruefalseNaNInfinity\n'), max_size=200)


def test_reads_an_object(tmp_path):
    (tmp_path / "c.json").write_text('{"a": [1, 2.5, null, "é"]}', encoding="utf-8")
    assert read_object(tmp_path / "c.json", "c") == {"a": [1, 2.5, None, "é"]}


def test_tolerates_a_byte_order_mark(tmp_path):
    (tmp_path / "c.json").write_bytes(b"\xef\xbb\xbf{}")
    assert read_object(tmp_path / "c.json", "c") == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON (Expecting property name enclosed in double quotes, line 1 column 2)"),
        ("{} {}", "not JSON (Extra data"),
        ("null", "not an object"),
        ('{"b": {"a": 1, "a": 1}}', "states the key 'a' twice"),
        ('{"\x1b[2J": 1, "\x1b[2J": 2}'.replace("\x1b", "\\u001b"), r"states the key '\x1b[2J' twice"),
        ("[" * 5000, "nested too deep"),
        ("9" * 5000, "thousands of digits"),
    ],
)
def test_says_what_is_wrong(text, said):
    with pytest.raises(SourceError) as caught:
        parse_object(text, "c")
    assert said in str(caught.value)


def test_the_limit_is_inclusive(tmp_path):
    (tmp_path / "c").write_text("x" * 10)
    assert read_text(tmp_path / "c", "c", largest=10) == "x" * 10
    with pytest.raises(SourceError, match="larger than"):
        read_text(tmp_path / "c", "c", largest=9)


def test_a_file_that_is_gone_is_explained(tmp_path):
    with pytest.raises(SourceError, match="cannot be read"):
        read_text(tmp_path / "c", "c")


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz") / "config.json"


def outcome(file, data):
    file.write_bytes(data)
    try:
        return resolve(str(file))
    except ArchdiffError as error:
        return error


@given(data=st.binary(max_size=300) | JSON_LIKE.map(str.encode))
@settings(max_examples=200, deadline=2000)
def test_any_file_is_a_source_or_an_error(file, data):
    result = outcome(file, data)
    assert isinstance(result, Source) or str(result).isprintable()


@given(data=st.dictionaries(st.text(max_size=8), st.integers(-(2**31), 2**31) | st.text() | st.none(), max_size=5))
@settings(max_examples=100, deadline=2000)
def test_a_source_holds_what_the_file_says(file, data):
    result = outcome(file, json.dumps(data).encode())
    assert not isinstance(result, Source) or result.config == data
