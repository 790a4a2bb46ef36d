"""The acceptance cases: what must be reported of the disputed models, and of pairs whose relation is known."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache

import pytest

from archdiff.compare import compare
from archdiff.compare.changes import Place
from archdiff.graph import build_graph
from archdiff.packs import impact_of, load_rules, run
from archdiff.sources import resolve

RULES = load_rules()

# Sizes that Llama, the first release of Yi and Mistral can all be given; a config as each was published.
SIZES = {
    "hidden_size": 7168, "intermediate_size": 20480, "num_hidden_layers": 60, "num_attention_heads": 56,
    "num_key_value_heads": 8, "vocab_size": 64000, "max_position_embeddings": 4096, "rms_norm_eps": 1e-05,
    "rope_theta": 5000000.0, "hidden_act": "silu", "tie_word_embeddings": False, "torch_dtype": "bfloat16",
    "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": None,
}  # fmt: skip
SAME_SIZES = {
    "llama": SIZES | {"model_type": "llama", "architectures": ["LlamaForCausalLM"]},
    "yi": SIZES | {
        "model_type": "Yi", "architectures": ["YiForCausalLM"], "pad_token_id": 0,
        "auto_map": {"AutoConfig": "configuration_yi.YiConfig", "AutoModelForCausalLM": "modeling_yi.YiForCausalLM"},
    },
    "mistral": SIZES | {"model_type": "mistral", "architectures": ["MistralForCausalLM"], "sliding_window": None},
}  # fmt: skip

GPT_OSS = ("gpt-oss-120b", "solar-open-100b")
GLM = ("glm-4.5-air", "solar-open-100b")
UPSCALED = ("mistral-7b-v0.1", "solar-10.7b")
LONGER = ("llama-3-8b", "llama-3.1-8b")
EXPERTS = ("mistral-7b-v0.1", "mixtral-8x7b-v0.1")
YI = ("llama", "yi")
MISTRAL = ("mistral", "llama")
QUANTIZED = [("qwen3-30b-a3b", f"qwen3-30b-a3b-{kind}") for kind in ("fp8", "nvfp4")]
TUNED = [("deepseek-v3", "deepseek-r1"), ("qwen2.5-32b", "deepseek-r1-distill-qwen-32b")]
PAIRS = [GPT_OSS, GLM, UPSCALED, LONGER, EXPERTS, YI, MISTRAL, *QUANTIZED, *TUNED]


@pytest.fixture(scope="session")
def graph(tmp_path_factory, catalogue_graph):
    """Gives a graph by catalogue name, or by a name of `SAME_SIZES`."""

    @cache
    def by_name(name):
        if name not in SAME_SIZES:
            return catalogue_graph(name)
        path = tmp_path_factory.mktemp(name) / "config.json"
        path.write_text(json.dumps(SAME_SIZES[name]), encoding="utf-8")
        return build_graph(resolve(str(path)))

    return by_name


@pytest.fixture(scope="session")
def found(graph):
    """Gives every finding of a pair with its rule."""
    return cache(lambda old, new: run(RULES, compare(graph(old), graph(new))))


def ids(located, *impacts):
    """Ids of the rules that found something, or something of these impacts."""
    return {rule.id for rule, finding in located if not impacts or impact_of(rule, finding) in impacts}


MUST = {
    GPT_OSS: {
        "shared-experts-added", "hidden-size-changed", "layers-added", "experts-per-token-changed",
        "expert-width-changed", "expert-bias-changed", "router-scoring-changed", "router-bias-changed",
        "attention-sinks-changed", "attention-bias-changed", "attention-window-changed", "head-dimension-changed",
        "activation-changed", "rotary-base-changed", "rotary-scaling-changed", "vocabulary-resized",
        "quantization-changed",
    },
    GLM: {
        "dense-layers-removed", "layers-added", "query-heads-changed", "expert-width-changed",
        "attention-bias-changed", "rotary-fraction-changed", "rotary-scaling-changed", "vocabulary-resized",
        "prediction-heads-changed",
    },
}  # fmt: skip
MUST_NOT = {
    GPT_OSS: {
        "expert-count-changed", "norm-kind-changed", "query-heads-changed", "key-value-heads-changed",
        "unexplained-change",
    },
    GLM: {
        "shared-experts-added", "hidden-size-changed", "key-value-heads-changed", "experts-per-token-changed",
        "router-scoring-changed", "expert-count-changed", "unexplained-change",
    },
}  # fmt: skip


@pytest.mark.parametrize("pair", MUST, ids="→".join)
def test_the_dispute_is_reported_as_it_was_settled(found, pair):
    assert MUST[pair] <= ids(found(*pair))
    assert not MUST_NOT[pair] & ids(found(*pair))


ROWS = [
    (GPT_OSS, "shared-experts-added", "shared_experts.count", 0, 1, "0–35", "0–47"),
    (GPT_OSS, "shared-experts-added", "shared_experts.width", None, 1280, "0–35", "0–47"),
    (GPT_OSS, "hidden-size-changed", "hidden_size", 2880, 4096, None, None),
    (GPT_OSS, "layers-added", "layers", 36, 48, None, "36–47"),
    (GPT_OSS, "experts-per-token-changed", "experts.per_token", 4, 8, "0–35", "0–35"),
    (GPT_OSS, "expert-width-changed", "experts.width", 2880, 1280, "0–35", "0–35"),
    (GPT_OSS, "expert-bias-changed", "experts.bias", ("gate and up", "down"), (), "0–35", "0–35"),
    (GPT_OSS, "router-scoring-changed", "router.scoring", "softmax", "sigmoid", "0–35", "0–35"),
    (GPT_OSS, "router-scoring-changed", "router.scoring_order", "after top-k", "before top-k", "0–35", "0–35"),
    (GPT_OSS, "router-bias-changed", "router.bias", ("projection",), ("score-correction",), "0–35", "0–35"),
    (GPT_OSS, "attention-sinks-changed", "attention.sinks", True, False, "0–35", "0–35"),
    (GPT_OSS, "attention-bias-changed", "attention.bias", ("query", "key", "value", "output"), (), "0–35", "0–35"),
    (GPT_OSS, "attention-window-changed", "attention.window", 128, None, "0,2,…,34", "0,2,…,34"),
    (GPT_OSS, "head-dimension-changed", "attention.head_dimension", 64, 128, "0–35", "0–35"),
    (GPT_OSS, "rotary-base-changed", "rotary.base", 150_000, 1_000_000, "0–35", "0–35"),
    (GPT_OSS, "rotary-scaling-changed", "rotary.scaling.factor", 32, 2, "0–35", "0–35"),
    (GPT_OSS, "rotary-scaling-changed", "rotary.scaling.original_context", 4096, 65_536, "0–35", "0–35"),
    (GPT_OSS, "vocabulary-resized", "vocabulary", 201_088, 196_608, None, None),
    (GPT_OSS, "quantization-changed", "quantization.method", "mxfp4", None, None, None),
    (GLM, "dense-layers-removed", "feed_forward.kind", "dense", "moe", "0", "0"),
    (GLM, "dense-layers-removed", "mlp.width", 10_944, None, "0", "0"),
    (GLM, "layers-added", "layers", 46, 48, None, "46–47"),
    (GLM, "query-heads-changed", "attention.query_heads", 96, 64, "0–45", "0–45"),
    (GLM, "expert-width-changed", "experts.width", 1408, 1280, "1–45", "1–45"),
    (GLM, "attention-bias-changed", "attention.bias", ("query", "key", "value"), (), "0–45", "0–45"),
    (GLM, "rotary-fraction-changed", "rotary.fraction", 0.5, 1, "0–45", "0–45"),
    (GLM, "rotary-scaling-changed", "rotary.scaling.kind", None, "yarn", "0–45", "0–45"),
    (GLM, "vocabulary-resized", "vocabulary", 151_552, 196_608, None, None),
    (GLM, "prediction-heads-changed", "prediction_heads.count", 1, 0, None, None),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0][0]}:{row[2]}")
def test_a_finding_has_its_values_and_its_layers(found, row):
    pair, rule_id, fact, old, new, old_layers, new_layers = row
    stated = [finding for rule, finding in found(*pair) if rule.id == rule_id and fact in finding.facts]
    (finding,) = stated
    assert finding.facts[fact] == (old, new)
    assert (layers(finding.old), layers(finding.new)) == (old_layers, new_layers)


def layers(place):
    """The layers of a place, folded; None outside of layers."""
    return Place("*", place.layers).text if place is not None and place.layers else None


def test_one_shared_expert_in_each_of_the_48_layers(found):
    (finding,) = [finding for rule, finding in found(*GPT_OSS) if rule.id == "shared-experts-added"]
    assert finding.new.layers == tuple(range(48))
    assert finding.parameters == 36 * 3 * 4096 * 1280, "those in the 12 layers that came are counted there"


@pytest.mark.parametrize("pair", TUNED, ids="→".join)
def test_other_weights_are_no_other_architecture(found, pair):
    assert ids(found(*pair), "breaking", "behavioral") == set()


def test_a_longer_context(found):
    assert ids(found(*LONGER)) == {"rotary-scaling-changed", "context-length-changed"}
    assert ids(found(*LONGER), "breaking") == set()


def test_a_depth_upscaled_model_has_more_layers_and_nothing_else_that_breaks(found):
    assert ids(found(*UPSCALED), "breaking") == {"layers-added"}
    (finding,) = [finding for rule, finding in found(*UPSCALED) if rule.id == "layers-added"]
    assert finding.facts["layers"] == (32, 48)
    assert len(finding.new.layers) == 16


def test_a_mixture_made_of_a_dense_model(found):
    assert "experts-added" in ids(found(*EXPERTS), "breaking")
    (finding,) = [finding for rule, finding in found(*EXPERTS) if rule.id == "experts-added"]
    assert finding.facts["experts.count"][1] == 8
    assert layers(finding.new) == "0–31"


def test_llama_under_the_names_of_yi(found):
    assert ids(found(*YI)) == {"same-architecture-renamed", "tensors-renamed", "remote-code-required"}
    (finding,) = [finding for rule, finding in found(*YI) if rule.id == "tensors-renamed"]
    old, new = finding.facts["names"]
    assert old == ("model.layers.*.input_layernorm", "model.layers.*.post_attention_layernorm")
    assert new == ("model.layers.*.ln1", "model.layers.*.ln2")


def test_mistral_without_a_window_is_llama(found):
    assert ids(found(*MISTRAL)) == {"same-architecture-renamed"}


@pytest.mark.parametrize("pair", QUANTIZED, ids="→".join)
def test_a_quantized_release_differs_in_that_alone(found, pair):
    assert ids(found(*pair)) == {"quantization-changed"}


@pytest.mark.parametrize("pair", PAIRS, ids="→".join)
def test_everything_that_differs_is_explained(found, pair):
    assert "unexplained-change" not in ids(found(*pair))


def told(located, *, swapped):
    """Findings as values; swapped, those that the mirrored rules would give for the models the other way round."""
    rows = (
        (
            rule.mirror if swapped else rule.id,
            sorted((fact, values[::-1] if swapped else values) for fact, values in finding.facts.items()),
            -finding.parameters if swapped else finding.parameters,
            (finding.new, finding.old) if swapped else (finding.old, finding.new),
        )
        for rule, finding in located
    )
    return sorted(rows, key=repr)


@pytest.mark.parametrize("pair", PAIRS, ids="→".join)
def test_the_other_way_round_everything_is_mirrored(found, pair):
    assert told(found(*pair[::-1]), swapped=False) == told(found(*pair), swapped=True)


@pytest.mark.parametrize("name", sorted({name for pair in PAIRS for name in pair}))
def test_a_model_does_not_differ_from_itself(found, name):
    assert found(name, name) == ()


WRITE = """
import sys
from archdiff import diff, render_report
sys.stdout.buffer.write(render_report(diff(*sys.argv[1:]), "json").encode())
"""


def report_of(pair, seed):
    """The JSON report, from a process of its own."""
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    return subprocess.run([sys.executable, "-c", WRITE, *pair], env=environment, capture_output=True, check=True).stdout


def test_two_processes_write_the_same_bytes():
    first, second = report_of(GLM, "1"), report_of(GLM, "4711")
    assert first == second
    assert json.loads(first)["findings"]
