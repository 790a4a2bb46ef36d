"""Each bad input is one line on standard error and exit code 2, at once, and leaves no file behind."""

from __future__ import annotations

import json
import time

import pytest

from tests.archdiff.cli.calling import assert_refused, process
from tests.archdiff.making import LLAMA, config

SECONDS = 10
"""For the slowest machine; each takes a quarter of a second where nothing else runs."""

ESCAPE = "\x1b[31m"


def written(text):
    return lambda path: path.write_text(text)


def stated(**values):
    return written(json.dumps({**LLAMA, **values}))


def sparse(path):
    with path.open("wb") as file:
        file.truncate(200 * 2**20)


FILES = {
    "not there": (lambda _: None, "no such file or directory"),
    "no config in it": (lambda path: path.mkdir(), "the directory holds no config.json"),
    "not JSON": (written("{not json"), "not JSON"),
    "no object": (written("[1, 2]"), "not an object"),
    "NaN": (written('{"model_type": "llama", "num_hidden_layers": NaN}'), "num_hidden_layers"),
    "unknown type": (stated(model_type="no_such_type", architectures=[]), "model_type no_such_type is unknown"),
    "no type": (written('{"hidden_size": 8}'), "states no model_type"),
    "remote code": (
        stated(model_type="their_own", architectures=["TheirOwn"], auto_map={"AutoModel": "x.Y"}),
        "needs remote code",
    ),
    "10^9 layers": (stated(num_hidden_layers=10**9), "num_hidden_layers is 1000000000"),
    "negative layers": (stated(num_hidden_layers=-1), "num_hidden_layers is -1"),
    "200 MB": (sparse, "larger than 16 MiB"),
    "escape in the type": (stated(model_type=f"x{ESCAPE}", architectures=[]), "x\\x1b[31m"),
    "HTML in the type": (stated(model_type="<script>", architectures=[]), "<script>"),
}

REFERENCES = {
    "hub id when offline": ("someone/some-model", "HF_HUB_OFFLINE is set"),
    "unknown name": ("solar-open-100", "did you mean solar-open-100b"),
    "terminal escape": (f"name{ESCAPE}", "name\\x1b[31m: no such path or catalogue name"),
    "HTML": ("<b>name</b>", "neither an existing path nor a valid hub id"),
    "new line": ("a\nb", "a\\nb"),
    "empty": ("", "the empty reference"),
    "null byte": ("a\0b", "a\\x00b"),
    "web address": ("https://huggingface.co/a/b", "write the hub id"),
}


@pytest.mark.parametrize(("make", "said"), FILES.values(), ids=FILES)
@pytest.mark.parametrize("side", ["old", "new"])
def test_a_bad_file(tmp_path, call, make, said, side):
    make(bad := tmp_path / "bad.json")
    models = [str(bad), config(tmp_path / "good.json")]
    outputs = [tmp_path / "out" / name for name in ("a.json", "b.txt")]
    outputs[0].parent.mkdir()
    start = time.monotonic()
    ended = call("diff", *(models if side == "old" else models[::-1]), *(f"--output={o}" for o in outputs))
    assert time.monotonic() - start < SECONDS
    assert_refused(ended, said, "bad.json")
    assert not list(outputs[0].parent.iterdir())


@pytest.mark.parametrize(("reference", "said"), REFERENCES.values(), ids=REFERENCES)
def test_a_bad_reference(call, reference, said):
    for arguments in (("show", reference), ("diff", "gpt2", reference), ("diff", reference, "gpt2")):
        assert_refused(call(*arguments), said)


def test_a_class_that_fails_to_build(tmp_path, call):
    path = config(tmp_path / "bad.json", hidden_act="no-such-activation")
    assert_refused(call("show", path), "bad.json", "cannot build it", "no-such-activation")


def test_a_file_name_with_escapes_is_shown_without_them(tmp_path, call):
    path = tmp_path / f"bad{ESCAPE}<b>.json"
    path.write_text("[]")
    assert_refused(call("show", path), "bad\\x1b[31m<b>.json")


BAD_IN_A_PROCESS = {
    "unknown type": stated(model_type="no_such_type", architectures=[]),
    "10^9 layers": stated(num_hidden_layers=10**9),
    "not JSON": written("{"),
}


@pytest.mark.parametrize("make", BAD_IN_A_PROCESS.values(), ids=BAD_IN_A_PROCESS)
def test_a_bad_file_is_refused_without_torch(tmp_path, make):
    make(bad := tmp_path / "bad.json")
    ended = process("diff", "gpt2", str(bad), PYTHONPROFILEIMPORTTIME="1")
    assert ended.code == 2
    assert "archdiff: " in ended.err
    assert not [line for line in ended.err.splitlines() if line.split("|")[-1].strip() in ("torch", "networkx")]
