"""Published models, compared: what must be reported of each pair, and what must not."""

from __future__ import annotations

from functools import cache

import pytest

from archdiff.compare import compare
from archdiff.graph import build_graph
from archdiff.packs import run
from archdiff.sources import resolve
from tests.archdiff_rules.corpus import RULES

GPT_OSS = ("gpt-oss-120b", "solar-open-100b")
GLM = ("glm-4.5-air", "solar-open-100b")

MUST = {
    GPT_OSS: """
        activation-changed attention-bias-changed attention-sinks-changed attention-window-changed expert-bias-changed
        expert-width-changed experts-per-token-changed head-dimension-changed hidden-size-changed layers-added
        quantization-changed rotary-base-changed rotary-scaling-changed router-bias-changed router-scoring-changed
        shared-experts-added vocabulary-resized
    """,
    GLM: """
        attention-bias-changed dense-layers-removed expert-width-changed layers-added prediction-heads-changed
        query-heads-changed rotary-fraction-changed rotary-scaling-changed vocabulary-resized
    """,
    ("mistral-7b-v0.1", "mixtral-8x7b-v0.1"): "experts-added",
    ("mistral-7b-v0.1", "solar-10.7b"): "layers-added",
    ("llama-4-scout-17b-16e", "llama-4-maverick-17b-128e"): "dense-layers-added expert-count-changed",
    ("glm-4.5", "glm-4.5-air"): "dense-layers-removed layers-removed router-scaling-changed hidden-size-changed",
    ("qwen3-30b-a3b", "qwen3-next-80b-a3b"): "mixer-replaced layer-pattern-changed shared-experts-added",
    ("deepseek-v3", "kimi-k2"): "dense-layers-removed expert-count-changed router-groups-changed",
    ("qwen3-8b", "qwen3-vl-8b"): "modality-added tensors-renamed rotary-base-changed",
    ("phi-2", "phi-3-mini-4k"): "mlp-gating-changed mlp-bias-changed norm-kind-changed residual-wiring-changed",
}

MUST_NOT = {
    GPT_OSS: "expert-count-changed norm-kind-changed query-heads-changed key-value-heads-changed dense-layers-removed",
    GLM: """
        shared-experts-added hidden-size-changed key-value-heads-changed experts-per-token-changed
        router-scoring-changed expert-count-changed experts-added layer-pattern-changed
    """,
    ("mistral-7b-v0.1", "mixtral-8x7b-v0.1"): "dense-layers-removed layer-pattern-changed mlp-width-changed",
    ("mistral-7b-v0.1", "solar-10.7b"): "layer-pattern-changed hidden-size-changed",
    ("llama-4-scout-17b-16e", "llama-4-maverick-17b-128e"): "experts-removed layer-pattern-changed",
    ("glm-4.5", "glm-4.5-air"): "experts-removed",
    ("qwen3-30b-a3b", "qwen3-next-80b-a3b"): "layers-added layers-removed experts-added",
    ("deepseek-v3", "kimi-k2"): "layers-added layers-removed hidden-size-changed",
    ("qwen3-8b", "qwen3-vl-8b"): "unexplained-change layers-added embedding-scaling-changed",
    ("phi-2", "phi-3-mini-4k"): "layers-added experts-added",
}

cached_graph = cache(lambda name: build_graph(resolve(name)))


@cache
def messages(old, new):
    """What is found, by rule."""
    found = run(tuple(RULES.values()), compare(cached_graph(old), cached_graph(new)))
    return {rule.id: [f.message for r, f in found if r is rule] for rule, _ in found}


@pytest.mark.parametrize("pair", MUST, ids="→".join)
def test_what_must_be_reported(pair):
    assert set(MUST[pair].split()) <= messages(*pair).keys()


@pytest.mark.parametrize("pair", MUST_NOT, ids="→".join)
def test_what_must_not_be_reported(pair):
    assert not set(MUST_NOT[pair].split()) & messages(*pair).keys()


@pytest.mark.parametrize(
    ("pair", "rule_id", "said"),
    [
        (GPT_OSS, "shared-experts-added", "one shared expert of width 1,280 added to each of 48 layers"),
        (GPT_OSS, "layers-added", "36 → 48 layers: 12 added"),
        (GPT_OSS, "experts-per-token-changed", "4 → 8"),
        (GPT_OSS, "router-scoring-changed", "softmax → sigmoid"),
        (GPT_OSS, "activation-changed", "clamped at 7"),
        (GLM, "dense-layers-removed", "dense feed-forward of width 10,944 → 128 routed experts of width 1,280"),
        (GLM, "dense-layers-removed", "in layer 0"),
        (GLM, "expert-width-changed", "1,408 → 1,280"),
        (GLM, "layers-added", "46 → 48 layers: 2 added"),
        (("glm-4.5", "glm-4.5-air"), "dense-layers-removed", "2 dense layers of width 12,288 dropped"),
    ],
)
def test_what_is_said_of_it(pair, rule_id, said):
    assert any(said in message for message in messages(*pair)[rule_id])


@pytest.mark.parametrize("pair", MUST, ids="→".join)
def test_the_other_way_round_the_mirrors_fire(pair):
    old, new = pair
    mirrored = {RULES[rule_id].mirror for rule_id in messages(old, new)}
    assert messages(new, old).keys() == mirrored


@pytest.mark.parametrize("name", sorted({name for pair in MUST for name in pair}))
def test_a_model_does_not_differ_from_itself(name):
    assert messages(name, name) == {}
