"""Weights without a config: a graph from names and shapes, that agrees with the one that their config builds."""

from __future__ import annotations

import pytest

from archdiff.api import build, check
from archdiff.compare import compare
from archdiff.errors import SourceError
from archdiff.graph.bare import bare_graph
from archdiff.graph.schema import ModelGraph
from archdiff.sources.headers import Shipped
from archdiff.sources.source import Origin, bare
from tests.archdiff.graph.test_loading import saved
from tests.archdiff.graph.tiny import graph_of
from tests.archdiff.sources.weights import file_of, sharded

FAMILIES = [
    "llama", "mistral", "qwen2", "qwen3", "smollm3", "olmo2", "phi3", "gemma2", "nemotron", "starcoder2", "glm",
    "qwen2_moe", "qwen3_moe", "gpt_oss", "glm4_moe", "solar_open", "deepseek_v2", "deepseek_v3", "llama4", "jamba",
    "qwen3_next", "falcon", "phi", "gpt2", "gptj", "bloom", "opt",
]  # fmt: skip


def graph_from(*tensors):
    shipped = tuple(Shipped(name, shape, "bfloat16") for name, shape in tensors)
    return bare_graph(bare("m", "m", Origin(shipped=shipped)))


@pytest.mark.parametrize("family", FAMILIES)
def test_nothing_breaks_between_weights_and_their_config(family, tmp_path):
    saved(family, tmp_path)
    (tmp_path / "config.json").unlink()
    graph, built = build(check(str(tmp_path))), graph_of(family)
    assert graph.parameters == built.parameters
    for sides in ((graph, built), (built, graph)):
        comparison = compare(*sides)
        assert not [change for change in comparison.changes if change.impact == "breaking" and not change.inert]
    stated = {key: dict(node.facts) for key, node in graph.nodes.items() if node.facts}
    assert len(stated) == 1 + sum(map(len, built.stacks.values()))
    for key, facts in stated.items():
        assert {name: built.nodes[key].facts.get(name) for name in facts} == facts


def test_what_it_says_of_itself(tmp_path):
    saved("llama", tmp_path)
    (tmp_path / "config.json").unlink()
    (tmp_path / "README.md").write_text("---\nlicense: mit\n---\n")
    graph = build(check(str(tmp_path)))
    assert (graph.source["kind"], graph.source["licence"], graph.name) == ("weights", "mit", tmp_path.name)
    assert "function" in graph.not_checked[0]
    assert not [node for node in graph.nodes.values() if node.function is not None]
    assert ModelGraph.from_json(graph.to_json()) == graph


def test_one_file_is_a_reference(tmp_path):
    path = tmp_path / "some.safetensors"
    path.write_bytes(file_of({"model.embed_tokens.weight": ("BF16", (50, 8)), "model.norm.weight": ("BF16", (8,))}))
    graph = build(check(str(path)))
    assert (graph.name, graph.parameters) == ("some.safetensors", 408)
    assert dict(graph.nodes[""].facts)["hidden_size"] == 8
    assert [graph.nodes[key].role for key in ("model.embed_tokens", "model.norm")] == ["embedding", "final-norm"]


def test_the_digest_is_of_names_shapes_and_types_however_they_are_sharded(tmp_path):
    tensors = {"a.weight": ("BF16", (2,)), "b.weight": ("F32", (3,))}
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "model.safetensors").write_bytes(file_of(tensors))
    (tmp_path / "two").mkdir()
    sharded(tmp_path / "two", *({name: tensor} for name, tensor in tensors.items()))
    one, two = (check(str(tmp_path / name)) for name in ("one", "two"))
    assert one.digest == two.digest
    (tmp_path / "one" / "model.safetensors").write_bytes(file_of(tensors | {"a.weight": ("F16", (2,))}))
    assert check(str(tmp_path / "one")).digest != one.digest


def expert(number, part, shape, stack="experts"):
    return f"layers.0.mlp.{stack}.{number}.{part}.weight", shape


def test_experts_are_told_as_one_tensor():
    parts = [expert(n, p, (4, 8)) for n in range(12) for p in ("gate_proj", "up_proj")]
    graph = graph_from(*parts, *(expert(n, "down_proj", (8, 4)) for n in range(12)))
    tensors = {tensor.name: tensor.shape for tensor in graph.nodes["layers.0.mlp.experts"].tensors}
    assert tensors == {"gate_up_proj": (12, 8, 8), "down_proj": (12, 8, 4)}


@pytest.mark.parametrize(
    "odd", [expert(1, "up_proj", (5, 8)), expert(7, "up_proj", (4, 8)), expert(1, "up_proj.more", (4, 8))]
)
def test_experts_that_are_not_alike_stay_apart(odd):
    graph = graph_from(expert(0, "up_proj", (4, 8)), odd)
    assert graph.nodes["layers.0.mlp.experts"].tensors == ()
    assert graph.parameters == sum(tensor.count for node in graph.nodes.values() for tensor in node.tensors)


def test_layers_stand_in_the_order_of_their_numbers():
    graph = graph_from(*((f"layers.{number}.norm.weight", (4,)) for number in range(12)))
    assert graph.stacks == {"layers": tuple(f"layers.{number}" for number in range(12))}


@pytest.mark.parametrize("numbers", [(1, 2), (0, 2), (0, 10)])
def test_a_list_with_gaps_is_no_stack(numbers):
    assert graph_from(*((f"layers.{number}.norm.weight", (4,)) for number in numbers)).stacks == {}


def test_tensors_without_a_module():
    graph = graph_from(("scale", (3,)), ("scale.weight", (2,)))
    assert [tensor.name for tensor in graph.nodes[""].tensors] == ["scale"]
    assert graph.parameters == 5


@pytest.mark.parametrize("name", ["a..b", ".a", "a.", "a#b.weight", "*.weight", "a\x1b[2J.weight", ".".join("a" * 40)])
def test_a_name_that_no_module_can_have_is_refused(tmp_path, name):
    (tmp_path / "model.safetensors").write_bytes(file_of({name: ("U8", (1,))}))
    with pytest.raises(SourceError, match="a name that no module's tensor can have") as caught:
        check(str(tmp_path))
    assert str(caught.value).isprintable()


def mixture(module, parts=("w1", "w2", "w3")):
    return [(f"layers.0.{module}.experts.{n}.{part}.weight", (4, 4)) for n in range(3) for part in parts]


def test_mixtrals_mixture_has_the_name_that_transformers_gives_it():
    graph = graph_from(*mixture("block_sparse_moe"), ("layers.0.block_sparse_moe.gate.weight", (3, 4)))
    assert {"layers.0.mlp", "layers.0.mlp.experts", "layers.0.mlp.gate"} <= graph.nodes.keys()
    assert not [key for key in graph.nodes if "block_sparse_moe" in key]


@pytest.mark.parametrize(
    "tensors",
    [
        mixture("block_sparse_moe", ("up_proj", "down_proj")),
        [("layers.0.block_sparse_moe.output_linear.weight", (3, 4, 4))],
        [*mixture("block_sparse_moe"), ("layers.0.mlp.gate.weight", (3, 4))],
    ],
)
def test_another_mixture_keeps_its_name(tensors):
    assert "layers.0.block_sparse_moe" in graph_from(*tensors).nodes
