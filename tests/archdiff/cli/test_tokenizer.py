"""`archdiff tokenizer` and `archdiff diff --tokenizer` as users call them, bad input too."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.archdiff.cli.calling import assert_refused, process
from tests.archdiff.evidence.tokenizer import training

TEXT = training.lines("json", "xml", most=60_000)
BPE = training.bpe(TEXT, 900)


@pytest.fixture
def files(tmp_path):
    """The same tokenizer in several forms, and what was made of it."""
    made = {
        "base/tokenizer.json": BPE,
        "extended/tokenizer.json": training.with_special(BPE, "<tool>"),
        "pruned.json": training.pruned(BPE),
        "same.tiktoken": training.tiktoken(BPE),
        "tekken.json": training.tekken(BPE, reserved=2),
        "moved.json": training.tekken(BPE, reserved=10),
        "pieces.model": training.sentence_pieces(training.lines("unittest", most=60_000), 900),
    }
    return {name: training.written(tmp_path / name, each) for name, each in made.items()}


def verdict(ended):
    assert (ended.code, ended.err) == (0, ""), ended
    return json.loads(ended.out)["verdict"]


def test_a_tokenizer_is_identical_to_itself(call, files):
    ended = call("tokenizer", files["base/tokenizer.json"].parent, files["base/tokenizer.json"])
    assert (ended.code, ended.err) == (0, "")
    assert "Tokenizer  identical: NEW has the tokenizer of OLD" in ended.out


def test_what_was_made_of_a_tokenizer_is_told(call, files):
    base = files["base/tokenizer.json"]
    expected = {
        "extended/tokenizer.json": "extended",
        "pruned.json": "pruned",
        "same.tiktoken": "identical",
        "tekken.json": "identical",
        "moved.json": "re-ordered",
    }
    for name, said in expected.items():
        assert verdict(call("tokenizer", base, files[name], "--format=json")) == said, name


def test_tokenizers_of_different_kinds_compare(call, files):
    ended = call("tokenizer", files["base/tokenizer.json"], files["pieces.model"], "--format=json")
    assert verdict(ended) in {"independent", "inconclusive"}
    found = json.loads(ended.out)
    assert found["figures"]["common"] > 100
    assert len(found["fertility"]) == 15
    assert all(each["old"] and each["new"] for each in found["fertility"])


def test_the_same_call_writes_the_same_bytes(call, files, tmp_path):
    pair = files["base/tokenizer.json"], files["extended/tokenizer.json"]
    ended = call("tokenizer", *pair, "-o", tmp_path / "a.json", "-o", tmp_path / "b.txt", "--format=json")
    assert (tmp_path / "a.json").read_text() == ended.out
    assert "Tokenizer  extended" in (tmp_path / "b.txt").read_text()
    assert call("tokenizer", *pair, "--format=json").out == ended.out
    assert call("tokenizer", *pair, "--quiet").out == ""


def test_diff_compares_tokenizers_where_asked(call, pair, files):
    folders = [files["base/tokenizer.json"].parent, files["extended/tokenizer.json"].parent]
    for folder, each in zip(folders, pair, strict=True):
        shutil.copy(each, folder / "config.json")
    ended = call("diff", folders[0], folders[1] / "config.json", "--tokenizer", "--format=json")
    assert (ended.code, ended.err) == (0, "")
    report = json.loads(ended.out)
    assert report["tokenizer"]["verdict"] == "extended"
    assert "tokenizer: not compared" not in report["not_checked"]
    (found,) = [each for each in report["findings"] if each["rule"] == "tokenizer-changed"]
    assert found["message"].startswith("tokenizer extended: OLD's tokens, with others added; ")
    gate = call("diff", folders[0], folders[1] / "config.json", "--tokenizer", "--fail-on=cosmetic", "-q")
    assert gate.code == 1
    plain = json.loads(call("diff", *pair, "--format=json").out)
    assert plain["tokenizer"] is None
    assert "tokenizer-changed" not in {each["rule"] for each in plain["findings"]}, "only where they were compared"


def test_diff_without_a_tokenizer_beside_the_config_is_refused(call, pair):
    assert_refused(call("diff", *pair, "--tokenizer"), "old.json", "no tokenizer")


TOKENS = {"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}}
BAD = {
    "unknown kind": (b"hello", "unknown kind", "SentencePiece"),
    "garbage": (b"\xff\x00\x01\x02" * 50, "unknown kind"),
    "truncated": (json.dumps(BPE).encode()[:3000], "not JSON"),
    "duplicate ids": (b'{"model": {"type": "BPE", "vocab": {"a": 0, "b": 0}, "merges": []}}', "have the id 0"),
    "negative id": (b'{"model": {"type": "BPE", "vocab": {"a": -5}, "merges": []}}', "has the id -5"),
    "huge id": (b'{"model": {"type": "BPE", "vocab": {"a": 1000000000000}, "merges": []}}', "1000000000000"),
    "10^9 tokens announced": (
        json.dumps({**training.tekken(BPE), "config": {"default_vocab_size": 10**9}}).encode(),
        "default_num_special_tokens is None",
    ),
    "a model that lies about its size": (b"\x0a\x05\x0a\x03abc\x0a\xff\xff\xff\xff\x07", "damaged SentencePiece model"),
    "an archive": (b"PK\x03\x04" + b"\xff" * 100, "a zip archive"),
    "a config": (b'{"model_type": "llama"}', "JSON that is no tokenizer"),
}


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_writes_nothing(call, tmp_path, files, case, side):
    data, *said = BAD[case]
    (tmp_path / "bad.json").write_bytes(data)
    references = [files["base/tokenizer.json"], files["base/tokenizer.json"]]
    references[side] = tmp_path / "bad.json"
    out = tmp_path / "out" / "a.json"
    out.parent.mkdir()
    assert_refused(call("tokenizer", *references, "-o", out), "bad.json", *said)
    assert not list(out.parent.iterdir())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("base/tokenizer.json",), "NEW"),
        (("base/tokenizer.json", "base/tokenizer.json", "--format=svg"), "svg"),
        (("base/tokenizer.json", "base/tokenizer.json", "-o=x.svg"), "does not show a tokenizer"),
        (("base/tokenizer.json", "base/tokenizer.json", "-o=x.unknown"), "names no format"),
    ],
)
def test_a_wrong_call_is_refused(call, files, arguments, said):
    ended = call("tokenizer", *(files.get(each, each) for each in arguments))
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err


def test_an_input_is_never_written_over(call, files):
    base = files["base/tokenizer.json"]
    assert_refused(call("tokenizer", base, base, "-o", base), "is an input of this command")


def test_nothing_heavy_is_imported(files):
    base = str(files["base/tokenizer.json"])
    ended = process("tokenizer", base, base, "--format=json", PYTHONPROFILEIMPORTTIME="1")
    assert ended.code == 0
    imported = {line.split("|")[-1].strip() for line in ended.err.splitlines()}
    assert not imported & {"torch", "transformers", "tokenizers", "sentencepiece", "networkx"}
