"""A header tells names, shapes and types, or is refused by the cause, the file and the tensor."""

from __future__ import annotations

import json
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import SafetensorError, safe_open

from archdiff.errors import SourceError
from archdiff.sources import resolve
from archdiff.sources.checkpoint import read_directory
from archdiff.sources.headers import Shipped, read_file
from tests.archdiff.sources.weights import file_of, header, packed, sharded

A = {"a": ("BF16", (2, 3))}
TWO = {"a": ("BF16", (2, 3)), "b": ("F32", ())}


def read(tmp_path, data, name="model.safetensors"):
    path = tmp_path / name
    path.write_bytes(data)
    return read_file(path, "model")


def test_it_reads_names_shapes_and_types(tmp_path):
    found = read(tmp_path, file_of(TWO, {"format": "pt"}))
    assert found == (Shipped("a", (2, 3), "bfloat16"), Shipped("b", (), "float32"))


def test_it_reads_what_safetensors_writes(tmp_path):
    torch, save_file = pytest.importorskip("torch"), pytest.importorskip("safetensors.torch").save_file
    types = [torch.float32, torch.bfloat16, torch.float8_e4m3fn, torch.int64, torch.bool, torch.uint8]
    tensors = {str(number): torch.zeros(number, 2, dtype=dtype) for number, dtype in enumerate(types)}
    save_file(tensors, tmp_path / "model.safetensors", {"format": "pt"})
    found = {t.name: (t.shape, t.dtype) for t in read_file(tmp_path / "model.safetensors", "model")}
    assert found == {name: (tuple(t.shape), str(t.dtype).removeprefix("torch.")) for name, t in tensors.items()}


def test_a_header_may_be_padded_with_spaces_and_a_tensor_empty(tmp_path):
    assert read(tmp_path, packed(json.dumps(header({"a": ("F32", (0, 3))})).encode() + b"   ", 0))
    assert read(tmp_path, file_of({})) == ()


def test_nothing_behind_the_header_is_read(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(packed(header({"a": ("U8", (10**11,))}), 0))
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size + 10**11)
    assert read_file(path, "model")[0].shape == (10**11,)


def entry(**values):
    return {"a": {"dtype": "BF16", "shape": [2, 3], "data_offsets": [0, 12], **values}}


LIES = {
    "nothing": (b"", "too short"),
    "seven bytes": (b"1234567", "too short"),
    "a long header": (struct.pack("<Q", 2**63) + b"{}", "more than 100 MB"),
    "a header behind the end": (struct.pack("<Q", 100) + b"{}", "states a header of 100 bytes, and 2 follow"),
    "Latin-1": (packed(b'{"caf\xe9": 1}', 0), "not UTF-8"),
    "no JSON": (packed(b"{", 0), "not JSON"),
    "a list": (packed(b"[]", 0), "not an object"),
    "a name twice": (packed(b'{"a": {}, "a": {}}', 0), "states the key 'a' twice"),
    "deep": (packed(b"[" * 9000, 0), "nested too deep"),
    "an unknown dtype": (packed(entry(dtype="F128"), 12), "tensor 'a' has the unknown dtype 'F128'"),
    "a dtype that is none": (packed(entry(dtype=[]), 12), "the unknown dtype []"),
    "a negative size": (packed(entry(shape=[-2, -3]), 12), "tensor 'a' has the impossible shape [-2, -3]"),
    "a fraction": (packed(entry(shape=[2.0, 3]), 12), "impossible shape"),
    "true as a size": (packed(entry(shape=[True, 6]), 12), "impossible shape"),
    "a product out of bounds": (packed(entry(shape=[2**40, 2**40]), 12), "impossible shape"),
    "seventeen axes": (packed(entry(shape=[1] * 17), 12), "impossible shape"),
    "offsets backwards": (packed(entry(data_offsets=[12, 0]), 12), "impossible data_offsets"),
    "one offset": (packed(entry(data_offsets=[12]), 12), "impossible data_offsets"),
    "another length": (packed(entry(data_offsets=[0, 10]), 10), "tensor 'a' has 10 bytes, not the 12 of its shape"),
    "one more field": (packed(entry(pickle="x"), 12), "and nothing else"),
    "a missing field": (packed({"a": {"dtype": "BF16"}}, 0), "must state dtype, shape and data_offsets"),
    "no object": (packed(b'{"a": 1}', 0), "tensor 'a' must state"),
    "a gap before": (packed(entry(data_offsets=[4, 16]), 16), "tensor 'a' leaves a gap before it"),
    "an overlap": (packed(entry() | {"b": entry(data_offsets=[6, 18])["a"]}, 18), "tensor 'b' overlaps the one before"),
    "data that is missing": (packed(entry(), 11), "fill 12 bytes of data, and the file holds 11"),
    "data that nobody owns": (packed(entry(), 13), "fill 12 bytes of data, and the file holds 13"),
    "half a byte": (packed({"a": {"dtype": "F4", "shape": [3], "data_offsets": [0, 2]}}, 2), "2 bytes, not the 1.5"),
    "metadata that is no text": (packed({"__metadata__": {"a": 1}}, 0), "__metadata__ must hold text"),
    "metadata that is a list": (packed({"__metadata__": []}, 0), "__metadata__ must hold text"),
    "an escape": (packed({"\x1b[2J": {}}, 0), r"tensor '\x1b[2J' must state"),
    "half a character": (packed({"\ud800": entry()["a"]}, 12), "a name that is none"),
}


@pytest.mark.parametrize(("data", "said"), LIES.values(), ids=LIES)
def test_a_lie_is_named(tmp_path, data, said):
    with pytest.raises(SourceError) as caught:
        read(tmp_path, data)
    assert said in str(caught.value)
    assert str(caught.value).startswith("model: model.safetensors: ")
    assert str(caught.value).isprintable()


def test_an_offset_that_is_a_name_of_itself_keeps_its_file_out_of_memory(tmp_path):
    values = b"[" + b"0," * 11_000_000 + b"0]"
    with pytest.raises(SourceError, match="more than 4,000,000 values"):
        read(tmp_path, packed(b'{"a": ' + values + b"}", 0))


def theirs(path):
    """What safetensors itself reads; None where it refuses."""
    try:
        with safe_open(path, "numpy") as file:
            return {name: tuple(file.get_slice(name).get_shape()) for name in list(file.keys())}
    except SafetensorError:
        return None


HONEST = file_of({"a": ("BF16", (2, 3)), "b": ("F32", (2,)), "c": ("U8", (0,))}, {"format": "pt"})


@given(place=st.integers(0, len(HONEST)), data=st.binary(max_size=4), cut=st.booleans())
@settings(max_examples=400, deadline=None)
def test_whatever_the_bytes_it_reads_no_more_than_safetensors_does(tmp_path_factory, place, data, cut):
    path = tmp_path_factory.getbasetemp() / "fuzz.safetensors"
    path.write_bytes(HONEST[:place] + data + (b"" if cut else HONEST[place + len(data) :]))
    try:
        ours = {tensor.name: tensor.shape for tensor in read_file(path, "model")}
    except SourceError as error:
        assert str(error).isprintable()  # noqa: PT017 - any outcome is right that is one of the two
    else:
        assert ours == theirs(path)


@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_header_or_an_error(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "bytes.safetensors"
    path.write_bytes(struct.pack("<Q", len(data)) + data)
    try:
        read_file(path, "model")
    except SourceError as error:
        assert str(error).isprintable()  # noqa: PT017 - any outcome is right that is one of the two


def names(found):
    return [tensor.name for tensor in found]


def test_a_directory_with_one_file(tmp_path):
    (tmp_path / "weights.safetensors").write_bytes(file_of({"b": ("U8", (1,)), "a": ("U8", (1,))}))
    (tmp_path / "adapter_model.safetensors").write_bytes(b"")
    assert names(read_directory(tmp_path, "m", any_name=True)) == ["a", "b"]


def test_a_directory_with_shards(tmp_path):
    sharded(tmp_path, {"b": ("U8", (1,)), "c": ("U8", (1,))}, {"a": ("BF16", (2,))})
    found = read_directory(tmp_path, "m", any_name=True)
    assert names(found) == ["a", "b", "c"]
    assert found[0].dtype == "bfloat16"


def test_weights_that_are_not_there(tmp_path):
    assert read_directory(tmp_path, "m", any_name=True) is None
    for file in sharded(tmp_path, {"a": ("U8", (1,))}, {"b": ("U8", (1,))}).values():
        (tmp_path / file).write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")
    assert read_directory(tmp_path, "m", any_name=True) is None


def index(weight_map):
    return lambda folder, _: (folder / "model.safetensors.index.json").write_text(
        json.dumps({"weight_map": weight_map})
    )


def without_a_shard(folder, listed):
    (folder / listed["a"]).unlink()


def with_another_tensor(folder, listed):
    (folder / listed["a"]).write_bytes(file_of(TWO))


CONTRADICTIONS = {
    "no map": (index(None), "has no weight_map"),
    "an empty map": (index({}), "has no weight_map"),
    "a list": (index([]), "has no weight_map"),
    "a file that is none": (index({"a": 1}), "puts tensor 'a' outside its directory"),
    "a parent directory": (index({"a": "../x.safetensors"}), "puts tensor 'a' outside its directory"),
    "an absolute path": (index({"a": "/x.safetensors"}), "puts tensor 'a' outside its directory"),
    "a Windows path": (index({"a": "..\\x.safetensors"}), "puts tensor 'a' outside its directory"),
    "a pickle": (index({"a": "pytorch_model.bin"}), "into no safetensors file"),
    "an escape": (index({"a": "\x1b[2J.safetensors"}), r"\x1b[2J"),
    "a missing shard": (without_a_shard, "lists model-00001-of-00002.safetensors, which is not there"),
    "a tensor of another shard": (with_another_tensor, "does not list tensor 'b' of model-00001"),
    "a tensor that is nowhere": (
        index({"a": "model-00001-of-00002.safetensors", "c": "model-00001-of-00002.safetensors"}),
        "lists tensor 'c', which model-00001-of-00002.safetensors does not hold",
    ),
    "no JSON": (
        lambda folder, _: (folder / "model.safetensors.index.json").write_text("{"),
        "cannot be used: not JSON",
    ),
}


@pytest.mark.parametrize(("break_it", "said"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_an_index_that_lies_is_named(tmp_path, break_it, said):
    listed = sharded(tmp_path, A, {"b": ("F32", ())})
    break_it(tmp_path, listed)
    with pytest.raises(SourceError) as caught:
        read_directory(tmp_path, "m", any_name=True)
    assert str(caught.value).startswith("m: model.safetensors.index.json ")
    assert said in str(caught.value)
    assert str(caught.value).isprintable()


def test_several_files_without_an_index(tmp_path):
    for name in ("x.safetensors", "y.safetensors"):
        (tmp_path / name).write_bytes(file_of(A))
    with pytest.raises(SourceError, match="and 1 more, without model"):
        read_directory(tmp_path, "m", any_name=True)


def test_files_of_another_name_are_no_weights_of_a_config(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    for name in ("x.safetensors", "y.safetensors"):
        (tmp_path / name).write_bytes(file_of(A))
        assert read_directory(tmp_path, "m", any_name=False) is None
        assert resolve(str(tmp_path)).shipped is None
    (tmp_path / "model.safetensors").write_bytes(file_of(A))
    assert names(resolve(str(tmp_path)).shipped) == ["a"]
