"""The zoo's table keeps what it says, and what it says is enough; `python -m tests.zoo` writes it anew."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
import transformers

from tests.zoo import table
from tests.zoo.census import kinds
from tests.zoo.measure import measure
from tests.zoo.table import CAUSAL, totals, wanted_roles

VERSION, ROWS = table.read()
EXCEPTIONS = tomllib.loads(Path(__file__).with_name("exceptions.toml").read_text(encoding="utf-8"))

SUBSET = (
    "bert", "bloom", "clip_text_model", "convnext", "deepseek_v3", "distilbert", "dpr", "electra", "falcon",
    "gemma2", "gemma3", "gpt2", "gpt_neox", "gpt_oss", "hubert", "llama", "llava", "mamba2", "mixtral",
    "mobilevit", "mt5", "olmo2", "opt", "phi3", "qwen2_moe", "qwen3", "qwen3_vl", "resnet", "roberta", "rwkv",
    "siglip_vision_model", "swin", "t5", "vit", "wav2vec2", "whisper", "xlnet",
    # each is traced by an input or an assumption of its own
    "dia", "gemma4_audio", "jetmoe", "kyutai_speech_to_text", "maskformer", "musicgen", "reformer", "sam2", "xmod",
)  # fmt: skip
"""Types of every kind that build in a second or two; the whole zoo takes minutes."""

needs_version = pytest.mark.skipif(
    transformers.__version__ != VERSION, reason=f"the table was measured with transformers {VERSION}"
)


@needs_version
@pytest.mark.parametrize("model_type", SUBSET)
def test_a_type_keeps_its_row(model_type):
    known, found = ROWS[model_type], measure(model_type)
    assert (found.built, found.traced, found.silent) == (known.built, known.traced, known.silent)
    assert found.roles >= known.roles
    assert found.ran >= known.ran


@needs_version
def test_the_table_holds_every_type():
    assert {name: row.kind for name, row in ROWS.items()} == kinds()


def test_the_subset_covers_every_kind():
    assert {ROWS[name].kind for name in SUBSET} >= {row.kind for row in ROWS.values()} - {
        "AutoModelForMultimodalLM", "AutoModelForSpeechSeq2Seq", "AutoModelForPreTraining",
    }  # fmt: skip


def falls_short(row):
    """What of the goal the type misses: keys of the lists of exceptions."""
    if row.built != "yes":
        return set() if row.built.startswith("transformers: ") else {"built"}
    found = {"traced": row.traced != "yes", "roles": row.roles < wanted_roles(row), "silent": row.silent != "yes"}
    return {name for name, missed in found.items() if missed}


@pytest.mark.parametrize("goal", ["built", "traced", "roles", "silent"])
def test_every_type_that_falls_short_is_listed_with_a_reason(goal):
    short = {row.model_type for row in ROWS.values() if goal in falls_short(row)}
    listed = EXCEPTIONS.get(goal, {})
    assert short == set(listed)
    assert all(len(reason.split()) > 3 for reason in listed.values())


def test_the_totals_meet_the_goal():
    causal = totals(row for row in ROWS.values() if row.kind == CAUSAL)
    every = totals(ROWS.values())
    assert every.built == every.buildable >= 558
    assert causal.built == causal.buildable >= 173
    assert causal.traced >= 174
    assert every.silent == every.built
