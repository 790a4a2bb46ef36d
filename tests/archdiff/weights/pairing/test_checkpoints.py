"""What checkpoints do: old layouts and new ones, base models, tied heads, layers that no class builds, bare weights."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from transformers import conversion_mapping
from transformers.core_model_loading import Concatenate, WeightConverter

from archdiff.graph.bare import bare_graph
from archdiff.sources.headers import Shipped
from archdiff.sources.source import Origin, bare
from archdiff.weights.pairing import units_of
from archdiff.weights.units import matrix
from tests.archdiff.weights.fakes import FakeTensors
from tests.archdiff.weights.pairing.tiny import config_of, only, saved, saved_config, times_read, units_by
from tests.oracle.decide import graph_of


def again(found, arrays, graph=None):
    """The units of the same model in another checkpoint."""
    tensors = FakeTensors(arrays)
    return tensors, units_of(graph or found.graph, tensors)


def described(units):
    """What units are, without where they stand in files."""
    return [
        (u.module, u.tensor, u.component, u.place, u.role, u.layer, u.expert, u.shape, u.heads) for u in units.units
    ]


def assert_same_values(first, first_units, second, second_units):
    assert described(first_units) == described(second_units)
    for a, b in zip(first_units.units, second_units.units, strict=True):
        assert np.array_equal(matrix(first, a), matrix(second, b)), a.label


@pytest.mark.parametrize(
    "family", ["qwen3_moe", "mixtral", "granitemoe", "jamba", "llava", "qwen2_vl", "phimoe", "gpt_neox", "deepseek_v3"]
)
def test_a_class_and_the_layout_it_is_published_in_have_the_same_units(family):
    found = saved(family)
    kept = {key: value for key, value in found.model.state_dict().items() if not _is_tied(found.graph, key)}
    tensors, units = again(found, kept)

    assert kept.keys() != found.arrays.keys()
    assert units.unclaimed == units.missing == units.notes == ()
    assert_same_values(tensors, units, found.tensors, found.units)


def _is_tied(graph, key):
    module, _, name = key.rpartition(".")
    return any(tensor.name == name and tensor.tied_to for tensor in graph.nodes[module].tensors)


@pytest.mark.parametrize(("family", "prefix"), [("llama", "model."), ("gpt2", "transformer."), ("bert", "bert.")])
def test_a_checkpoint_of_the_base_model_has_no_prefix(family, prefix):
    found = saved(family)
    arrays = {key.removeprefix(prefix): value for key, value in found.arrays.items()}
    tensors, units = again(found, arrays)

    assert units.unclaimed == units.missing == ()
    assert_same_values(tensors, units, found.tensors, found.units)


def test_old_names_of_norms_are_those_of_today():
    found = saved("bert")
    arrays = {
        key.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): value
        for key, value in found.arrays.items()
    }
    tensors, units = again(found, arrays)

    assert arrays.keys() != found.arrays.keys()
    assert units.unclaimed == units.missing == ()
    assert_same_values(tensors, units, found.tensors, found.units)


def test_a_tied_head_is_one_unit_whichever_name_it_is_stored_under():
    found = saved("gpt2")
    arrays = dict(found.arrays)
    (key,) = (key for key in arrays if key.endswith("wte.weight"))
    assert units_by(found.units, role="lm-head") == []

    _, units = again(found, {**arrays, "lm_head.weight": arrays[key]})
    assert [unit.role for unit in units.units].count("lm-head") == 1
    assert "lm_head.weight" in units.notes[0]

    arrays["lm_head.weight"] = arrays.pop(key)
    tensors, units = again(found, arrays)
    assert units.missing == ()
    assert only(units, role="embedding").regions[0].tensor == "lm_head.weight"
    assert_same_values(tensors, units, found.tensors, found.units)


def test_what_a_checkpoint_lacks_is_missing_under_the_name_of_the_class():
    found = saved("qwen3_moe")
    arrays = {key: value for key, value in found.arrays.items() if ".1.mlp.experts" not in key and "lm_head" not in key}
    _, units = again(found, arrays)

    wanted = ("lm_head.weight", "model.layers.1.mlp.experts.down_proj", "model.layers.1.mlp.experts.gate_up_proj")
    assert units.missing == wanted
    assert units_by(units, layer=1, place="expert") == []


def test_what_no_module_has_is_unclaimed_and_named():
    found = saved("deepseek_v3")
    layers = len(found.graph.stacks["model.layers"])
    mtp = {
        f"model.layers.{layers}.eh_proj.weight": torch.ones(4, 8),
        f"model.layers.{layers}.enorm.weight": torch.ones(4),
    }
    other = {"model.layers.0.self_attn.rotary_emb.inv_freq": torch.ones(4), "some\x1b[2Jthing": torch.ones(2)}
    tensors, units = again(found, {**found.arrays, **mtp, **other})

    assert units.unclaimed == tuple(sorted((*mtp, *other)))
    assert units.notes[0].endswith(
        f"2 tensors of a prediction layer that the class does not build: model.layers.{layers}"
    )
    assert units.notes[1].startswith("no module has 2 tensors of the checkpoint: ")
    assert "\x1b" not in "".join(units.notes)
    counts = times_read(tensors, units)
    assert all(set(times) == {0 if name in units.unclaimed else 1} for name, times in counts.items())


def test_tensors_that_cannot_be_read_are_neither_units_nor_missing():
    found = saved("llama")
    tensors = FakeTensors(found.arrays)
    name = "model.layers.0.mlp.up_proj.weight"
    tensors.unread = {name: "a packing that is not known"}
    units = units_of(found.graph, tensors)

    assert units_by(units, layer=0, role="up") == []
    assert units.missing == ()
    assert units.notes == (f"1 tensor cannot be read (a packing that is not known): {name}",)


def test_experts_of_unequal_shapes_are_left_out_and_named():
    found = saved("qwen3_moe")
    name = "model.layers.1.mlp.experts.1.down_proj.weight"
    arrays = {**found.arrays, name: torch.ones(3, 3)}
    _, units = again(found, arrays)

    assert units_by(units, layer=1, role="down") == []
    assert name in units.unclaimed
    assert "transformers' MergeModulelist cannot be followed" in units.notes[0]
    assert "model.layers.1.mlp.experts.down_proj" not in units.missing


def test_a_tensor_of_another_shape_is_a_unit_of_that_shape():
    found = saved("llama")
    arrays = {**found.arrays, "model.embed_tokens.weight": torch.ones(17, 32)}
    _, units = again(found, arrays)

    assert only(units, role="embedding").shape == (17, 32)
    (note,) = units.notes
    assert note.endswith("1 tensor in another shape than the class builds: model.embed_tokens.weight")


def test_experts_that_are_not_all_there_are_not_numbered():
    found = saved("qwen3_moe")
    arrays = {key: value for key, value in found.arrays.items() if "layers.1.mlp.experts.2." not in key}
    tensors, units = again(found, arrays)

    assert units_by(units, layer=1, place="expert") == []
    assert {key for key in arrays if "layers.1.mlp.experts." in key} == set(units.unclaimed)
    assert "has another shape than the class builds" in units.notes[0]
    assert all(set(times) == {0 if n in units.unclaimed else 1} for n, times in times_read(tensors, units).items())


def test_packed_rows_that_do_not_fit_the_heads_are_left_whole():
    found = saved("phi3")
    name = "model.layers.0.self_attn.qkv_proj.weight"
    tensors, units = again(found, {**found.arrays, name: torch.ones(7, 32)})

    assert only(units, layer=0, role="query-key-value").shape == (7, 32)
    assert units.notes[1:] == (
        "how rows are packed is not known of 1 tensor, left whole: model.layers.0.self_attn.qkv_proj.weight",
    )
    assert {1} == set(times_read(tensors, units)[name])


def test_of_two_names_for_one_tensor_one_is_unclaimed():
    found = saved("gpt2")
    (key,) = (key for key in found.arrays if key.endswith("h.0.ln_1.weight"))
    other = key.removeprefix("transformer.")
    _, units = again(found, {**found.arrays, other: found.arrays[key]})

    assert other != key
    assert len(units.unclaimed) == 1
    assert set(units.unclaimed) < {key, other}
    assert len(units_by(units, module="transformer.h.0.ln_1", role="norm")) == 1


def test_rows_of_which_two_tensors_hold_a_part_are_a_unit_each(monkeypatch):
    found = saved("llama")
    converter = WeightConverter(["up_a.weight", "up_b.weight"], "up_proj.weight", [Concatenate(dim=1)])
    monkeypatch.setattr(conversion_mapping, "get_model_conversion_mapping", lambda _: [converter])
    arrays = dict(found.arrays)
    whole = arrays.pop("model.layers.0.mlp.up_proj.weight")
    halves = {f"model.layers.0.mlp.up_{part}.weight": whole[:, half].contiguous() for part, half in HALVES.items()}
    tensors, units = again(found, arrays | halves)

    parts = units_by(units, layer=0, role="up")
    assert [unit.regions[0].tensor for unit in parts] == sorted(halves)
    assert [unit.shape for unit in parts] == [(48, 20), (48, 12)]
    assert any(note.endswith("left whole: model.layers.0.mlp.up_proj.weight") for note in units.notes)
    assert all(set(times) == {1} for times in times_read(tensors, units).values())


HALVES = {"a": slice(0, 20), "b": slice(20, 32)}


def test_scalars_and_empty_tensors_are_units_too():
    found = saved("llama")
    arrays = {**found.arrays, "model.norm.weight": torch.ones(()), "lm_head.weight": torch.ones(0, 32)}
    tensors, units = again(found, arrays)

    assert only(units, role="final-norm").shape == (1,)
    assert matrix(tensors, only(units, role="lm-head")).shape == (0, 32)


VARIANTS = {
    "falcon in groups": ("falcon", {"new_decoder_architecture": True, "num_kv_heads": 2}),
    "falcon by head": ("falcon", {"multi_query": False, "new_decoder_architecture": False, "num_kv_heads": 4}),
    "bigcode by head": ("gpt_bigcode", {"multi_query": False}),
    "phi-3 without groups": ("phi3", {"num_key_value_heads": 4}),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_variants_of_a_family_pack_their_own_way(variant):
    family, values = VARIANTS[variant]
    found = saved_config({**config_of(family), **values})
    (value, *_), (query, *_) = (units_by(found.units, role=role) for role in ("value", "query"))
    seen = []
    hook = found.model.get_submodule(value.module).register_forward_hook(
        lambda _, args, out: seen.extend((args[0], out))
    )
    output = found.model.get_submodule(only(found.units, role="output", layer=value.layer).module)
    after = output.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    with torch.no_grad():
        found.model(input_ids=torch.tensor([[7]]))
    hook.remove()
    after.remove()
    received, _, given = seen

    rows = torch.from_numpy(matrix(found.tensors, value)).double() @ received.reshape(-1)
    bias = units_by(found.units, role="value.bias", layer=value.layer)
    rows = rows + (torch.from_numpy(matrix(found.tensors, bias[0])).double() if bias else 0)
    copies = given.numel() // rows.numel()
    wanted = rows.reshape(value.heads, -1).repeat_interleave(copies, 0).reshape(-1)
    assert torch.allclose(wanted, given.reshape(-1), rtol=1e-4, atol=1e-5)
    assert query.shape[0] == copies * value.shape[0]


def test_a_family_published_under_other_names_is_read_under_them():
    found = saved("llama")
    old, new = ("input_layernorm", "post_attention_layernorm"), ("ln1", "ln2")
    arrays = {key.replace(old[0], new[0]).replace(old[1], new[1]): value for key, value in found.arrays.items()}
    graph = graph_of({**config_of("llama"), "model_type": "Yi", "architectures": ["YiForCausalLM"]})
    _, units = again(found, arrays, graph)

    assert units.unclaimed == units.missing == units.notes == ()
    assert {"model.layers.0.ln1", "model.layers.0.ln2"} < {unit.module for unit in units.units}
    assert only(units, module="model.layers.0.ln1").regions[0].tensor == "model.layers.0.ln1.weight"


def _bare(arrays):
    shipped = tuple(Shipped(key, tuple(value.shape), "bfloat16") for key, value in sorted(arrays.items()))
    return bare_graph(bare("weights", "weights", Origin(shipped=shipped)))


@pytest.mark.parametrize("family", ["llama", "gpt2", "qwen3_moe", "mixtral", "deepseek_v3", "bert", "opt", "gpt_oss"])
def test_weights_without_a_class_have_units_too(family):
    found = saved(family)
    tensors, units = again(found, found.arrays, _bare(found.arrays))

    assert units.unclaimed == units.missing == ()
    assert all(set(times) == {1} for times in times_read(tensors, units).values())
    for role in ("gate", "up", "down", "router", "embedding"):
        named = [
            {(u.layer, u.expert): matrix(t, u) for u in units_by(known, role=role)}
            for t, known in ((tensors, units), (found.tensors, found.units))
        ]
        if family in ("llama", "qwen3_moe", "mixtral", "deepseek_v3"):
            assert named[0].keys() == named[1].keys()
            assert all(np.array_equal(named[0][key], named[1][key]) for key in named[0])


def test_a_class_that_is_not_shipped_is_taken_by_names():
    found = saved("qwen3_moe")
    attributes = {**found.graph.attributes, "class_name": "NoSuchForCausalLM"}
    nodes = {key: _renamed_root(node) for key, node in found.graph.nodes.items()}
    graph = type(found.graph).of_parts(attributes, nodes, found.graph.flows)
    tensors, units = again(found, found.arrays, graph)

    assert units.notes == ("transformers ships no NoSuchForCausalLM: its tensors were taken by their names alone",)
    assert_same_values(tensors, units, found.tensors, found.units)


def _renamed_root(node):
    return dataclasses.replace(node, class_name="NoSuchForCausalLM") if not node.id else node


def test_towers_projectors_and_heads_are_components():
    components = {unit.component for unit in saved("llava").units.units}
    assert components == {"vision-tower", "projector", "language-model", "embeddings", "heads"}

    merger = [unit for unit in saved("qwen2_vl").units.units if ".merger." in unit.module]
    assert {unit.component for unit in merger} == {"projector"}
    assert {unit.component for unit in saved("whisper").units.units} >= {"language-model", "embeddings"}


def test_places_and_heads():
    units = saved("qwen2_moe").units
    config = saved("qwen2_moe").config
    layer = next(unit.layer for unit in units.units if unit.place == "shared-expert")
    by = {(u.place, u.role): u for u in units_by(units, layer=layer) if u.expert in (None, 0)}

    assert by["router", "router"].shape == (config.num_experts, config.hidden_size)
    assert by["expert", "gate"].shape == (config.moe_intermediate_size, config.hidden_size)
    assert by["shared-expert", "down"].shape == (config.hidden_size, config.shared_expert_intermediate_size)
    assert by["attention", "value"].heads == config.num_key_value_heads
    assert by["attention", "query"].heads == config.num_attention_heads
    assert by["attention", "query.bias"].place == "attention"
    assert by["attention", "output"].heads is None
    assert by["norm", "norm"].shape == (config.hidden_size,)
    assert by["expert", "gate"].label == f"layers.{layer} expert 0 gate"
    assert only(units, place="outside", role="embedding").layer is None
