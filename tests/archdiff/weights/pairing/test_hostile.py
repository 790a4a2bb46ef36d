"""Checkpoints that lie: whatever shapes and names headers tell, an element is in one unit or its tensor in none."""

from __future__ import annotations

import dataclasses
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archdiff.weights.pairing import pair_units, units_of
from archdiff.weights.pairing.follow import convert
from archdiff.weights.tensors import Meaning
from tests.archdiff.weights.pairing.tiny import config_of, elements, saved, times_read
from tests.oracle.decide import graph_of

FAMILIES = ("llama", "gpt2", "gpt_neox", "qwen3_moe", "gpt_oss", "deepseek_v3", "phi3", "llava", "jetmoe", "dbrx")
SIZES = st.integers(0, 7)
SHAPES = st.lists(SIZES, max_size=5).map(tuple)


class Headers:
    """`Tensors` of which only names and shapes are known."""

    def __init__(self, shapes, unread=()):
        self.subject, self.unread = "headers", dict.fromkeys(unread, "not known")
        self.meanings = {name: Meaning(name, tuple(shape), "bfloat16") for name, shape in sorted(shapes.items())}


def shapes_of(family):
    return {name: meaning.shape for name, meaning in saved(family).tensors.meanings.items()}


def assert_tiled(tensors, units):
    counts = times_read(tensors, units)
    lost = {
        n: set(times) for n, times in counts.items() if len(times) and set(times) != {int(n not in units.unclaimed)}
    }
    assert lost == {}
    for unit in units.units:
        assert unit.regions
        assert all(region.stop <= tensors.meanings[region.tensor].count for region in unit.regions)


@settings(max_examples=12, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("family", FAMILIES)
def test_any_shapes_are_units_or_unclaimed(family, data):
    shapes = shapes_of(family)
    names = data.draw(st.lists(st.sampled_from(sorted(shapes)), min_size=1, max_size=4, unique=True))
    shapes |= {name: data.draw(SHAPES) for name in names}
    tensors = Headers(shapes)

    assert_tiled(tensors, units_of(saved(family).graph, tensors))


@settings(max_examples=12, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("family", ["qwen3_moe", "gpt2", "llava"])
def test_any_names_are_units_or_unclaimed(family, data):
    shapes = shapes_of(family)
    known = sorted(shapes)
    for name in data.draw(st.lists(st.sampled_from(known), min_size=1, max_size=4, unique=True)):
        shape = shapes.pop(name)
        others = (f"model.{name}", name.replace("0", "7"), name.replace(".weight", ""), name.replace(".", ".."), "")
        shapes[data.draw(st.one_of(st.text(max_size=20), st.sampled_from(known), st.sampled_from(others)))] = shape
    tensors = Headers(shapes)
    units = units_of(saved(family).graph, tensors)

    assert_tiled(tensors, units)
    assert set(units.unclaimed) <= set(shapes)


@settings(max_examples=6, deadline=None)
@given(
    heads=st.sampled_from([1, 2, 4]),
    dimension=st.sampled_from([4, 8]),
    groups=st.sampled_from([1, 2]),
    experts=st.integers(1, 5),
    width=st.integers(1, 9),
)
def test_any_sizes_of_a_mixture_tile_and_have_their_heads(heads, dimension, groups, experts, width):
    key_value = max(1, heads // groups)
    values = config_of("qwen3_moe") | {
        "num_attention_heads": heads, "num_key_value_heads": key_value, "head_dim": dimension,
        "num_local_experts": experts, "num_experts_per_tok": 1, "moe_intermediate_size": width,
    }  # fmt: skip
    graph = graph_of(values)
    tensors = Headers(_published(graph))
    units = units_of(graph, tensors)

    assert_tiled(tensors, units)
    assert units.unclaimed == units.missing == ()
    by_role = {unit.role: unit for unit in units.units if unit.layer == 1}
    assert by_role["value"].shape[0] == key_value * dimension
    assert by_role["value"].heads == key_value
    assert by_role["query"].heads == heads
    assert by_role["gate"].shape[0] == by_role["down"].shape[1]


def _published(graph):
    """Names and shapes in the layout of released checkpoints: experts one by one."""
    found = {}
    for key, node in graph.nodes.items():
        for tensor in node.tensors:
            if not tensor.persistent or tensor.tied_to:
                continue
            if len(tensor.shape) < 3:
                found[f"{key}.{tensor.name}"] = tensor.shape
                continue
            count, rows, columns = tensor.shape
            parts = ("gate_proj", "up_proj") if tensor.name == "gate_up_proj" else ("down_proj",)
            for number in range(count):
                found |= {f"{key}.{number}.{part}.weight": (rows // len(parts), columns) for part in parts}
    return found


def test_alike_layers_are_converted_once(monkeypatch):
    values = config_of("qwen3_moe") | {"num_hidden_layers": 12, "num_local_experts": 16}
    graph = graph_of(values)
    tensors = Headers(_published(graph))
    made = []

    def counted(converter, *rest):
        made.append(converter)
        return convert(converter, *rest)

    monkeypatch.setattr("archdiff.weights.pairing.follow.convert", counted)
    units = units_of(graph, tensors)

    assert len(made) == 2, "one for gates and ups, one for downs"
    assert_tiled(tensors, units)
    assert len([unit for unit in units.units if unit.place == "expert"]) == 3 * 12 * 16


def test_alike_layers_differ_in_nothing_but_their_number():
    units = saved("qwen3_moe").units
    layers = [[u for u in units.units if u.layer == number] for number in (1, 2)]

    for a, b in zip(*layers, strict=True):
        moved = dataclasses.replace(b, layer=1, module=b.module.replace(".2.", ".1."), regions=a.regions)
        assert moved == a
        for first, second in zip(a.regions, b.regions, strict=True):
            assert second == dataclasses.replace(first, tensor=first.tensor.replace("layers.1.", "layers.2."))


def test_a_huge_tensor_costs_nothing():
    shapes = shapes_of("llama") | {"model.embed_tokens.weight": (1 << 40, 1 << 20), "model.norm.weight": (1 << 60, 0)}
    units = units_of(saved("llama").graph, Headers(shapes))

    embedding = next(unit for unit in units.units if unit.role == "embedding")
    assert embedding.regions[0].shape == (1 << 40, 1 << 20)


def test_huge_experts_are_left_whole_or_out():
    shapes = shapes_of("gpt_oss")
    name = next(name for name in shapes if name.endswith("0.mlp.experts.gate_up_proj"))
    units = units_of(saved("gpt_oss").graph, Headers(shapes | {name: (1 << 30, 4, 6)}))

    (whole,) = [unit for unit in units.units if unit.regions[0].tensor == name]
    assert math.prod(whole.shape) == (1 << 30) * 24
    assert any("left whole" in note for note in units.notes)


def test_pairs_of_what_does_not_correspond():
    from archdiff.compare import compare

    for old, new in (("gpt2", "qwen3_moe"), ("llava", "jetmoe"), ("dbrx", "deepseek_v3")):
        first, second = saved(old), saved(new)
        pairs = pair_units(compare(first.graph, second.graph), first.units, second.units)
        assert len(pairs.pairs) + len(pairs.old_alone) == len(first.units.units)
        assert len(pairs.pairs) + len(pairs.new_alone) == len(second.units.units)
        assert all(elements(region).size for pair in pairs.pairs for region in pair.new.regions)
