"""A checkpoint as transformers saves it agrees with its config; whatever else it ships or lacks is told."""

from __future__ import annotations

import json
from types import MappingProxyType

import pytest

from archdiff.api import check
from archdiff.errors import SnapshotError
from archdiff.graph import build_graph
from archdiff.graph.build import instantiate
from archdiff.graph.loading import load, notes_on
from archdiff.graph.parts import layer_stacks
from archdiff.graph.schema import ModelGraph
from archdiff.sources.checkpoint import read_directory
from archdiff.sources.headers import Shipped
from archdiff.sources.quantized import meaning
from tests.archdiff.graph.tiny import CONFIGS, config_of
from tests.archdiff.sources.weights import file_of

AGREED = ((), (), (), "")


def saved(family, folder, **changes):
    """Save a tiny model with values as transformers does; returns what it shipped."""
    built = instantiate(config_of(family, **changes), family)
    type(built.model)(built.config).save_pretrained(folder)
    return read_directory(folder, family, any_name=True)


def loaded(family, shipped, *, declared=MappingProxyType({}), **changes):
    built = instantiate(config_of(family, **changes), family)
    meant = meaning(shipped, declared)
    return load(built.model, meant, built.renames, layer_stacks(built.model), quantized=bool(declared))


def notes(loading):
    return notes_on(loading, meaning((), {}), quantized=False)


def told(loading):
    return loading.missing, loading.unexpected, loading.misshapen, loading.left_out


@pytest.mark.parametrize("family", CONFIGS)
def test_what_transformers_saves_agrees_with_its_config(family, tmp_path):
    shipped = saved(family, tmp_path)
    assert len(shipped) > 3
    loading = loaded(family, shipped)
    assert told(loading) == AGREED
    assert (loading.count, notes(loading)) == (len(shipped), ())


@pytest.fixture(scope="module")
def moe(tmp_path_factory):
    """The tensors of a tiny mixture of experts, each expert stored on its own, by name."""
    shipped = saved("glm4_moe", tmp_path_factory.mktemp("glm"))
    assert any(".experts.3.up_proj" in tensor.name for tensor in shipped)
    return {tensor.name: tensor for tensor in shipped}


def test_a_missing_tensor(moe):
    del moe["model.norm.weight"]
    loading = loaded("glm4_moe", tuple(moe.values()))
    assert told(loading) == (("model.norm.weight",), (), (), "")
    assert notes(loading) == ("the checkpoint lacks 1 tensor that the config builds: model.norm.weight",)


@pytest.fixture
def copy_of(moe):
    return dict(moe)


def test_an_unexpected_tensor(copy_of):
    copy_of["model.extra.weight"] = Shipped("model.extra.weight", (3,), "float32")
    assert "model.extra.weight" in loaded("glm4_moe", tuple(copy_of.values())).unexpected


def test_a_tensor_of_another_shape(copy_of):
    copy_of["lm_head.weight"] = Shipped("lm_head.weight", (161, 48), "bfloat16")
    assert loaded("glm4_moe", tuple(copy_of.values())).misshapen == (("lm_head.weight", (161, 48), (160, 48)),)


def test_a_missing_expert_makes_the_fused_tensor_smaller(copy_of):
    del copy_of["model.layers.1.mlp.experts.5.down_proj.weight"]
    ((name, shipped, built),) = loaded("glm4_moe", tuple(copy_of.values())).misshapen
    assert name == "model.layers.1.mlp.experts.down_proj"
    assert (shipped[0], built[0]) == (5, 6)


def test_experts_that_do_not_fit_each_other(copy_of):
    name = "model.layers.1.mlp.experts.5.down_proj.weight"
    copy_of[name] = Shipped(name, (1, 2), "bfloat16")
    assert "model.layers.1.mlp.experts.down_proj" in [
        n for n, _, _ in loaded("glm4_moe", tuple(copy_of.values())).misshapen
    ]


def with_prediction_layer(shipped):
    """GLM's way: one more layer, which transformers leaves out without a word."""
    more = [
        Shipped(n.replace("layers.2.", "layers.3."), t.shape, t.dtype) for n, t in shipped.items() if "layers.2." in n
    ]
    return (*shipped.values(), *more)


@pytest.mark.parametrize("declared", [{}, {"quant_method": "hqq"}])
def test_a_layer_behind_the_last_is_told(copy_of, declared):
    copy_of["model.norm.weight"] = Shipped("model.norm.weight", (48,), "bfloat16")
    loading = loaded("glm4_moe", with_prediction_layer(copy_of), declared=declared)
    assert loading.unexpected
    assert all(name.startswith("model.layers.3.") for name in loading.unexpected)


def test_weights_of_an_unknown_scheme_are_not_compared_one_by_one(copy_of):
    codes = {f"{name}.codes": Shipped(f"{name}.codes", (1, 1), "uint8") for name in copy_of}
    loading = loaded("glm4_moe", tuple(codes.values()), declared={"quant_method": "aqlm"})
    assert told(loading) == ((), (), (), "they are quantized in a form that is not known")
    assert "quantized" in notes(loading)[0]


@pytest.mark.parametrize("layers", [(0,), (1,), (2,), (0, 2), (0, 1, 2)])
def test_each_layer_is_told_although_equal_ones_are_loaded_once(tmp_path, layers):
    shipped = {tensor.name: tensor for tensor in saved("llama", tmp_path)}
    for number in layers:
        del shipped[f"model.layers.{number}.input_layernorm.weight"]
        for name, shape in (("mlp.up_proj", (1, 1)), ("extra", (3,))):
            key = f"model.layers.{number}.{name}.weight"
            shipped[key] = Shipped(key, shape, "bfloat16")
    loading = loaded("llama", tuple(shipped.values()))
    assert loading.missing == tuple(f"model.layers.{number}.input_layernorm.weight" for number in layers)
    assert loading.unexpected == tuple(f"model.layers.{number}.extra.weight" for number in layers)
    assert [name for name, _, _ in loading.misshapen] == [f"model.layers.{n}.mlp.up_proj.weight" for n in layers]


def test_a_tied_head_may_be_there_or_not(tmp_path):
    shipped = saved("llama", tmp_path, tie_word_embeddings=True)
    assert "lm_head.weight" not in [tensor.name for tensor in shipped]
    head = Shipped("lm_head.weight", (160, 48), "bfloat16")
    for tensors in (shipped, (*shipped, head)):
        assert told(loaded("llama", tensors, tie_word_embeddings=True)) == AGREED


def test_frequencies_of_old_checkpoints_are_no_contradiction(tmp_path):
    shipped = saved("llama", tmp_path)
    frequencies = Shipped("model.layers.0.self_attn.rotary_emb.inv_freq", (8,), "float32")
    assert told(loaded("llama", (*shipped, frequencies))) == AGREED


def test_names_of_the_first_yi_release(tmp_path):
    shipped = saved("llama", tmp_path)
    names = {"input_layernorm": "ln1", "post_attention_layernorm": "ln2"}
    renamed = [Shipped(".".join(names.get(p, p) for p in t.name.split(".")), t.shape, t.dtype) for t in shipped]
    yi = {"model_type": "Yi", "architectures": ["YiForCausalLM"]}
    assert told(loaded("llama", renamed, **yi)) == AGREED
    assert loaded("llama", shipped, **yi).missing[0].endswith("ln1.weight")


@pytest.mark.parametrize("name", ["", ".", "x" * 1024, "model.layers.0", "*", r"(a+)+\1", "model.layers.0.self_attn"])
def test_any_name_is_told(name, tmp_path):
    loading = loaded("llama", (*saved("llama", tmp_path), Shipped(name, (1,), "int64")))
    assert loading.left_out or loading.unexpected


def directory(folder, **more):
    """A checkpoint directory with its config, and `more` tensors."""
    saved("llama", folder)
    tensors = {t.name: ("BF16", t.shape) for t in read_directory(folder, "m", any_name=True)}
    (folder / "model.safetensors").write_bytes(file_of(tensors | more))
    return folder


def test_a_directory_says_how_its_weights_fit(tmp_path):
    graph = build_graph(check(str(directory(tmp_path, **{"model.layers.3.norm.weight": ("F32", (48,))}))))
    assert graph.shipped["unexpected"] == ("model.layers.3.norm.weight",)
    assert [note for note in graph.notes if "model.layers.3.norm.weight" in note]
    assert graph.not_checked == ()
    again = ModelGraph.from_json(json.loads(json.dumps(graph.to_json())))
    assert again.shipped == graph.shipped


def test_a_config_alone_ships_nothing():
    assert build_graph(check("gpt2")).shipped is None


@pytest.mark.parametrize("damage", [None, {}, {"missing": 1}, {"misshapen": [[1, 2, 3]]}, {"count": -1}])
def test_a_saved_graph_with_another_record_of_it_is_refused(tmp_path, damage):
    document = build_graph(check(str(directory(tmp_path)))).to_json()
    kept = document["graph"]["shipped"]
    document["graph"]["shipped"] = {**kept, **damage} if damage else damage
    with pytest.raises(SnapshotError, match="shipped"):
        ModelGraph.from_json(document)
