"""Chat templates, and special tokens that the file of a tokenizer lacks."""

from __future__ import annotations

import json

import pytest

from archdiff.errors import SourceError
from archdiff.evidence.tokenizer.reading import read
from archdiff.evidence.tokenizer.reading.beside import CONFIG, TEMPLATE, with_beside
from tests.archdiff.evidence.tokenizer import training

BPE = training.bpe(training.lines("json", most=30_000), 400)


@pytest.fixture
def tiktoken(tmp_path):
    return read(training.written(tmp_path / "x.tiktoken", training.tiktoken(BPE)), "given", "name")


def beside(tmp_path, tokenizer, config=None, template=None):
    files = {}
    if config is not None:
        files[CONFIG] = tmp_path / CONFIG
        files[CONFIG].write_text(config if isinstance(config, str) else json.dumps(config))
    if template is not None:
        files[TEMPLATE] = tmp_path / TEMPLATE
        files[TEMPLATE].write_bytes(template)
    return with_beside(tokenizer, files, "given")


def test_without_files_there_is_no_template(tmp_path, tiktoken):
    assert beside(tmp_path, tiktoken) == tiktoken


def test_a_template_stands_in_the_config_or_in_a_file_of_its_own(tmp_path, tiktoken):
    assert beside(tmp_path, tiktoken, {"chat_template": "{{ a }}"}).chat_template == "{{ a }}"
    assert beside(tmp_path, tiktoken, {"chat_template": "{{ a }}"}, b"{{ b }}").chat_template == "{{ b }}"
    several = [{"name": "default", "template": "x"}, {"name": "tools", "template": "y"}]
    assert beside(tmp_path, tiktoken, {"chat_template": several}).chat_template == "{# default #}\nx\n{# tools #}\ny"
    assert beside(tmp_path, tiktoken, {"chat_template": 7}).chat_template is None


def test_special_tokens_of_the_config_fill_those_that_the_file_lacks(tmp_path, tiktoken):
    stated = {"added_tokens_decoder": {"400": {"content": "<s>"}, "401": {"content": "</s>"}}}
    found = beside(tmp_path, tiktoken, stated)
    assert [(each.id, each.text) for each in found.special] == [(400, "<s>"), (401, "</s>")]
    assert not any(note.startswith("special tokens") for note in found.notes)


def test_the_config_adds_to_the_special_tokens_of_the_file_and_takes_nothing(tmp_path):
    own = read(training.written(tmp_path / "tokenizer.json", BPE), "given", "name")
    stated = {"7": "taken", "500": "<s>", "401": "<pad>"}
    decoder = {key: {"content": text} for key, text in stated.items()}
    found = beside(tmp_path, own, {"added_tokens_decoder": decoder})
    assert [(each.id, each.text) for each in found.special] == [(0, "<s>"), (1, "</s>"), (401, "<pad>")]


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("{", "given (tokenizer_config.json): not JSON"),
        ('{"added_tokens_decoder": {"-1": {"content": "x"}}}', "has the id '-1'"),
        ('{"added_tokens_decoder": {"1": {"content": "x"}, "01": {"content": "y"}}}', "two tokens have the id 1"),
    ],
)
def test_a_bad_config_is_refused(tmp_path, tiktoken, config, said):
    with pytest.raises(SourceError) as caught:
        beside(tmp_path, tiktoken, config)
    assert said in str(caught.value)


def test_a_template_that_is_no_text_is_refused(tmp_path, tiktoken):
    with pytest.raises(SourceError, match="not UTF-8"):
        beside(tmp_path, tiktoken, template=b"\xff")
