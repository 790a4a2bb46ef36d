"""`archdiff show`: one model, and its snapshot."""

from __future__ import annotations

import json

from archdiff.graph.schema import ModelGraph
from archdiff.report.portrait import Portrait
from tests.archdiff.cli.calling import assert_refused, process


def test_it_describes_a_model(call, pair):
    ended = call("show", pair[1])
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("new.json   LlamaForCausalLM (llama)\n")
    # 2 x 2 heads x 16 x 2 layers x 2 bytes
    assert "key-value cache: 256 bytes for each token, 2 layers, bfloat16" in ended.out
    assert "layers  layers 0–1 ×2" in ended.out


def test_json_is_a_portrait(call, pair):
    portrait = Portrait.model_validate_json(call("show", pair[0], "--format=json").out)
    assert portrait.model.parameters == sum(entry.parameters for entry in portrait.roles)
    assert portrait.model.active_parameters == portrait.model.parameters
    assert portrait.model.blocks


def test_save_writes_a_snapshot_that_reads_back(call, pair, tmp_path):
    path = tmp_path / "old.snapshot"
    assert call("show", pair[0], "--save", path, "--quiet") == (0, "", "")
    graph = ModelGraph.from_json(json.loads(path.read_text()))
    assert graph.name == "old.json"
    assert json.dumps(graph.to_json(), indent=1) + "\n" == path.read_text()


def test_save_does_not_replace_what_it_reads(call, pair):
    assert_refused(call("show", pair[0], "--save", pair[0]), "is an input of this command")


def test_output_and_save_are_written_together_or_not_at_all(call, pair, tmp_path):
    outputs = ["--output", tmp_path / "a.json", "--save", tmp_path / "no" / "b.json"]
    assert_refused(call("show", pair[0], *outputs), "its directory does not exist")
    assert not (tmp_path / "a.json").exists()


def test_a_name_of_the_catalogue(call):
    ended = call("show", "gpt2")
    assert "openai-community/gpt2" in ended.out
    assert "124.4 M" in ended.out


def test_a_snapshot_compares_like_the_model_and_without_torch(pair, tmp_path):
    saved = [str(tmp_path / name) for name in ("old.snapshot", "new.snapshot")]
    for path, snapshot in zip(pair, saved, strict=True):
        assert process("show", path, "--save", snapshot, "--quiet").code == 0
    ended = process("diff", *saved, "--format=json", PYTHONPROFILEIMPORTTIME="1")
    assert ended.code == 0
    assert not [line for line in ended.err.splitlines() if line.split("|")[-1].strip() in ("torch", "transformers")]
    assert "key-value-heads-changed" in {finding["rule"] for finding in json.loads(ended.out)["findings"]}


def test_a_damaged_snapshot_is_refused(call, tmp_path):
    (tmp_path / "bad.snapshot").write_text('{"directed": true, "graph": {"schema_version": 99}}')
    assert_refused(call("show", tmp_path / "bad.snapshot"), "bad.snapshot")
