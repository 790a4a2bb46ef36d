"""Where a tokenizer is: the file itself, or the one of a directory."""

from __future__ import annotations

import pytest

from archdiff.errors import ArchdiffError, SourceError, UnresolvedReferenceError
from archdiff.evidence.tokenizer.find import choose, locate


def written(folder, *names):
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("{}")
    return folder


def refused(text, *said, error=SourceError):
    with pytest.raises(error) as caught:
        locate(str(text))
    assert str(caught.value).isprintable()
    assert all(part in str(caught.value) for part in said), str(caught.value)


def test_a_file_is_itself(tmp_path):
    path = written(tmp_path / "m", "some.tiktoken") / "some.tiktoken"
    found = locate(str(path))
    assert (found.path, found.name, dict(found.beside)) == (path, "some.tiktoken", {})


def test_a_directory_gives_its_name_and_what_stands_beside(tmp_path):
    folder = written(tmp_path / "model", "tokenizer.json", "tokenizer.model", "tokenizer_config.json", "config.json")
    for text in (folder, folder / "tokenizer.json", folder / "config.json"):
        found = locate(str(text))
        assert (found.name, found.path) == ("model", folder / "tokenizer.json")
        assert list(found.beside) == ["tokenizer_config.json"]


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["tokenizer.model", "tekken.json", "tokenizer.json"], "tokenizer.json"),
        (["tokenizer.model", "tekken.json"], "tekken.json"),
        (["tokenizer.model"], "tokenizer.model"),
        (["qwen.tiktoken", "config.json"], "qwen.tiktoken"),
        (["tokenizer.model.v3"], "tokenizer.model.v3"),
        (["spiece.model"], "spiece.model"),
        (["original/tokenizer.model", "model.safetensors"], "original/tokenizer.model"),
        (["config.json", "model.safetensors"], None),
    ],
)
def test_the_file_of_a_tokenizer_is_chosen_by_name(names, chosen):
    assert choose(names, "x") == chosen


def test_of_several_none_is_guessed(tmp_path):
    folder = written(tmp_path / "m", "a.tiktoken", "b.tiktoken")
    refused(folder, "2 files could be its tokenizer: a.tiktoken, b.tiktoken", "name one of them")


def test_a_directory_without_a_tokenizer_says_what_it_holds(tmp_path):
    folder = written(tmp_path / "m", "config.json", *(f"{n}.bin" for n in range(9)))
    refused(folder, "holds no tokenizer, but 0.bin", "and 6 more files", "tekken.json")
    refused(written(tmp_path / "empty"), "but nothing")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the empty reference"),
        ("./nowhere.json", "no such file"),
        ("no-such-name", "no such path or catalogue name"),
        ("owner/model:file.gguf", "a GGUF file is no tokenizer file"),
        ("owner/model", "HF_HUB_OFFLINE is set"),
        ("gpt-oss-120b", "HF_HUB_OFFLINE is set"),
    ],
)
def test_what_names_nothing_is_refused(text, said):
    refused(text, said, error=ArchdiffError)


def test_no_config_is_offered_where_a_tokenizer_is_wanted():
    with pytest.raises(UnresolvedReferenceError) as caught:
        locate("gpt-oss-120b")
    assert caught.value.remedy == "unset it, or name a local file of the tokenizer"


def test_a_git_revision_is_refused(tmp_path, monkeypatch):
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    refused("HEAD~1:tokenizer.json", "tokenizers are not read from git revisions", error=UnresolvedReferenceError)
