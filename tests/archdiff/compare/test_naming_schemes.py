"""One architecture under the names of several schemes: checkpoints of all of them are read as the same model."""

from __future__ import annotations

import json
import re
from functools import cache

import pytest

import archdiff
from archdiff.errors import SnapshotError
from archdiff.graph import build_graph
from archdiff.graph.build import instantiate
from archdiff.graph.published import published_names, respelled
from archdiff.graph.schema import ModelGraph
from tests.archdiff.graph.test_loading import saved
from tests.archdiff.graph.tiny import CONFIGS, LLAVA, config_of, graph_of, source_of
from tests.archdiff.sources.weights import file_of

PER_EXPERT = ["mixtral", "phimoe", "qwen2_moe", "qwen3_moe", "glm4_moe", "solar_open", "deepseek_v2", "deepseek_v3",
              "qwen3_next", "jamba"]  # fmt: skip
UNTOLD = {"dtype-changed", "layer-pattern-changed"}
"""What names and shapes cannot tell: the type that a config states, and windows."""


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Names and shapes of what transformers saves of a family, under the names of its checkpoints."""

    @cache
    def of(family, **changes):
        return {t.name: t.shape for t in saved(family, tmp_path_factory.mktemp(family), **changes)}

    return of


def held(family):
    """Names and shapes under which the class itself holds the same tensors."""
    model = instantiate(config_of(family), family).model
    tied = getattr(model, "all_tied_weights_keys", None) or {}
    return {name: tuple(tensor.shape) for name, tensor in model.state_dict().items() if name not in tied}


@pytest.fixture
def checkpoint(tmp_path):
    """Writes a directory of weights, with their config or without one."""
    made = iter(range(9))

    def write(tensors, config=None):
        folder = tmp_path / str(next(made))
        folder.mkdir()
        (folder / "model.safetensors").write_bytes(file_of({n: ("BF16", shape) for n, shape in tensors.items()}))
        if config is not None:
            (folder / "config.json").write_text(json.dumps(config))
        return str(folder)

    return write


def spelled(tensors, *rules):
    """The tensors under other names: each rule is a regular expression and what replaces it, in order."""
    for pattern, text in rules:
        tensors = {re.sub(pattern, text, name): shape for name, shape in tensors.items()}
    return tensors


def rules_of(old, new):
    return {finding.rule for finding in archdiff.diff(old, new, cached=False).findings}


def breaking(old, new):
    found = archdiff.diff(old, new, cached=False)
    return [change.message for change in found.findings if change.impact == "breaking"]


# ---- experts one by one and fused


@pytest.mark.parametrize("family", PER_EXPERT)
def test_experts_stored_one_by_one_are_those_of_the_fused_class(family, published, checkpoint):
    apart, fused, config = published(family), held(family), config_of(family)
    assert any(re.search(r"experts\.\d+\.", name) for name in apart)
    assert not any(re.search(r"experts\.\d+\.", name) for name in fused)
    for tensors in (apart, fused):
        graph = archdiff.load(checkpoint(tensors, config), cached=False)
        assert (graph.shipped["missing"], graph.shipped["unexpected"], graph.shipped["misshapen"]) == ((), (), ())
        for pair in ((checkpoint(tensors), graph), (graph, checkpoint(tensors))):
            assert rules_of(*pair) <= UNTOLD


@pytest.mark.parametrize("family", [*(family for family in PER_EXPERT if family != "phimoe"), "granitemoe"])
def test_two_checkpoints_of_one_model_are_equal_without_a_config(family, published, checkpoint):
    report = archdiff.diff(checkpoint(published(family)), checkpoint(held(family)), cached=False)
    assert (len(report.findings), len(report.changes)) == (0, 0)


@pytest.mark.parametrize("family", sorted(CONFIGS))
def test_weights_without_a_config_are_what_their_class_loads(family, published, checkpoint):
    bare = checkpoint(published(family))
    assert breaking(bare, graph_of(family)) == []
    assert breaking(graph_of(family), bare) == []


def test_the_score_correction_of_a_router_is_told_from_its_bias(published, checkpoint):
    tensors = published("deepseek_v3")
    assert any(name.endswith("mlp.gate.e_score_correction_bias") for name in tensors)
    other = spelled(tensors, ("e_score_correction_bias", "bias"))
    assert breaking(checkpoint(other), graph_of("deepseek_v3"))


# ---- names of before


def test_gpt2_without_the_prefix_of_its_base_model(published, checkpoint):
    assert {"transformer.wte.weight"} <= published("gpt2").keys()
    old = spelled(published("gpt2"), (r"^transformer\.", "")) | {f"h.{n}.attn.bias": (1, 1, 128, 128) for n in range(3)}
    graph = archdiff.load(checkpoint(old, config_of("gpt2")), cached=False)
    assert (graph.shipped["missing"], graph.shipped["unexpected"], graph.shipped["misshapen"]) == ((), (), ())
    assert rules_of(checkpoint(old), graph) <= UNTOLD


def test_norms_with_gamma_and_beta(published, checkpoint):
    old = spelled(
        published("bert"), (r"LayerNorm\.weight$", "LayerNorm.gamma"), (r"LayerNorm\.bias$", "LayerNorm.beta")
    )
    assert any(name.endswith(".gamma") for name in old)
    graph = archdiff.load(checkpoint(old, config_of("bert")), cached=False)
    assert (graph.shipped["missing"], graph.shipped["unexpected"]) == ((), ())
    assert rules_of(checkpoint(old), graph) <= UNTOLD
    assert not archdiff.diff(checkpoint(old), checkpoint(published("bert")), cached=False).changes


def test_a_tied_head_that_is_shipped_or_absent(published, checkpoint):
    tied = {"tie_word_embeddings": True}
    tensors = published("llama", **tied)
    assert "lm_head.weight" not in tensors
    for shipped in (tensors, tensors | {"lm_head.weight": (160, 48)}):
        graph = archdiff.load(checkpoint(shipped, config_of("llama", **tied)), cached=False)
        assert (graph.shipped["missing"], graph.shipped["unexpected"]) == ((), ())
    assert breaking(checkpoint(tensors), graph) == []


VISION_LANGUAGE = {
    "2023": ((r"^model\.language_model\.", "language_model.model."), ("^lm_head", "language_model.lm_head"),
             (r"^model\.vision_tower\.", "vision_tower.vision_model."), (r"^model\.multi", "multi")),
    "2025": ((r"^model\.language_model\.", "model.language_model."),),
}  # fmt: skip


@pytest.mark.parametrize("scheme", VISION_LANGUAGE)
def test_a_vision_language_model_under_old_and_new_names(scheme, checkpoint):
    model = instantiate(LLAVA, "llava").model
    own = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    tensors = spelled(own, *VISION_LANGUAGE[scheme])
    assert (tensors.keys() == own.keys()) is (scheme == "2025")
    graph = archdiff.load(checkpoint(tensors, LLAVA), cached=False)
    assert (graph.shipped["missing"], graph.shipped["unexpected"]) == ((), ())
    report = archdiff.diff(checkpoint(tensors), graph, cached=False)
    assert {finding.rule for finding in report.findings} <= UNTOLD
    told = [note for note in report.old.notes if "LlavaForConditionalGeneration gives them" in note]
    assert bool(told) is (scheme == "2023")


def test_old_and_new_names_without_a_class_are_renamed_tensors_and_nothing_else(checkpoint):
    own = {name: tuple(tensor.shape) for name, tensor in instantiate(LLAVA, "llava").model.state_dict().items()}
    old = checkpoint(spelled(own, *VISION_LANGUAGE["2023"]))
    assert rules_of(old, checkpoint(own)) == rules_of(checkpoint(own), old) == {"tensors-renamed"}


def test_no_two_tensors_get_one_name():
    both = ["x.LayerNorm.gamma", "x.LayerNorm.weight"]
    assert respelled(both) == dict(zip(both, both, strict=True))


def test_a_class_of_its_own_names_has_none_to_publish():
    assert published_names(instantiate(config_of("llama"), "llama").model) == {}
    assert not graph_of("llama").published
    assert graph_of("gpt_neox").published == {"embed_out.weight": "lm_head.weight"}


def test_a_saved_graph_keeps_them_and_refuses_others():
    document = json.loads(json.dumps(graph_of("gpt_neox").to_json()))
    assert ModelGraph.from_json(document).published == graph_of("gpt_neox").published
    document["graph"]["published"] = {"embed_out.weight": 1}
    with pytest.raises(SnapshotError, match="published"):
        ModelGraph.from_json(document)


# ---- first releases


def test_yi_is_llama_with_two_tensors_renamed(published, checkpoint):
    tensors = spelled(published("llama"), (r"\.input_layernorm\.", ".ln1."), (r"post_attention_layernorm", "ln2"))
    yi = config_of("llama", model_type="Yi", architectures=["YiForCausalLM"])
    graph = archdiff.load(checkpoint(tensors, yi), cached=False)
    assert (graph.shipped["missing"], graph.shipped["unexpected"]) == ((), ())
    assert rules_of(checkpoint(tensors), graph) <= UNTOLD
    for old in (checkpoint(tensors), graph):
        found = archdiff.diff(old, graph_of("llama"), cached=False)
        (renamed,) = [finding for finding in found.findings if finding.rule == "tensors-renamed"]
        assert "`model.layers.*.ln1` → `model.layers.*.input_layernorm`" in renamed.message
        assert "`model.layers.*.ln2` → `model.layers.*.post_attention_layernorm`" in renamed.message


FALCON = {
    "alibi": False, "apply_residual_connection_post_layernorm": False, "bias": False, "hidden_size": 64,
    "layer_norm_epsilon": 1e-5, "vocab_size": 160, "parallel_attn": True,
}  # fmt: skip
FIRST = FALCON | {"architectures": ["RWForCausalLM"], "n_layer": 2, "n_head": 4}
CLASS = FALCON | {"model_type": "falcon", "architectures": ["FalconForCausalLM"], "num_hidden_layers": 2,
                  "num_attention_heads": 4}  # fmt: skip
SEVEN, FORTY = {"multi_query": True}, {"n_head_kv": 2}


@pytest.mark.parametrize(
    ("first", "later"),
    [
        (FIRST | SEVEN | {"model_type": "RefinedWebModel"}, CLASS | SEVEN | {"new_decoder_architecture": False}),
        (FIRST | FORTY | {"model_type": "RefinedWeb"}, CLASS | {"num_kv_heads": 2, "new_decoder_architecture": True}),
    ],
    ids=["7B", "40B"],
)
def test_the_first_release_of_falcon_is_the_class_that_followed(first, later):
    remote = first | {"auto_map": {"AutoModelForCausalLM": "modelling_RW.RWForCausalLM"}}
    old, new = build_graph(source_of(remote)), build_graph(source_of(later))
    assert rules_of(old, new) == {"same-architecture-renamed", "remote-code-required"}
    assert {change.kind for change in archdiff.diff(old, new).changes} == {"model-changed"}
    assert any("first-release Falcon" in note for note in old.notes)


@pytest.mark.corpus
def test_the_published_config_of_falcon_is_that_of_the_catalogue(corpus):
    published = corpus / "tiiuae__falcon-40b.json"
    assert "RefinedWeb" in published.read_text()
    assert rules_of("falcon-40b", str(published)) == {"same-architecture-renamed", "remote-code-required"}


# ---- packed and transposed projections

SPLIT = {"head_dim": None, "pad_token_id": 0}


def test_packed_projections_are_another_layout_and_nothing_else(published, checkpoint):
    llama, phi3 = graph_of("llama", **SPLIT), graph_of("phi3")
    assert rules_of(llama, phi3) - {"same-architecture-renamed"} == {"checkpoint-layout-changed"}
    assert rules_of(phi3, llama) - {"same-architecture-renamed"} == {"checkpoint-layout-changed"}
    bare = checkpoint(published("llama", **SPLIT))
    assert rules_of(bare, checkpoint(published("phi3"))) == {"checkpoint-layout-changed"}
    assert rules_of(bare, phi3) - UNTOLD == {"checkpoint-layout-changed"}


@pytest.mark.parametrize("family", ["gpt2", "phi3", "falcon", "bloom", "gpt_neox", "gpt_oss"])
def test_packed_and_transposed_tensors_have_the_axes_of_their_class(family, published, checkpoint):
    graph, built = archdiff.load(checkpoint(published(family)), cached=False), graph_of(family)
    axes = {key: {t.name: t.axes for t in node.tensors} for key, node in graph.nodes.items() if node.tensors}
    own = {key: {t.name: t.axes for t in node.tensors if t.persistent} for key, node in built.nodes.items()}
    packed = [key for key in axes if built.nodes.get(key) and built.nodes[key].role in PACKED]
    assert packed
    assert [axes[key] for key in packed] == [own[key] for key in packed]


PACKED = ("query-key-value", "gate-up", "up", "down", "output", "expert")
