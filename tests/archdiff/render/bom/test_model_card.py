"""The model-card fragment: what huggingface_hub reads back, and no markup that a file smuggled in."""

from __future__ import annotations

import re

import pytest
import yaml
from huggingface_hub import ModelCard
from hypothesis import given, settings

from archdiff.render import render
from archdiff.render.bom.hub_licences import KEYS, licence_fields
from archdiff.render.bom.model_card import escaped
from tests.archdiff.render.bom.described import (
    DIGEST,
    FACTS,
    MAIN_CASES,
    checklist,
    derived_from,
    entry,
    hostile,
    main_case,
    portrait,
    report,
    weighed,
)


def card(document):
    text = render(document, "model-card")
    assert text.endswith("\n")
    return ModelCard(text)


def metadata(document):
    return card(document).data.to_dict()


@pytest.mark.parametrize("old", MAIN_CASES)
def test_the_main_cases(old):
    made = card(main_case(old))
    assert made.data.to_dict() == {
        "license": "other",
        "license_name": "upstage-solar-license",
        "pipeline_tag": "text-generation",
        "tags": ["solar_open", "moe"],
    }
    assert f"| | {old} | solar-open-100b |" in made.text
    assert "- No base model is declared." in made.text
    assert "base_model" not in made.content


def test_a_declared_base_stands_in_the_metadata():
    fields = metadata(report(new=derived_from("someone/old")))
    assert (fields["base_model"], fields["base_model_relation"]) == ("someone/old", "finetune")


@pytest.mark.parametrize(
    ("base", "relation"),
    [
        ("a local folder", "finetune"),
        ("someone/old", "distilled"),
        ("someone/old", ""),
        ("someone/old", "same-architecture"),
    ],
)
def test_a_base_without_hub_id_or_without_a_word_of_the_hub_does_not(base, relation):
    assert "base_model" not in metadata(report(new=derived_from(base, relation)))


def test_a_base_that_is_declared_without_a_relation_is_restated_without_one():
    fields = metadata(report(new=derived_from("someone/old", "unstated")))
    assert fields["base_model"] == "someone/old"
    assert "base_model_relation" not in fields


def test_bases_in_several_relations_are_left_to_the_text():
    model = derived_from("someone/old", "merge")
    several = model.model_copy(update={"lineage": (*model.lineage, *derived_from("else/other", "adapter").lineage)})
    made = card(portrait(several))
    assert "base_model" not in made.data.to_dict()
    assert "declares else/other as its base, with the relation adapter" in made.text


def test_doubts_about_declarations_are_told():
    assert "- **Doubt**: the card and the config name other bases" in card(checklist()).text


def test_a_base_that_weights_contradict_does_not():
    made = card(report(new=derived_from("someone/old"), weights=weighed("independent")))
    assert "base_model" not in made.data.to_dict()
    assert "declares someone/old as its base" in made.text
    assert "Weights of language-model: independent (the reason)." in made.text
    kept = metadata(report(new=derived_from("someone/old"), weights=weighed("inconclusive")))
    assert kept["base_model"] == "someone/old"


def test_shared_weights_alone_make_no_base():
    assert "base_model" not in metadata(report(weights=weighed("identical")))


def test_the_bases_of_a_merge():
    merged = derived_from("someone/old", "merge")
    merged = merged.model_copy(update={"lineage": (*merged.lineage, *derived_from("else/other", "merge").lineage)})
    fields = metadata(portrait(merged))
    assert fields["base_model"] == ["someone/old", "else/other"]
    assert fields["base_model_relation"] == "merge"


def test_an_ancestor_of_the_base_is_no_base():
    assert metadata(checklist())["base_model"] == "someone/old"


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("Apache-2.0", {"license": "apache-2.0"}),
        ("Llama 3.1 Community License", {"license": "llama3.1"}),
        ("gemma", {"license": "gemma"}),
        ("Solar Licence: v1", {"license": "other", "license_name": "solar-licence-v1"}),
        ("\n", {"license": "other", "license_name": "unnamed"}),
        (None, {}),
    ],
)
def test_licences_in_the_words_of_the_hub(name, fields):
    assert licence_fields(name) == fields


def test_the_words_of_the_hub_are_known_by_themselves():
    assert {licence_fields(key)["license"] for key in KEYS} == set(KEYS)


@pytest.mark.parametrize(
    ("facts", "tag"),
    [
        ({}, "text-generation"),
        ({"modalities": ["vision"]}, "image-text-to-text"),
        ({"modalities": ["vision", "audio"]}, "any-to-any"),
        ({"task_head": "masked-language-model"}, "fill-mask"),
        ({"task_head": "none"}, "feature-extraction"),
    ],
)
def test_the_task(facts, tag):
    assert metadata(portrait(entry(facts={**FACTS, **facts})))["pipeline_tag"] == tag


def test_a_head_that_says_nothing_has_no_task():
    assert "pipeline_tag" not in metadata(portrait(entry(facts={**FACTS, "task_head": "pre-training"})))


def test_the_text_has_sentence_table_claims_and_digest():
    text = card(checklist()).text
    assert "new is a mixture-of-experts transformer (`TinyForCausalLM`) of 2 layers with 1,000 parameters" in text
    assert "| vocabulary | 32,000 | 32,000 |" in text
    assert "- **refuted**: claim layers. reason of layers" in text
    assert "claim gguf" not in text, "what does not apply is left out"
    assert "1 of the review's questions has no answer yet." in text
    assert "Whose rights" not in text
    assert "- code: no" in text
    assert f"`{DIGEST}`" in text


def test_one_model_has_one_column():
    text = card(portrait()).text
    assert "| | new |\n|---|---:|\n" in text
    assert "quantised" not in text, "rows without a value are left out"


@pytest.mark.parametrize(
    ("nasty", "safe"),
    [
        ("a|b", r"a\|b"),
        ("<b>&", "&lt;b&gt;&amp;"),
        ("[x](y)", r"\[x\](y)"),
        ("`x` *y* _z_", r"\`x\` \*y\* \_z\_"),
        ("https://x.y www.x.y @all", "https&#58;//x.y www&#46;x.y &#64;all"),
        ("a\n# b", r"a\\n\# b"),
        ("$$x$$", r"\$\$x\$\$"),
    ],
)
def test_markup_is_text(nasty, safe):
    assert escaped(nasty) == safe


@settings(max_examples=25)
@given(hostile())
def test_hostile_texts_break_neither_metadata_nor_table(document):
    text = render(document, "model-card")
    made = ModelCard(text)
    assert set(made.data.to_dict()) <= {
        "license", "license_name", "pipeline_tag", "tags", "base_model", "base_model_relation",
    }  # fmt: skip
    assert yaml.safe_load(text.split("\n---\n")[0].removeprefix("---\n")) == made.data.to_dict()
    assert not re.search(r"(?<!&#58;)<(?!/?sub)", made.text), "no tag"
    bars = {len(re.findall(r"(?<!\\)\|", line)) for line in made.text.splitlines() if line.startswith("|")}
    assert len(bars) == 1, "as many cells in each row"
    assert made.text.count("\n## ") == 1
