"""`archdiff review`: a claims file in, a checklist out."""

from __future__ import annotations

import json
import random
import tomllib

import pytest

from archdiff.report.checklist import Checklist
from tests.archdiff.cli.calling import assert_refused
from tests.archdiff.cli.test_weighing import noisy, state, written
from tests.archdiff.evidence.tokenizer.training import bpe, lines
from tests.archdiff.making import config

SOLAR = """
model = "Solar Open 100B"
[origin]
language-model = "from scratch"
[parameters]
total = "102.65 B"
[architecture]
layers = 48
routed_experts = 128
shared_experts = 1
dense_layers = 0
"""
TINY = """
[origin]
language-model = "from scratch"
[architecture]
layers = 2
attention = "MHA"
[data]
summary = "https://example.com/data"
"""


@pytest.fixture
def claims(tmp_path):
    """A function that writes a claims file and returns its path."""

    def write(text, name="claims.toml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def reviewed(call, *arguments):
    """The checklist that a call prints as JSON, by id of the item."""
    ended = call("review", *arguments, "--format=json")
    assert ended.err == ""
    checklist = Checklist.model_validate_json(ended.out)
    return ended.code, checklist, {item.id: item for item in checklist.items}


def test_the_claims_made_of_solar_open(call, claims):
    code, checklist, items = reviewed(call, "solar-open-100b", "--claims", claims(SOLAR))
    assert code == 0
    structural = [key for key in items if key.startswith(("architecture.", "parameters.")) and items[key].claimed]
    assert len(structural) >= 4
    assert {items[key].status for key in structural} == {"proved"}
    assert items["architecture.dense_layers"].status == "proved"
    origin = items["origin.language-model"]
    assert (origin.status, origin.claimed) == ("open", "trained from scratch")
    assert origin.command == (
        "archdiff weights zai-org/GLM-4.5-Air upstage/Solar-Open-100B && "
        "archdiff training-log RUN --model upstage/Solar-Open-100B"
    )
    assert checklist.nearest[0].name == "glm-4.5-air"
    assert checklist.not_checked == (
        "weights: compared with no other model's",
        "training log: none was given",
        "tokenizer: compared with no other",
    )


def test_a_false_claim_is_refuted_with_its_place(call, claims):
    code, _, items = reviewed(call, "solar-open-100b", "--claims", claims(SOLAR.replace("48", "46")))
    layers = items["architecture.layers"]
    assert (code, layers.status, layers.claimed, layers.found) == (1, "refuted", 46, 48)
    assert layers.evidence[0].where == "config.json num_hidden_layers; model.layers, layers 0–47"
    assert [item.id for item in items.values() if item.status == "refuted"] == ["architecture.layers"]


def test_text_and_markdown_say_what_the_json_says(call, claims):
    path = claims(SOLAR.replace("48", "46"))
    ended = call("review", "solar-open-100b", "--claims", path)
    assert ended.code == 1
    assert ended.out.startswith("Review of solar-open-100b   ✗ 1 refuted")
    assert "✗ 46 layers  architecture.layers\n    The model has 48 (config.json num_hidden_layers)." in ended.out
    assert "Nearest public architectures" in ended.out
    ended = call("review", "solar-open-100b", "--claims", path, "--format=markdown")
    assert "- [ ] ❌ **46 layers** (refuted, `architecture.layers`)" in ended.out
    assert "- [x] ✅ **128 routed experts in a layer** (proved, `architecture.routed_experts`)" in ended.out


def test_the_same_review_gives_the_same_bytes(call, claims, pair):
    first, second = (call("review", pair[1], "--claims", claims(TINY), "--format=json") for _ in range(2))
    assert first.out == second.out


@pytest.mark.parametrize(("fail_on", "code"), [("never", 0), ("refuted", 1), ("open", 1)])
def test_fail_on(call, claims, pair, fail_on, code):
    path = claims(TINY.replace("layers = 2", "layers = 3"))
    assert call("review", pair[0], "--claims", path, "--fail-on", fail_on, "--quiet") == (code, "", "")


def test_open_items_fail_where_it_is_asked(call, claims, pair):
    path = claims(TINY)
    assert call("review", pair[0], "--claims", path, "--quiet").code == 0
    assert call("review", pair[0], "--claims", path, "--quiet", "--fail-on=open").code == 1


def test_init_writes_a_file_that_holds_and_is_not_replaced(call, tmp_path, pair):
    path = tmp_path / "claims.toml"
    ended = call("review", pair[0], "--init", "--claims", path)
    assert (ended.code, ended.err) == (0, "")
    assert f"archdiff review {pair[0]} --claims {path}" in ended.out
    assert tomllib.loads(path.read_text())["architecture"]["layers"] == 2
    code, _, items = reviewed(call, pair[0], "--claims", path)
    assert code == 0
    assert not [item for item in items.values() if item.status == "refuted"]
    before = path.read_bytes()
    assert_refused(call("review", pair[0], "--init", "--claims", path), "is there already")
    assert path.read_bytes() == before


def test_a_signature_holds_until_what_it_rests_on_changes(call, claims, pair, tmp_path):
    path = claims(TINY)
    sign = ("--sign", "data.summary", "--as", "Ada", "--date", "2026-11-22", "--note", "read it")
    code, _, items = reviewed(call, pair[0], "--claims", path, *sign)
    assert (code, items["data.summary"].status) == (0, "signed")
    kept = tmp_path / "claims.sign-off.toml"
    assert tomllib.loads(kept.read_text())["signature"][0]["name"] == "Ada"
    _, checklist, items = reviewed(call, pair[0], "--claims", path)
    assert items["data.summary"].reason == "Signed by Ada on 2026-11-22: read it."
    assert checklist.counts["signed"] == 1
    claims(TINY.replace("example.com/data", "example.com/other"))
    _, _, items = reviewed(call, pair[0], "--claims", path)
    changed = items["data.summary"]
    assert (changed.status, changed.signature) == ("open", None)
    assert changed.lapsed.name == "Ada"
    assert "what that rests on has changed" in changed.reason


def test_signatures_stand_in_the_file_that_is_named(call, claims, pair, tmp_path):
    kept = tmp_path / "sig\u00a0natures.toml"
    sign = ("--sign", "data.summary", "--as", "Ada", "--date", "2026-11-22", "--sign-off", kept)
    assert call("review", pair[0], "--claims", claims(TINY), *sign, "--quiet").code == 0
    assert kept.exists()
    more = ("--sign", "data.sources", "--as", "Grace", "--date", "2026-11-23", "--sign-off", kept)
    _, checklist, _ = reviewed(call, pair[0], "--claims", claims(TINY), *more)
    assert checklist.counts["signed"] == 2
    assert_refused(call("review", pair[0], "--claims", claims(TINY), "--sign-off", claims(TINY)), "something else than")


def test_a_signature_lapses_with_another_model(call, claims, pair):
    sign = ("--sign", "data.summary", "--as", "Ada", "--date", "2026-11-22")
    assert call("review", pair[0], "--claims", claims(TINY), *sign, "--quiet").code == 0
    _, _, items = reviewed(call, pair[1], "--claims", claims(TINY))
    assert items["data.summary"].status == "open"
    assert items["data.summary"].lapsed is not None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--sign", "data.sumary", "--as", "A", "--date", "2026-11-22"), "did you mean data.summary?"),
        (("--sign", "architecture.layers", "--as", "A", "--date", "2026-11-22"), "is proved"),
        (("--sign", "data.summary", "--as", "A", "--date", "tomorrow"), "is no date"),
        (("--sign", "data.summary", "--as", " ", "--date", "2026-11-22"), "names nobody"),
        (("--sign", "data.summary"), "does not say who signs"),
        (("--as", "A"), "sign nothing"),
    ],
)
def test_what_cannot_be_signed(call, claims, pair, tmp_path, arguments, said):
    assert_refused(call("review", pair[0], "--claims", claims(TINY), *arguments), said)
    assert not (tmp_path / "claims.sign-off.toml").exists()


def test_a_signature_under_an_unknown_item_is_an_error(call, claims, pair):
    row = f'item = "data.nothing"\nname = "A"\ndate = "2026-11-22"\nnote = ""\nrests_on = "sha256:{"0" * 64}"\n'
    path = claims(f"[[signature]]\n{row}", "signed.toml")
    assert_refused(
        call("review", pair[0], "--claims", claims(TINY), "--sign-off", path), "the unknown item data.nothing"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[architecture", "not TOML"),
        ("[architecture]\nlayer = 2", "the unknown key 'layer', did you mean layers?"),
        ("[arhitecture]\nlayers = 2", "did you mean architecture?"),
        ('[architecture]\nlayers = "many"', "architecture.layers must be a whole number"),
        ("[architecture]\nlayers = 2.5", "architecture.layers must be a whole number"),
        ("[architecture]\nlayers = -2", "architecture.layers must be a whole number"),
        ("architecture = 3", "architecture must be a table"),
        ('[architecture]\ntied_embeddings = "yes"', "must be true or false"),
        ('[origin]\nlanguage-model = { from = "a/b", how = "finetuned" }', "did you mean finetune?"),
        ('[origin]\nlanguage-model = { how = "finetune" }', "does not say `from`"),
        ('[data]\nsummary = ""', "data.summary says nothing"),
        (f'[data]\nsummary = "{"x" * 5000}"', "longer than 4,000 characters"),
        ('parents = "owner/model"', "parents must be a list"),
        ("x = " + "[" * 5000, "not TOML"),
        ("# " + "x" * 300_000, "larger than 256 KiB"),
    ],
)
def test_a_claims_file_that_is_wrong(call, claims, pair, text, said):
    assert_refused(call("review", pair[0], "--claims", claims(text)), said)


def test_what_is_not_there(call, claims, pair, tmp_path):
    assert_refused(call("review", "no-such-model"), "no-such-model")
    assert_refused(call("review", pair[0], "--claims", tmp_path / "none.toml"), "cannot be read")
    assert_refused(call("review", pair[0], "--against", "no-such-model"), "no-such-model")
    assert_refused(call("review", pair[0], "--sign-off", tmp_path / "none.toml"), "cannot be read")
    assert_refused(call("review", pair[0], "--sign-off", "~nobody-here/x.toml"), "is no path")
    assert_refused(call("review", pair[0], "--claims", "x" * 5000), "cannot be read")


def test_an_output_does_not_replace_an_input(call, claims, pair):
    path = claims(TINY, "claims.json")
    assert_refused(call("review", pair[0], "--claims", path, "--output", path), "is an input of this command")


def test_a_parent_that_cannot_be_resolved_leaves_its_item_open(call, claims, pair):
    path = claims('parents = ["nobody/nothing"]\n[origin]\nlanguage-model = { from = "no/model", how = "finetune" }\n')
    code, checklist, items = reviewed(call, pair[0], "--claims", path)
    assert code == 0
    assert items["origin.language-model"].status == "open"
    assert items["origin.language-model"].command == f"archdiff weights no/model {pair[0]}"
    assert items["parents.nobody-nothing"].status == "open"
    assert {left.partition(":")[0] for left in checklist.not_checked} >= {"parent no/model", "parent nobody/nothing"}


def test_a_fine_tune_of_other_shapes_is_refuted(call, claims, pair):
    path = claims(f'[origin]\nlanguage-model = {{ from = "{pair[0]}", how = "finetune" }}\n')
    code, checklist, items = reviewed(call, pair[1], "--claims", path)
    assert (code, items["origin.language-model"].status) == (1, "refuted")
    assert "layers 0–1" in items["origin.language-model"].reason
    assert [report.old.name for report in checklist.parents] == ["old.json"]


def test_output_files_of_every_format(call, claims, pair, tmp_path):
    files = [tmp_path / f"out{ending}" for ending in (".md", ".json", ".txt")]
    outputs = [part for file in files for part in ("--output", file)]
    assert call("review", pair[0], "--claims", claims(TINY), "--quiet", *outputs).code == 0
    assert [file.exists() for file in files] == [True] * 3
    assert json.loads(files[1].read_text())["counts"]["proved"] == 2


def test_a_tokenizer_is_compared_with_those_that_are_named(call, claims, pair, tmp_path):
    for name, part in (("old", 0), ("new", 1)):
        folder = tmp_path / name
        config(folder / "config.json")
        made = bpe(lines("email", most=60_000, part=part), size=400)
        (folder / "tokenizer.json").write_text(json.dumps(made), encoding="utf-8")
    path = claims('[tokenizer]\norigin = "own"\n')
    arguments = (tmp_path / "new", "--claims", path, "--tokenizer", tmp_path / "new")
    code, checklist, items = reviewed(call, *arguments)
    assert (code, items["tokenizer.origin"].status) == (1, "refuted")
    assert checklist.tokenizers[0].verdict == "identical"
    path = claims(f'[tokenizer]\norigin = {{ from = "{tmp_path / "new"}", how = "identical" }}\n')
    assert reviewed(call, tmp_path / "new", "--claims", path)[2]["tokenizer.origin"].status == "proved"
    assert_refused(call("review", tmp_path / "new", "--tokenizer", pair[0]))


def test_a_tokenizer_that_cannot_be_had_leaves_its_item_open(call, claims, pair):
    path = claims('[tokenizer]\norigin = { from = "nobody/nothing", how = "identical" }\n')
    code, checklist, items = reviewed(call, pair[0], "--claims", path)
    assert (code, items["tokenizer.origin"].status) == (0, "open")
    assert any(left.startswith("tokenizer of nobody/nothing") for left in checklist.not_checked)


def test_a_model_card_names_parent_and_licence(call, claims, tmp_path):
    folder = tmp_path / "model"
    config(folder / "config.json")
    card = "---\nlicense: apache-2.0\nbase_model: nobody/nothing\nbase_model_relation: finetune\n---\n"
    (folder / "README.md").write_text(card, encoding="utf-8")
    _, checklist, items = reviewed(call, folder, "--claims", claims('[licence]\nname = "Apache-2.0"\n'))
    assert items["licence.name"].status == "proved"
    assert items["parents.nobody-nothing"].title == "finetune of nobody/nothing, as the model card declares"
    assert items["licence.lineage"].status == "proved"
    assert checklist.lineage.chain[0].base == "nobody/nothing"


SCRATCH = '[origin]\nlanguage-model = "from scratch"\n'


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A checkpoint, its fine-tune and a stranger."""
    folder = tmp_path_factory.mktemp("models")
    tensors = {"old": state(), "tuned": noisy(state()), "stranger": state(1)}
    return {name: written(folder / name, each) for name, each in tensors.items()}


def run_of(path, first, steps=300):
    """The log of a run whose loss begins so, with the noise of batches."""
    noise = random.Random(0)
    losses = [
        (first * 0.99**step + 0.6 * first * (1 - 0.99**step)) * noise.uniform(0.97, 1.03) for step in range(steps)
    ]
    path.write_text("".join(json.dumps({"step": i, "loss": loss}) + "\n" for i, loss in enumerate(losses)))
    return path


def test_weights_refute_a_claim_of_training_from_scratch(call, claims, models):
    arguments = ("--claims", claims(SCRATCH), "--against", models["old"], "--weights", "all")
    code, checklist, items = reviewed(call, models["tuned"], *arguments)
    assert (code, items["origin.language-model"].status) == (1, "refuted")
    assert "derived against" in items["origin.language-model"].reason
    assert "log10 p" in items["origin.language-model"].reason
    assert checklist.parents[0].weights is not None


def test_weights_prove_a_declared_fine_tune(call, claims, models):
    path = claims(f'[origin]\nlanguage-model = {{ from = "{models["old"]}", how = "finetune" }}\n')
    assert reviewed(call, models["tuned"], "--claims", path)[2]["origin.language-model"].status == "open"
    code, _, items = reviewed(call, models["tuned"], "--claims", path, "--weights", "all")
    assert (code, items["origin.language-model"].status) == (0, "proved")


def test_weights_that_tell_nothing_leave_it_open(call, claims, models):
    arguments = ("--claims", claims(SCRATCH), "--against", models["old"], "--weights", "all")
    code, _, items = reviewed(call, models["stranger"], *arguments)
    assert (code, items["origin.language-model"].status) == (0, "open")
    assert "inconclusive" in items["origin.language-model"].reason


def test_a_parent_without_weights_is_not_checked(call, claims, models, pair):
    arguments = ("--claims", claims(SCRATCH), "--against", pair[0], "--weights", "all")
    code, checklist, items = reviewed(call, models["old"], *arguments)
    assert (code, items["origin.language-model"].status) == (0, "open")
    assert any(left.startswith(f"weights of {pair[0]}: ") for left in checklist.not_checked)
    assert_refused(
        call("review", models["old"], "--against", pair[0], "--weights", "all", "--budget", "much"), "--budget"
    )


def test_a_log_closes_its_item_and_supports_the_origin(call, claims, pair, tmp_path):
    good = run_of(tmp_path / "good.jsonl", 5.6)
    code, checklist, items = reviewed(call, pair[0], "--claims", claims(SCRATCH), "--training-log", good)
    assert (code, checklist.training_log.verdict, items["training.log"].status) == (0, "from-scratch", "proved")
    assert items["origin.language-model"].reason.startswith("The training log is consistent with it.")
    warm = run_of(tmp_path / "warm.jsonl", 1.5)
    code, checklist, items = reviewed(call, pair[0], "--claims", claims(SCRATCH), "--training-log", warm)
    assert (code, checklist.training_log.verdict) == (1, "warm-start")
    assert {items["training.log"].status, items["origin.language-model"].status} == {"refuted"}
    assert_refused(call("review", pair[0], "--training-log", tmp_path / "none.jsonl"), "none.jsonl")


def test_code_is_held_against_what_transformers_declares(call, claims):
    path = claims('[code]\norigin = "own"\n')
    code, checklist, items = reviewed(call, "gemma-2-2b", "--claims", path, "--against", "qwen3-0.6b")
    assert (code, items["code.origin"].status) == (1, "refuted")
    assert "says nothing about weights" in items["code.origin"].reason
    assert checklist.code[0].similarity < 1
