"""`archdiff lineage REF`, and what `archdiff diff` says of lineage."""

from __future__ import annotations

import json

import jsonschema
import pytest

from archdiff.report.lineage import NO_ADVICE, LineageEntry
from tests.archdiff.cli.calling import assert_refused
from tests.archdiff.cli.test_weighing import noisy, state, written
from tests.archdiff.evidence.lineage.models import model
from tests.archdiff.making import LLAMA


def test_the_chain_on_a_terminal(call):
    ended = call("lineage", "nous-hermes-2-solar-10.7b", "--no-hub")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0] == "NousResearch/Nous-Hermes-2-SOLAR-10.7B"
    assert lines[2] == "  • upstage/SOLAR-10.7B-v1.0: depth-upscaled from mistralai/Mistral-7B-v0.1  (catalogue)"
    assert "roots: mistralai/Mistral-7B-v0.1" in lines
    assert NO_ADVICE in ended.out


def test_json_is_what_the_schema_says(call, tmp_path):
    folder = model(tmp_path / "mine", "meta-llama/Llama-3.1-8B", "finetune", "mit")
    ended = call("lineage", folder, "--format", "json", "-o", tmp_path / "out.json")
    assert (ended.code, (tmp_path / "out.json").read_text()) == (0, ended.out)
    jsonschema.validate(json.loads(ended.out), LineageEntry.model_json_schema(mode="serialization"))
    assert json.loads(ended.out)["inherited"]


def test_everything_that_was_found_is_shown(call, tmp_path):
    saved = {"_name_or_path": "/data/else"}
    model(tmp_path / "base", hidden_size=128)
    folder = model(tmp_path / "mine", ["example/base", "nobody/here"], "finetune", "x\x1b[31m", config=saved)
    out = call("lineage", folder, "--no-hub").out
    assert "\x1b" not in out
    assert "mine: a fine-tune of example/base  (model card)" in out
    assert "mine: a fine-tune of nobody/here  (model card, not followed)" in out
    assert "✗ mine declares finetune of example/base, and states other sizes: hidden_size 128 → 64" in out
    assert "? nobody/here: not in the hub's cache" in out
    assert "not in the table" in out


@pytest.mark.parametrize("arguments", [("no-such-model",), ("nobody/nothing-at-all",), ("x" * 3000,), ("",)])
def test_what_is_not_there(call, arguments):
    assert_refused(call("lineage", *arguments))


def test_formats_that_show_no_lineage(call, tmp_path):
    assert_refused(call("lineage", "gpt2", "-o", tmp_path / "x.dot"), "does not show a lineage")
    assert not list(tmp_path.iterdir())


def test_a_diff_shows_declared_lineage_where_there_is_some(call, tmp_path, pair):
    base = model(tmp_path / "base", config=LLAMA)
    mine = model(tmp_path / "mine", "example/base", "finetune", config=LLAMA)
    assert "Declared lineage\n  • mine: a fine-tune of example/base  (model card)" in call("diff", base, mine).out
    assert "lineage" not in call("diff", *pair).out


def test_a_broken_card_declares_nothing_and_breaks_nothing(call, tmp_path):
    folder = model(tmp_path / "mine", config=LLAMA)
    (folder / "README.md").write_bytes(b"---\nbase_model: [\xff")
    ended = call("lineage", folder)
    assert (ended.code, ended.err) == (0, "")
    assert "declares no model that it was made from" in ended.out


def published(root, name, tensors, front):
    """A checkpoint as the hub's cache keeps it, with a card."""
    folder = written(root / f"models--example--{name}" / "snapshots" / f"{len(name):040}", tensors)
    (folder / "README.md").write_text(f"---\n{front}\n---\n")
    return folder


def contradicted(call, old, new):
    ended = call("weights", old, new, "--format=json")
    assert (ended.code, ended.err) == (0, "")
    report = json.loads(ended.out)
    assert {item["component"] for item in report["weights"]["judgements"]} >= {"language-model"}
    assert [item["model"] for item in report["lineage"]] == ["example/base", "example/mine"]
    found = {finding["rule"]: finding["message"] for finding in json.loads(call_diff(call, old, new))["findings"]}
    return found.get("declared-lineage-contradicted", "")


def call_diff(call, old, new):
    return call("diff", old, new, "--weights", "all", "--format=json").out


@pytest.mark.parametrize(
    ("front", "said"),
    [
        ("license: mit", "no declared lineage leads from example/base to example/mine or back"),
        ("base_model: example/base\nbase_model_relation: same-architecture", "and no more, but the weights"),
        ("base_model: example/base\nbase_model_relation: finetune", ""),
        ("base_model: nobody/knows\nbase_model_relation: finetune", ""),
    ],
)
def test_dependent_weights_are_held_against_what_is_declared(call, tmp_path, front, said):
    old = published(tmp_path, "base", state(), "license: mit")
    message = contradicted(call, old, published(tmp_path, "mine", noisy(state()), front))
    assert (said in message) if said else not message


def test_weights_that_tell_nothing_contradict_nothing(call, tmp_path):
    old = published(tmp_path, "base", state(), "license: mit")
    front = "base_model: example/base\nbase_model_relation: finetune"
    assert contradicted(call, old, published(tmp_path, "mine", state(1), front)) == ""
