"""GGUF metadata becomes a config where its architecture has one; files that lie are refused by the cause."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archdiff.errors import ArchdiffError, ConfigError, SourceError
from archdiff.sources import Source, resolve
from archdiff.sources.gguf import read_gguf
from archdiff.sources.headers import Shipped
from tests.archdiff.sources.gguf_files import QWEN3, TENSORS, gguf, text


@pytest.fixture
def write(tmp_path):
    def write(data, name="model.gguf"):
        (tmp_path / name).write_bytes(data)
        return str(tmp_path / name)

    return write


def test_metadata_becomes_a_config(write):
    source = resolve(write(gguf()))
    assert (source.kind, source.name, source.licence) == ("gguf", "model.gguf", "mit")
    rate = source.config["rms_norm_eps"]
    assert source.config == {
        "model_type": "qwen3",
        "architectures": ["Qwen3ForCausalLM"],
        "num_hidden_layers": 2,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "rms_norm_eps": rate,
        "max_position_embeddings": 512,
        "rope_theta": 1e6,
        "vocab_size": 300,
        "tie_word_embeddings": True,
        "quantization_config": {"quant_method": "gguf", "types": ["Q8_0"]},
    }
    assert rate == pytest.approx(1e-6)
    assert "stored tensors: 1 F16, 1 Q8_0" in source.notes


def test_a_directory_with_one_file(write, tmp_path):
    write(gguf())
    assert resolve(str(tmp_path)).kind == "gguf"
    write(gguf(), "other.gguf")
    with pytest.raises(SourceError, match="several GGUF files"):
        resolve(str(tmp_path))


@pytest.mark.parametrize(
    ("changes", "tensors", "expected"),
    [
        ({"qwen3.attention.head_count_kv": [2, 2]}, TENSORS, {"num_key_value_heads": 2}),
        ({"qwen3.vocab_size": 256}, TENSORS, {"vocab_size": 256}),
        ({}, {}, {"vocab_size": 300}),
        ({}, TENSORS | {"output.weight": ((64, 300), 1)}, {"tie_word_embeddings": False}),
        ({}, TENSORS | {"blk.0.attn_q.bias": ((64,), 0)}, {"attention_bias": True}),
    ],
)
def test_what_lists_and_tensors_tell(write, changes, tensors, expected):
    config = resolve(write(gguf(QWEN3 | changes, tensors))).config
    assert {key: config.get(key) for key in expected} == expected


def test_llama_with_experts_is_mixtral(write):
    metadata = {"general.architecture": "llama", "llama.expert_count": 8, "llama.expert_used_count": 2}
    config = resolve(write(gguf(metadata))).config
    assert (config["model_type"], config["num_local_experts"], config["num_experts_per_tok"]) == ("mixtral", 8, 2)


def test_what_has_no_place_is_told(write):
    notes = resolve(write(gguf(QWEN3 | {"qwen3.rope.scaling.type": "longrope"}))).notes
    assert "metadata without a place in the config: rope.scaling.type" in notes


def test_rotary_scaling(write):
    stated = {"type": "yarn", "factor": 32.0, "original_context_length": 4096, "yarn_beta_fast": 32.0}
    config = resolve(write(gguf(QWEN3 | {f"qwen3.rope.scaling.{key}": value for key, value in stated.items()}))).config
    assert config["rope_scaling"] == {
        "rope_type": "yarn", "factor": 32, "original_max_position_embeddings": 4096, "beta_fast": 32,
    }  # fmt: skip


@pytest.mark.parametrize("value", [1e-5, 1e-6, 0.1, 0.5, 1 / 3, 10000.0, 1e38, 3.4028235e38, 2.5, 5e-45])
def test_a_fraction_of_32_bits_is_as_it_was_written(write, value):
    rate = resolve(write(gguf(QWEN3 | {"qwen3.attention.layer_norm_rms_epsilon": value}))).config["rms_norm_eps"]
    assert struct.pack("<f", rate) == struct.pack("<f", value)
    assert len(repr(rate)) <= max(len(repr(value)), 13)


def test_tensors_have_the_names_and_shapes_of_the_published_model(write):
    shipped = {tensor.name: (tensor.shape, tensor.dtype) for tensor in resolve(write(gguf())).shipped}
    assert shipped == {
        "model.embed_tokens.weight": ((300, 64), "float16"),
        "model.layers.0.self_attn.q_proj.weight": ((64, 64), "Q8_0"),
    }


def test_experts_beyond_all_bounds(write):
    tensors = {f"blk.{number}.ffn_up_exps.weight": ((1, 1, 2**18), 24, 0) for number in range(5)}
    data = gguf({"general.architecture": "qwen3moe"}, {}, counts=(5, 1), data=0)
    offset, described = 0, b""
    for name, (shape, kind, _) in tensors.items():
        described += text(name) + struct.pack("<I3QIQ", 3, *shape, kind, offset)
        offset += 2**18
    data = data.rstrip(b"\0") + described
    data += bytes(-len(data) % 32 + offset)
    with pytest.raises(SourceError, match="experts of more than 1,000,000 tensors"):
        resolve(write(data))


def test_two_tensors_that_stand_for_one(write):
    tensors = {"blk.0.attn_q.weight": ((64, 64), 1), "blk.00.attn_q.weight": ((64, 64), 1)}
    resolve(write(gguf(QWEN3, tensors)))
    tensors = {"token_embd.weight": ((64, 64), 1), "model.embed_tokens.weight": ((64, 64), 1)}
    with pytest.raises(SourceError, match="two tensors that stand for"):
        resolve(write(gguf(QWEN3, tensors)))


def test_parts(write, tmp_path):
    first = gguf(QWEN3 | {"split.count": 2}, TENSORS)
    write(first, "m-00001-of-00002.gguf")
    with pytest.raises(SourceError, match="1 of 2 parts"):
        resolve(str(tmp_path))
    write(gguf({}, {"output.weight": ((64, 300), 1)}), "m-00002-of-00002.gguf")
    assert [
        resolve(str(place)).config["tie_word_embeddings"] for place in (tmp_path, tmp_path / "m-00002-of-00002.gguf")
    ] == [False] * 2
    write(gguf({}, TENSORS), "m-00002-of-00002.gguf")
    with pytest.raises(SourceError, match="one tensor twice"):
        resolve(str(tmp_path))


@pytest.mark.parametrize("name", [None, "whisper", 3, "\x1b[2J"])
def test_an_architecture_without_a_config(write, name):
    metadata = {key: value for key, value in QWEN3.items() if key != "general.architecture"}
    with pytest.raises(ConfigError, match="which has no config here") as caught:
        resolve(write(gguf(metadata if name is None else metadata | {"general.architecture": name})))
    assert str(caught.value).isprintable()


def test_values_are_bounded_as_in_any_config(write):
    with pytest.raises(ConfigError, match="num_hidden_layers is 1000000000"):
        resolve(write(gguf(QWEN3 | {"qwen3.block_count": 10**9})))


def test_it_reads_what_gguf_writes(tmp_path):
    library, numpy = pytest.importorskip("gguf"), pytest.importorskip("numpy")
    writer = library.GGUFWriter(tmp_path / "m.gguf", "qwen2")
    writer.add_block_count(3)
    writer.add_tensor("token_embd.weight", numpy.zeros((5, 4), dtype=numpy.float16))
    for write in (
        writer.write_header_to_file,
        writer.write_kv_data_to_file,
        writer.write_tensors_to_file,
        writer.close,
    ):
        write()
    found = read_gguf(tmp_path / "m.gguf", "m")
    assert found.metadata["qwen2.block_count"] == 3
    assert found.tensors == (Shipped("token_embd.weight", (5, 4), "F16"),)


def listing(kind, length, data=b""):
    return struct.pack("<IIQ", 9, kind, length) + data


def one(name="a", shape=(32,), kind=0, *offset):
    return gguf({}, {name: (shape, kind, *offset)})


LIES = {
    "nothing": (b"", "not a GGUF file"),
    "other magic": (b"GGML" + gguf()[4:], "not a GGUF file"),
    "version 1": (gguf(version=1), "has GGUF version 1"),
    "big-endian": (gguf(version=3 << 24), "big-endian"),
    "a billion tensors": (gguf(counts=(10**9, 1)), "1,000,000,000 tensors"),
    "a billion keys": (gguf(counts=(1, 10**9)), "1,000,000,000 keys"),
    "one tensor too many": (gguf({}, {}, counts=(1, 0)), "ends inside its header"),
    "a key of exabytes": (b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 2**62), "states a text of"),
    "a key twice": (gguf([("a", 1), ("a", 2)]), "states the key 'a' twice"),
    "an unknown type": (gguf({"a": struct.pack("<I", 99)}), "gives 'a' the unknown type 99"),
    "a list of lists": (gguf({"a": listing(9, 1)}), "a list of the unknown type 9"),
    "a list of exabytes": (gguf({"a": listing(10, 2**61)}), "lists more than"),
    "a list behind the end": (gguf({"a": listing(10, 10**6)}), "ends inside its header"),
    "text behind the end": (gguf({"a": listing(8, 1, struct.pack("<Q", 2**40))}), "ends inside its header"),
    "no UTF-8": (gguf({"a": struct.pack("<I", 8) + text(b"\xff")}), "not UTF-8"),
    "sixteen dimensions": (one(shape=(1,) * 16), "16 dimensions"),
    "a type that is none": (one(kind=77), "gives tensor 'a' the unknown type 77"),
    "half a block": (one(shape=(16,), kind=8), "a shape that no tensor of Q8_0 has"),
    "a product that overflows": (one(shape=(2**40, 2**40)), "a shape that no tensor"),
    "an offset that is not aligned": (one("a", (32,), 0, 8), "where it cannot be (offset 8)"),
    "an offset behind the end": (one("a", (32,), 0, 2**40), "where it cannot be"),
    "an overlap": (gguf({}, {"a": ((32,), 0, 0), "b": ((32,), 0, 32)}), "puts tensor 'b' where it cannot be"),
    "data that is missing": (gguf({}, {"a": ((32,), 0)}, data=96), "where it cannot be"),
    "an alignment of nothing": (gguf({"general.alignment": 0}, {}), "impossible general.alignment"),
    "an escape": (one("\x1b[2J", (16,), 8), r"'\x1b[2J'"),
}


@pytest.mark.parametrize(("data", "said"), LIES.values(), ids=LIES)
def test_a_lie_is_named(write, data, said):
    with pytest.raises(SourceError) as caught:
        resolve(write(data))
    assert said in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_tensor_twice(write):
    data = gguf({}, {"a": ((32,), 0), "b": ((32,), 0)}).replace(text("b"), text("a"))
    with pytest.raises(SourceError, match="names a tensor twice"):
        resolve(write(data))


HONEST = gguf()


@given(place=st.integers(0, len(HONEST)), data=st.binary(max_size=9), cut=st.booleans())
@settings(max_examples=400, deadline=2000)
def test_any_bytes_are_a_source_or_an_error(tmp_path_factory, place, data, cut):
    path = tmp_path_factory.getbasetemp() / "fuzz.gguf"
    path.write_bytes(HONEST[:place] + data + (b"" if cut else HONEST[place + len(data) :]))
    try:
        result = resolve(str(path))
    except ArchdiffError as error:
        result = str(error)
    assert isinstance(result, Source) or result.isprintable()
