"""The bytes of a GGUF file's tensors, as another reader of the format finds them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archdiff.errors import ArchdiffError, SourceError
from archdiff.sources import resolve
from archdiff.sources.gguf import BLOCKS, read_gguf
from archdiff.sources.source import Origin, make
from archdiff.weights.reading import open_checkpoint
from tests.archdiff.sources.gguf_files import QWEN3, gguf
from tests.archdiff.weights.reading.files import whole


def noise(count):
    return np.random.default_rng(count).integers(0, 256, count, dtype=np.uint8).tobytes()


TENSORS = {
    "token_embd.weight": ((64, 300), 1),
    "blk.0.attn_norm.weight": ((3,), 0),
    "blk.0.attn_q.weight": ((64, 64), 8),
    "blk.0.attn_output.weight": ((64, 2), 30),
}
SIZES = {"token_embd.weight": 38400, "blk.0.attn_norm.weight": 12, "blk.0.attn_q.weight": 4352,
         "blk.0.attn_output.weight": 256}  # fmt: skip


def file_of(tensors=None, metadata=None):
    """A file with random data, cut to where the last tensor ends."""
    tensors = TENSORS if tensors is None else tensors
    head = gguf(metadata or QWEN3, tensors, data=0)
    return head + noise(sum(-(-SIZES[name] // 32) * 32 for name in tensors))


def opened(path):
    return open_checkpoint(resolve(str(path)))


def test_names_shapes_and_types_are_those_of_ggml(tmp_path):
    (tmp_path / "m.gguf").write_bytes(file_of())
    with opened(tmp_path / "m.gguf") as checkpoint:
        found = {name: (s.shape, s.dtype, s.size) for name, s in checkpoint.stored.items()}
    assert found == {
        "blk.0.attn_norm.weight": ((3,), "float32", 12),
        "blk.0.attn_output.weight": ((2, 64), "bfloat16", 256),
        "blk.0.attn_q.weight": ((64, 64), "Q8_0", 4352),
        "token_embd.weight": ((300, 64), "float16", 38400),
    }


def test_the_bytes_are_those_that_ggufs_own_reader_finds(tmp_path):
    reader = pytest.importorskip("gguf").GGUFReader
    (tmp_path / "m.gguf").write_bytes(file_of())
    theirs = {tensor.name: np.asarray(tensor.data).tobytes() for tensor in reader(tmp_path / "m.gguf").tensors}
    with opened(tmp_path / "m.gguf") as checkpoint:
        assert whole(checkpoint) == theirs


def test_block_sizes_are_ggufs_own():
    constants = pytest.importorskip("gguf.constants")
    theirs = {kind.name: size for kind, size in constants.GGML_QUANT_SIZES.items()}
    assert {name: theirs[name] for name in BLOCKS} == dict(BLOCKS)


@pytest.fixture
def parts(tmp_path):
    """A model in two parts, and the names of their tensors."""
    split = [dict(list(TENSORS.items())[:2]), dict(list(TENSORS.items())[2:])]
    for number, tensors in enumerate(split, 1):
        metadata = {**QWEN3, "split.count": 2} if number == 1 else {"split.no": 1}
        (tmp_path / f"m-0000{number}-of-00002.gguf").write_bytes(file_of(tensors, metadata))
    return tmp_path


def test_parts_are_one_checkpoint(parts):
    for path in (parts, parts / "m-00001-of-00002.gguf", parts / "m-00002-of-00002.gguf"):
        with opened(path) as checkpoint:
            assert {name: len(data) for name, data in whole(checkpoint).items()} == SIZES


def test_parts_that_hold_one_tensor_twice(parts):
    source = resolve(str(parts))
    (parts / "m-00002-of-00002.gguf").write_bytes((parts / "m-00001-of-00002.gguf").read_bytes())
    with pytest.raises(SourceError, match="its parts hold one tensor twice"):
        open_checkpoint(source)


def test_a_part_that_is_missing(parts):
    source = resolve(str(parts))
    (parts / "m-00002-of-00002.gguf").unlink()
    with pytest.raises(SourceError, match="1 of 2 parts are there"):
        open_checkpoint(source)


def test_a_directory_to_which_another_model_came(parts):
    source = resolve(str(parts))
    (parts / "other.gguf").write_bytes(file_of())
    with pytest.raises(SourceError, match="holds 2 models in GGUF files; name one of its files"):
        open_checkpoint(source)


HONEST = file_of({"blk.0.attn_norm.weight": ((3,), 0)}, {"general.architecture": "qwen3"})


@given(place=st.integers(0, len(HONEST)), data=st.binary(max_size=6), cut=st.booleans())
@settings(max_examples=200, deadline=None)
def test_whatever_the_bytes_all_of_it_is_read_or_it_is_refused(tmp_path_factory, place, data, cut):
    path = tmp_path_factory.getbasetemp() / "fuzzed.gguf"
    path.write_bytes(HONEST[:place] + data + (b"" if cut else HONEST[place + len(data) :]))
    try:
        with open_checkpoint(make(str(path), "gguf", "x", {}, Origin())) as checkpoint:
            assert sum(map(len, whole(checkpoint).values())) <= path.stat().st_size
    except ArchdiffError as error:
        assert str(error).isprintable()  # noqa: PT017 - any outcome is right that is one of the two


def test_places_are_within_the_file(tmp_path):
    (tmp_path / "m.gguf").write_bytes(file_of())
    found = read_gguf(tmp_path / "m.gguf", "m")
    assert [stop - start for start, stop in found.places] == [SIZES[tensor.name] for tensor in found.tensors]
    assert max(stop for _, stop in found.places) <= (tmp_path / "m.gguf").stat().st_size
