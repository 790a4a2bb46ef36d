"""`archdiff code OLD NEW`, and `archdiff diff --code`."""

from __future__ import annotations

import json

import pytest

from archdiff.report.code import NOT_WEIGHTS
from tests.archdiff.cli.calling import assert_refused, process
from tests.archdiff.evidence.code.sources import BLOCK, renamed
from tests.archdiff.making import LLAMA


@pytest.fixture
def sources(tmp_path):
    """A source and a copy of it under other names, as files."""
    old, new = tmp_path / "modeling_old.py", tmp_path / "modeling_new.py"
    old.write_text(BLOCK)
    new.write_text(renamed(BLOCK))
    return old, new


def shipping(folder, text, **config):
    """A directory that ships its modelling file."""
    folder.mkdir()
    stated = {**LLAMA, "auto_map": {"AutoModelForCausalLM": "modeling_mine.Mine"}, **config}
    (folder / "config.json").write_text(json.dumps(stated))
    (folder / "modeling_mine.py").write_text(text)
    return folder


def test_on_a_terminal(call, sources):
    ended = call("code", *sources)
    assert (ended.code, ended.err) == (0, "")
    assert "similarity 1.00  (unrelated families: 0." in ended.out
    assert "ExampleAttention  1.00" in ended.out
    assert "Copyright 2023 The Example Authors" in ended.out
    assert NOT_WEIGHTS in ended.out


def test_json_and_a_file(call, sources, tmp_path):
    ended = call("code", *sources, "--format", "json", "-o", tmp_path / "out.json")
    assert json.loads(ended.out)["limits"] == [NOT_WEIGHTS]
    assert (tmp_path / "out.json").read_text() == ended.out


def test_two_families(call):
    out = call("code", "llama", "mistral").out
    assert "MistralRMSNorm" in out
    assert "derives" in out


def test_a_diff_with_code_is_the_diff_and_the_code(call, tmp_path):
    old, new = shipping(tmp_path / "old", BLOCK), shipping(tmp_path / "new", renamed(BLOCK), rms_norm_eps=1e-5)
    plain = json.loads(call("diff", old, new, "--format", "json").out)
    found = json.loads(call("diff", old, new, "--code", "--format", "json").out)
    assert plain["code"] is None
    assert found["code"]["similarity"] == 1
    assert found["code"]["old"]["origin"] == "ships with the model"
    assert {**found, "code": None} == plain
    shown = call("diff", old, new, "--code").out
    assert "Modelling code\n" in shown
    assert NOT_WEIGHTS in shown


def test_names_of_a_file_move_no_cursor(call, tmp_path, sources):
    hostile = tmp_path / "modeling_\x1b[2J.py"
    hostile.write_text("# Copyright \x1b[31m\n" + BLOCK)
    assert "\x1b" not in call("code", sources[0], hostile).out


REFUSED = {
    "garbage": (b"\x00\x01\x02", "no Python source"),
    "no text": (b"\xff\xfe\xfd", "not UTF-8"),
    "large": (b"#" * 10_000_000, "larger than 1 MiB"),
    "parentheses": (b"(" * 10_000 + b")" * 10_000, "no Python source"),
    "deep": (b"-" * 200_000 + b"1", "nests too deep"),
    "long chain": (b"x" + b".a" * 200_000, "nests too deep"),
    "null bytes": (b"x = 1\x00", "no Python source"),
}


@pytest.mark.parametrize(("data", "said"), REFUSED.values(), ids=REFUSED)
def test_a_file_that_is_no_source(call, tmp_path, sources, data, said):
    (tmp_path / "bad.py").write_bytes(data)
    assert_refused(call("code", sources[0], tmp_path / "bad.py"), "bad.py", said)
    assert_refused(call("code", tmp_path / "bad.py", sources[0]), "bad.py", said)


def test_a_hostile_file_in_a_process_of_its_own(tmp_path, sources):
    """The parser's own limits hold in a fresh interpreter too, and nothing is left of a crash."""
    (tmp_path / "bad.py").write_text("lambda:" * 100_000 + "1")
    assert_refused(process("code", sources[0], tmp_path / "bad.py"), "nests too deep")


@pytest.mark.parametrize("named", ["../modeling_x.Model", "/etc/passwd.Model", "modeling_none.Model"])
def test_an_auto_map_that_leads_elsewhere(call, tmp_path, sources, named):
    folder = shipping(
        tmp_path / "mine", BLOCK, model_type="yi", architectures=["NoSuch"], auto_map={"AutoModel": named}
    )
    assert_refused(call("code", sources[0], folder), "auto_map")


def test_loops_of_links(call, tmp_path, sources):
    folder = shipping(tmp_path / "mine", "")
    (folder / "modeling_mine.py").unlink()
    (folder / "modeling_mine.py").symlink_to(folder / "modeling_mine.py")
    assert_refused(call("code", sources[0], folder), "cannot be read")


def test_nothing_that_a_model_ships_is_executed(call, tmp_path, sources):
    marker = tmp_path / "ran"
    folder = shipping(tmp_path / "mine", f"open({str(marker)!r}, 'w')\n{BLOCK}")
    assert call("code", sources[0], folder).code == 0
    assert call("diff", folder, folder, "--code").code == 0
    assert not marker.exists()


@pytest.mark.parametrize("arguments", [("llama", "no-such"), ("no-such", "llama"), ("llama", "")])
def test_what_is_not_there(call, arguments):
    assert_refused(call("code", *arguments))


def test_a_diff_whose_code_is_not_there_says_so_before_anything_is_built(call, tmp_path):
    (tmp_path / "weights.safetensors").write_bytes(b"")
    assert_refused(call("diff", "gpt2", tmp_path / "weights.safetensors", "--code"))
