"""A saved graph stands wherever a reference does, without torch, and a bad one is one line."""

from __future__ import annotations

import json

import pytest

from tests.archdiff.cli.calling import assert_refused, process


@pytest.fixture
def saved(call, pair, tmp_path):
    """Snapshots of both models of the pair."""
    paths = [tmp_path / f"{name}.graph.json" for name in ("old", "new")]
    for model, path in zip(pair, paths, strict=True):
        assert call("show", model, "--save", path, "--quiet").code == 0
    return paths


def report_of(ended):
    assert (ended.code, ended.err) == (0, "")
    return json.loads(ended.out)


def test_a_model_and_its_snapshot_do_not_differ(call, pair, saved):
    for sides in ((pair[0], saved[0]), (saved[0], pair[0])):
        report = report_of(call("diff", *sides, "--format=json"))
        assert (report["findings"], report["changes"]) == ([], [])
        assert not [text for text in report["not_checked"] if "json:" in text]


def test_snapshots_differ_as_their_models_do(call, pair, saved):
    live, stored = (report_of(call("diff", *models, "--format=json")) for models in (pair, saved))
    assert live["findings"]
    for key in ("findings", "changes", "summary", "alignment"):
        assert stored[key] == live[key]


def test_the_report_says_that_it_read_a_snapshot(call, pair, saved):
    model = report_of(call("show", saved[0], "--format=json"))["model"]
    live = report_of(call("show", pair[0], "--format=json"))["model"]
    assert (model["kind"], model["reference"]) == ("snapshot", str(saved[0]))
    assert model["digest"] != live["digest"]
    assert model["notes"] == [*live["notes"], f"read from a snapshot of {pair[0]} (file, {live['digest']})"]
    told = ("name", "parameters", "facts", "blocks")
    assert [model[key] for key in told] == [live[key] for key in told]


def test_a_snapshot_of_a_snapshot_tells_its_origin_once(call, saved, tmp_path):
    again = tmp_path / "again.graph.json"
    assert call("show", saved[0], "--save", again, "--quiet").code == 0
    first, second = (report_of(call("show", path, "--format=json"))["model"] for path in (saved[0], again))
    assert second["notes"] == first["notes"]
    assert not report_of(call("diff", saved[0], again, "--format=json"))["changes"]


def test_two_snapshots_are_compared_without_torch(saved):
    ended = process("diff", *map(str, saved), PYTHONPROFILEIMPORTTIME="1")
    imported = {line.split("|")[-1].strip() for line in ended.err.splitlines()}
    assert ended.code == 0
    assert "key-value heads" in ended.out
    assert "networkx" in imported, "the import log was not read"
    assert not imported & {"torch", "transformers", "accelerate", "huggingface_hub"}


def test_a_bad_snapshot_is_refused_before_the_other_model_is_built(saved):
    saved[1].write_text(saved[1].read_text()[:-100])
    ended = process("diff", "gpt2", str(saved[1]), PYTHONPROFILEIMPORTTIME="1")
    assert ended.code == 2
    assert f"archdiff: {saved[1]}: is damaged (not JSON" in ended.err
    assert not [line for line in ended.err.splitlines() if line.split("|")[-1].strip() == "torch"]


def altered(path, change):
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))
    return path


DAMAGE = {
    "another version": (lambda d: d["graph"].update(schema_version=99), "has schema version 99, not 1"),
    "no nodes": (lambda d: d.pop("nodes"), "no valid `nodes`"),
    "a node without a field": (lambda d: d["nodes"][3].pop("role"), "no valid `role`"),
    "a cycle": (
        lambda d: d["edges"].append({"kind": "contains", "source": "lm_head", "target": "", "key": 0}),
        "do not form a tree",
    ),
    "a setting that was changed": (lambda d: d["nodes"][5].update(role="router"), "the fingerprint of"),
    "an escape in a name": (lambda d: d["nodes"][-1].update(id="\x1b[2J"), "is damaged ("),
    "markup in a name": (lambda d: d["nodes"][-1].update(id="<script>"), "is damaged ("),
}


@pytest.mark.parametrize(("change", "said"), DAMAGE.values(), ids=DAMAGE)
@pytest.mark.parametrize("command", [("show",), ("diff", "gpt2")])
def test_a_damaged_snapshot_is_one_line(call, saved, change, said, command):
    assert_refused(call(*command, altered(saved[0], change)), said, "old.graph.json", "save the snapshot again")


def test_a_name_is_shown_without_its_escapes(call, saved):
    altered(saved[0], lambda d: d["graph"].update(name="x\x1b[2J<script>"))
    ended = call("show", saved[0])
    assert (ended.code, ended.err) == (0, "")
    assert "\x1b[2J" not in ended.out
    assert "<script>" in ended.out
