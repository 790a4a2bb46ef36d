"""Quantised tensors are read as what they stand for, whatever the scheme; what does not fit is named."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archdiff.errors import SourceError
from archdiff.sources import resolve
from archdiff.sources.headers import Shipped
from archdiff.sources.quantized import declaration, meaning, with_declaration
from tests.archdiff.sources.quantizing import LINEAR, bitsandbytes_4, fp8_blocks, gptq, mxfp4, quantized

TYPES = {
    "BF16": "bfloat16", "F16": "float16", "F32": "float32", "U8": "uint8", "I8": "int8", "I32": "int32",
    "I64": "int64", "F8_E4M3": "float8_e4m3fn",
}  # fmt: skip
TENSORS = {
    "model.embed_tokens.weight": ("BF16", (160, 96)),
    "model.layers.0.self_attn.q_proj.weight": ("BF16", (288, 96)),
    "model.layers.0.self_attn.q_proj.bias": ("BF16", (288,)),
    "model.layers.0.self_attn.k_proj.weight": ("BF16", (64, 96)),
    "model.layers.0.mlp.experts.0.down_proj.weight": ("BF16", (96, 320)),
    "model.layers.0.mlp.gate.weight": ("BF16", (4, 96)),
    "model.norm.weight": ("BF16", (96,)),
}
QUERY, KEY = "model.layers.0.self_attn.q_proj.weight", "model.layers.0.self_attn.k_proj.weight"


def shipped(tensors):
    return tuple(Shipped(name, tuple(shape), TYPES[dtype]) for name, (dtype, shape) in tensors.items())


PLAIN = tuple(sorted(shipped(TENSORS), key=lambda tensor: tensor.name))
SHAPED = sorted(LINEAR.keys() - {"bitsandbytes-4"})


@pytest.mark.parametrize("stated", [True, False], ids=["with config", "bare"])
@pytest.mark.parametrize("scheme", SHAPED)
def test_a_quantised_checkpoint_stands_for_the_plain_one(scheme, stated):
    _, method, config = LINEAR[scheme]
    meant = meaning(shipped(quantized(TENSORS, scheme)), config if stated else {})
    assert meant.tensors == PLAIN
    assert meant.method == method
    assert (len(meant.packed), meant.misshapen, meant.lacking, meant.flat) == (3, (), (), frozenset())


def test_a_plain_checkpoint_stands_for_itself():
    meant = meaning(PLAIN, {"quant_method": "fp8"})
    assert (meant.tensors, meant.method, meant.count) == (PLAIN, None, len(PLAIN))


def test_experts_of_gpt_oss():
    stored = {**TENSORS, **mxfp4("e.gate_up_proj", 4, 96, 320), "e.gate_up_proj_bias": ("BF16", (4, 320))}
    meant = meaning(shipped(stored), {})
    found = {tensor.name: (tensor.shape, tensor.dtype) for tensor in meant.tensors}
    assert found["e.gate_up_proj"] == ((4, 96, 320), "bfloat16")
    assert found["e.gate_up_proj_bias"] == ((4, 320), "bfloat16")
    assert (len(found), meant.method) == (len(TENSORS) + 2, "mxfp4")


def test_four_bits_of_bitsandbytes_tell_how_many_elements_there_are():
    meant = meaning(shipped(quantized(TENSORS, "bitsandbytes-4")), {})
    found = {tensor.name: tensor.shape for tensor in meant.tensors}
    assert found.keys() == TENSORS.keys()
    assert meant.flat == {name for name, shape in found.items() if name in (QUERY, KEY) or "down_proj" in name}
    assert found[QUERY] == (288 * 96,)


def changed(tensors, **changes):
    """Tensors of the query with other shapes by the ending of their names; None takes one away."""
    found = dict(tensors)
    for ending, shape in changes.items():
        (name,) = [name for name in found if name.startswith(QUERY[:-6]) and name.endswith(ending)]
        dtype, _ = found.pop(name)
        if shape is not None:
            found[name] = (dtype, shape)
    return found


WRONG = [
    ("fp8-blocks", {"weight_scale_inv": (2, 1)}, "weight_scale_inv", (2, 1), (3, 1)),
    ("fp8-channels", {"weight_scale": (289, 1)}, "weight_scale", (289, 1), (288, 1)),
    ("int8-channels", {"weight_scale": (288, 97)}, "weight_scale", (288, 97), (288, 1)),
    ("nvfp4-modelopt", {"weight_scale": (288, 5)}, "weight_scale", (288, 5), (288, 6)),
    ("nvfp4-compressed", {"weight_scale": (288, 3)}, "weight_scale", (288, 3), (288, 6)),
    ("int4-compressed", {"weight_scale": (288, 5)}, "weight_scale", (288, 5), (288, 3)),
    ("gptq", {"g_idx": (95,)}, "g_idx", (95,), (96,)),
    ("awq", {"qzeros": (2, 36)}, "qzeros", (2, 36), (3, 36)),
    ("bitsandbytes-8", {"SCB": (1,)}, "SCB", (1,), (288,)),
]


@pytest.mark.parametrize(("scheme", "change", "ending", "found", "right"), WRONG, ids=[row[0] for row in WRONG])
def test_a_scale_of_another_shape_is_named(scheme, change, ending, found, right):
    meant = meaning(shipped(changed(quantized(TENSORS, scheme), **change)), LINEAR[scheme][2])
    assert meant.misshapen == ((f"{QUERY.removesuffix('weight')}{ending}", found, right),)
    assert meant.tensors == PLAIN


LACKING = [
    ("fp8-blocks", "weight_scale_inv"), ("fp8-modelopt", "weight_scale"), ("nvfp4-modelopt", "weight_scale_2"),
    ("nvfp4-compressed", "weight_global_scale"), ("gptq", "qzeros"), ("awq", "qzeros"),
    ("bitsandbytes-4", "absmax"), ("bitsandbytes-4", "weight.quant_map"),
]  # fmt: skip


@pytest.mark.parametrize(("scheme", "ending"), LACKING)
def test_what_a_weight_cannot_be_read_without_is_named(scheme, ending):
    stored = quantized(TENSORS, scheme)
    (name,) = [n for n in stored if n.startswith(QUERY[:-6]) and n.endswith(f".{ending}")]
    meant = meaning(shipped({key: value for key, value in stored.items() if key != name}), LINEAR[scheme][2])
    assert meant.lacking == (name,)


@pytest.mark.parametrize(
    ("scheme", "part"), [("gptq", "scales"), ("awq", "scales"), ("int4-compressed", "weight_scale")]
)
def test_a_weight_that_cannot_be_read_stays_as_it_is_stored(scheme, part):
    stored = changed(quantized(TENSORS, scheme), **{f".{part}": None})
    names = {tensor.name for tensor in meaning(shipped(stored), LINEAR[scheme][2]).tensors}
    assert QUERY not in names
    assert names & {QUERY.replace("weight", "qweight"), f"{QUERY}_packed"}


def test_a_name_that_is_taken_keeps_its_tensor():
    stored = {**TENSORS, **gptq(QUERY, 288, 96)}
    assert len(meaning(shipped(stored), {}).tensors) == len(stored)


def test_the_type_is_that_of_the_other_tensors():
    half = {name: ("F16", shape) for name, (_, shape) in TENSORS.items()}
    assert {tensor.dtype for tensor in meaning(shipped(quantized(half, "gptq")), {}).tensors} == {"float16"}
    assert {t.dtype for t in meaning(shipped(fp8_blocks("a.weight", 9, 9)), {}).tensors} == {"bfloat16"}


def test_what_configs_declare():
    scheme = {"quant_method": "fp8"}
    assert declaration({"quantization_config": scheme}) == scheme
    assert declaration({"text_config": {"quantization_config": scheme}}) == scheme
    assert declaration({"quantization_config": None, "text_config": {}}) == {}


PARTS = sorted(
    {name for scheme in LINEAR for name in quantized(TENSORS, scheme)}
    | set(mxfp4("e.down_proj", 1, 32, 1)) | set(bitsandbytes_4("a.weight", 2, 2)) | {"_scale", ".qweight", "_blocks"}
)  # fmt: skip
SHAPES = st.lists(st.sampled_from([0, 1, 2, 3, 16, 96, 2**40]), max_size=4).map(tuple)
VALUES = st.none() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=3) | st.just({})
DECLARED = st.dictionaries(
    st.sampled_from(["weight_block_size", "config_groups", "bits"]),
    VALUES | st.fixed_dictionaries({"g": st.fixed_dictionaries({"weights": st.dictionaries(
        st.sampled_from(["num_bits", "group_size"]), VALUES)}) | VALUES}),
)  # fmt: skip


@given(
    tensors=st.dictionaries(st.sampled_from(PARTS), st.tuples(st.sampled_from(sorted(TYPES)), SHAPES)),
    declared=DECLARED,
)
@settings(max_examples=500, deadline=None)
def test_any_tensors_stand_for_something(tensors, declared):
    meant = meaning(shipped(tensors), declared)
    names = [tensor.name for tensor in meant.tensors]
    assert names == sorted(set(names))
    assert all(type(size) is int and size >= 0 for tensor in meant.tensors for size in tensor.shape)
    assert meant.count == len(tensors)


BESIDE = {"producer": {"name": "modelopt"}, "quantization": {"quant_algo": "NVFP4", "exclude_modules": ["lm_head"]}}


def test_what_model_optimizer_states_beside_the_config(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    (tmp_path / "hf_quant_config.json").write_text(json.dumps(BESIDE))
    stated = {"quant_method": "modelopt", "quant_algo": "NVFP4", "exclude_modules": ["lm_head"]}
    assert resolve(str(tmp_path)).config["quantization_config"] == stated
    (tmp_path / "config.json").write_text('{"model_type": "llama", "quantization_config": {"quant_method": "fp8"}}')
    assert resolve(str(tmp_path)).config["quantization_config"] == {"quant_method": "fp8"}
    (tmp_path / "hf_quant_config.json").write_text("[" * 10_000)
    with pytest.raises(SourceError, match="nested too deep"):
        resolve(str(tmp_path))


@pytest.mark.parametrize("beside", [{}, {"quantization": None}, {"quantization": [1]}])
def test_a_file_beside_the_config_that_states_nothing(beside):
    assert with_declaration({"model_type": "llama"}, beside) == {"model_type": "llama"}
