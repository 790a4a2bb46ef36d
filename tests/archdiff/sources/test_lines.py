"""The line of each key of a config, and silence where the file is not what was read."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archdiff.sources import resolve
from archdiff.sources.lines import key_lines, lines_of
from tests.archdiff.making import LLAMA

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.text(max_size=6), values, max_size=6), st.integers(0, 4), st.booleans())
def test_each_key_of_the_object_has_the_line_that_it_stands_at(config, indent, ascii_only):
    text = json.dumps(config, indent=indent, ensure_ascii=ascii_only)
    found = lines_of(text)
    assert list(found) == list(config)
    for key, line in found.items():
        assert json.dumps(key, ensure_ascii=ascii_only) in text.split("\n")[line - 1]
    assert sorted(found.values()) == list(found.values())


def test_keys_inside_and_texts_that_look_like_keys_do_not_count():
    text = '{"a": {"b": 1,\n "c": [{"d": 2}]},\n\n "e"\n:\n "x\\": \\"f\\":", "g": ["h", "i"]}'
    assert lines_of(text) == {"a": 1, "e": 4, "g": 6}
    assert json.loads(text).keys() == {"a", "e", "g"}


def test_a_long_line_and_many_keys_take_no_longer_than_their_text():
    config = {f"key{number}": "x" * 100 for number in range(20_000)}
    assert len(lines_of(json.dumps(config))) == 20_000
    assert lines_of("{" + " " * 1_000_000 + "}") == {}


def again(source):
    return key_lines(source.reference, source.kind, source.digest)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(LLAMA, indent=2), encoding="utf-8")
    return path


def test_a_file_and_a_directory(file):
    for reference in (file, file.parent):
        lines = again(resolve(str(reference)))
        assert list(lines) == list(LLAMA)
        assert lines["architectures"] == 2
        assert lines["hidden_size"] == 6, "the list of architectures stands on three lines"


def test_what_a_file_beside_declares_of_the_weights_is_part_of_the_config(file):
    declared = {"quantization": {"quant_algo": "FP8"}, "producer": {"name": "modelopt", "version": "0"}}
    file.with_name("hf_quant_config.json").write_text(json.dumps(declared), encoding="utf-8")
    source = resolve(str(file.parent))
    assert "quantization_config" in source.config
    assert again(source).keys() == LLAMA.keys()


def test_a_file_that_was_changed_or_deleted_since_has_no_lines(file):
    source = resolve(str(file))
    file.write_text(json.dumps({**LLAMA, "hidden_size": 1}, indent=2), encoding="utf-8")
    assert again(source) == {}
    file.write_text("{", encoding="utf-8")
    assert again(source) == {}
    file.unlink()
    assert again(source) == {}


def test_a_model_of_the_catalogue_has_none():
    assert again(resolve("solar-open-100b")) == {}
