"""What torch.save wrote is read as torch.load reads it, by ranges, without running a line of what it holds."""

from __future__ import annotations

import io
import json
import mmap
import os
import pickle
import random
import struct
import subprocess
import sys
import tracemalloc
import warnings
import zipfile
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from archdiff.errors import ArchdiffError, SourceError
from archdiff.sources import resolve
from archdiff.weights.reading import archive, open_checkpoint
from archdiff.weights.reading.archive import Record, base_of
from tests.archdiff.making import LLAMA
from tests.archdiff.weights.reading.files import TWO, content, file_of, whole

FOLDER = Path(__file__).parents[4] / "fixtures" / "hostile"
BIN = "pytorch_model.bin"


def tensors():
    noise = torch.Generator().manual_seed(0)
    return {
        "float": torch.randn(3, 5, generator=noise),
        "half": torch.randn(7, generator=noise).half(),
        "brain": torch.randn(4, 4, generator=noise).bfloat16(),
        "eight": torch.randn(6, generator=noise).to(torch.float8_e4m3fn),
        "number": torch.tensor(7),
        "truth": torch.tensor([True, False]),
        "empty": torch.zeros(0, 3),
        "parameter": torch.nn.Parameter(torch.randn(2, 2, generator=noise)),
        "transposed": torch.randn(40, 30, generator=noise).t(),
        "sliced": torch.randn(10, 10, generator=noise)[2:8:2, 1:9:3],
        "expanded": torch.randn(1, generator=noise).expand(5, 4),
    }


def raw(tensor):
    flat = tensor.detach().contiguous().reshape(-1)
    return flat.view(torch.uint8).numpy().tobytes() if len(flat) else b""


def directory(folder, value, name=BIN, **how):
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(LLAMA))
    torch.save(value, folder / name, **how)
    return folder


def opened(path):
    return open_checkpoint(resolve(str(path)))


def holds(path, expected):
    with opened(path) as checkpoint:
        found = {name: (stored.shape, stored.dtype) for name, stored in checkpoint.stored.items()}
        shapes = {name: (tuple(t.shape), str(t.dtype).removeprefix("torch.")) for name, t in expected.items()}
        assert found == shapes
        assert whole(checkpoint) == {name: raw(tensor) for name, tensor in expected.items()}


def fails(path, *said):
    with pytest.raises(SourceError) as caught:
        opened(path)
    assert all(part in str(caught.value) for part in said), str(caught.value)
    assert str(caught.value).isprintable()
    assert "weights_only" not in str(caught.value), "nobody is told to switch the protection off"


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "old"])
@pytest.mark.parametrize("name", [BIN, "consolidated.00.pth", "weights.pt"])
def test_every_kind_of_tensor(tmp_path, name, zipped):
    held = {key: tensor for key, tensor in tensors().items() if zipped or key != "eight"}  # torch itself cannot
    holds(directory(tmp_path, held, name, _use_new_zipfile_serialization=zipped), held)


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "old"])
def test_shared_storage(tmp_path, zipped):
    both = torch.arange(24.0).reshape(4, 6)
    shared = {"a": both, "b": both, "row": both[2], "column": both[:, 1]}
    path = directory(tmp_path, shared, _use_new_zipfile_serialization=zipped)
    holds(path, shared)
    with opened(path) as checkpoint:
        digests = {name: stored.digest for name, stored in checkpoint.stored.items()}
    assert len(set(digests.values())) == 4 - zipped, "two names for the same bytes have one digest"


def test_two_layouts_of_the_same_bytes_have_two_digests(tmp_path):
    cube = torch.arange(8.0).reshape(2, 2, 2)
    held = {"a": cube.permute(2, 1, 0), "b": cube.permute(1, 0, 2), "c": cube}
    with opened(directory(tmp_path, held)) as checkpoint:
        assert len({stored.digest for stored in checkpoint.stored.values()}) == 3
    holds(tmp_path, held)


@pytest.mark.parametrize("key", ["state_dict", "model_state_dict", "model", "module", "weights"])
def test_a_state_dict_one_level_below(tmp_path, key):
    inner = OrderedDict(a=torch.ones(2))
    holds(directory(tmp_path, {key: inner, "epoch": 3, "optimizer": {"state": {0: {"step": torch.ones(1)}}}}), inner)


def test_a_state_dict_beside_tensors_and_things_that_are_none(tmp_path):
    holds(directory(tmp_path, {"state_dict": {"a": torch.ones(2)}, "step": torch.tensor(1)}), {"a": torch.ones(2)})
    mixed = {"a": torch.ones(2), "version": "1", "sizes": [1, 2], 3: torch.ones(1), "nothing": None}
    holds(directory(tmp_path, mixed), {"a": torch.ones(2)})


@pytest.mark.parametrize("value", [{}, [torch.ones(2)], torch.ones(2), {"a": 1}, {"x": {"a": torch.ones(1)}} | {
    "y": {"a": torch.ones(1)}}], ids=["empty", "list", "tensor", "numbers", "two"])  # fmt: skip
def test_what_holds_no_tensors_by_name(tmp_path, value):
    fails(directory(tmp_path, value), "pytorch_model.bin holds no tensors by name; convert it to safetensors")


def shards(folder, *held, extra=None):
    names = [f"pytorch_model-{number}.bin" for number in range(len(held))]
    for name, state in zip(names, held, strict=True):
        directory(folder, {**state, **(extra or {})}, name)
    listed = {key: name for name, state in zip(names, held, strict=True) for key in state}
    (folder / f"{BIN}.index.json").write_text(json.dumps({"weight_map": listed}))
    return folder


def test_shards(tmp_path):
    held = {"a": torch.ones(2)}, {"b": torch.zeros(3)}
    holds(shards(tmp_path, *held), held[0] | held[1])
    (tmp_path / "pytorch_model-1.bin").rename(tmp_path / "gone")
    fails(
        tmp_path, "pytorch_model.bin.index.json lists pytorch_model-1.bin, which is not there", "download the missing"
    )


def test_shards_that_hold_more_than_the_index_lists(tmp_path):
    held = {"a": torch.ones(2)}, {"b": torch.zeros(3)}
    found = {"a": torch.ones(2), "b": torch.zeros(3)}
    path = shards(tmp_path, *held, extra={"mask": torch.ones(1)})
    holds(path, found | {"mask": torch.ones(1)})
    directory(tmp_path, {"x": torch.ones(1)}, "pytorch_model-1.bin")
    fails(path, "lists tensor 'b', which pytorch_model-1.bin does not hold")


def test_safetensors_are_preferred_and_training_state_is_no_weights(tmp_path):
    path = directory(tmp_path, {"a": torch.ones(2)}, "any.bin")
    for name in ("optimizer.pt", "scheduler.pt", "rng_state_0.pth", "training_args.bin"):
        directory(tmp_path, {"state": {"x": torch.ones(1)}}, name)
    holds(path, {"a": torch.ones(2)})
    directory(tmp_path, {"b": torch.ones(2)}, "other.bin")
    fails(path, "holds any.bin and 1 more pickles, without pytorch_model.bin.index.json", "with one of them")
    data = content(TWO)
    (tmp_path / "model.safetensors").write_bytes(file_of(TWO, data))
    with opened(path) as checkpoint:
        assert whole(checkpoint) == data


class Attack:
    def __reduce__(self):
        return os.mkdir, ("executed",)


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "old"])
def test_no_code_is_run(tmp_path, monkeypatch, zipped):
    monkeypatch.chdir(tmp_path)
    path = directory(tmp_path / "m", {"a": torch.ones(1), "b": Attack()}, _use_new_zipfile_serialization=zipped)
    fails(path, "asks for posix.mkdir, which is never run")
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("name", ["pickle.bin", "pickle.pt", "pickles/pytorch_model.bin"])
def test_hostile_pickles(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    path = directory(tmp_path / "m", {})
    (path / BIN).write_bytes((FOLDER / name).read_bytes())
    fails(path, "pytorch_model.bin ")
    assert not (tmp_path / "executed").exists()


def test_a_tar_archive_and_a_bare_pickle_are_none_of_torchs(tmp_path):
    path = directory(tmp_path, {})
    for data in (b"", b"ustar" * 200, pickle.dumps({"a": 1}), b"PK\x03\x04"):
        (path / BIN).write_bytes(data)
        fails(path, "that torch.save wrote")


def rewritten(path, change):
    """Write the archive again, with another list of its records: (name, data, compression)."""
    with zipfile.ZipFile(path / BIN) as read:
        records = [(info.filename, read.read(info), zipfile.ZIP_STORED) for info in read.infolist()]
    with zipfile.ZipFile(path / BIN, "w") as written, warnings.catch_warnings(action="ignore"):
        for name, data, compression in change(records):
            written.writestr(name, data, compression)
    return path


def with_compression(part):
    return lambda records: [(name, data, zipfile.ZIP_DEFLATED if part in name else how) for name, data, how in records]


def big_endian(records):
    return [(name, b"big" if name.endswith("byteorder") else data, how) for name, data, how in records]


ARCHIVES = {
    "compressed values": (with_compression("data/0"), "is compressed, which torch.save never does"),
    "a compressed list": (with_compression("data.pkl"), "is compressed, which torch.save never does"),
    "another byte order": (big_endian, "was written by a big-endian machine"),
    "a record twice": (lambda records: [*records, records[-1]], "holds two records of one name"),
    "no list": (lambda records: [r for r in records if "data.pkl" not in r[0]], "is no archive that torch.save wrote"),
    "a missing storage": (lambda records: [r for r in records if "data/0" not in r[0]], "cannot be loaded as tensors"),
}


@pytest.mark.parametrize(("change", "said"), ARCHIVES.values(), ids=ARCHIVES)
def test_an_archive_that_torch_did_not_write(tmp_path, change, said):
    fails(rewritten(directory(tmp_path, {"a": torch.ones(50), "b": torch.ones(3)}), change), said)


def test_an_archive_written_again_in_another_order(tmp_path):
    held = {"a": torch.arange(50.0), "b": torch.arange(3.0)}
    holds(rewritten(directory(tmp_path, held), lambda records: records[::-1]), held)


def test_a_tensor_of_another_kind_is_named(tmp_path):
    path = directory(tmp_path, {"a": torch.ones(2), "s": torch.eye(3).to_sparse()})
    fails(path, "holds tensor 's' of a kind that is not read")
    fails(directory(tmp_path, {"a": torch.ones(2), "m": torch.ones(3, device="meta")}), "tensor 'm' of a kind")


class Larger:
    """A tensor that states more elements than its storage has."""

    def __init__(self, tensor):
        self.storage = tensor._typed_storage()

    def __reduce__(self):
        return torch._utils._rebuild_tensor_v2, (self.storage, 0, (1000,), (1,), False, OrderedDict())


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "old"])
def test_a_tensor_that_is_larger_than_its_storage(tmp_path, zipped):
    held = {"a": Larger(torch.ones(3)), "b": torch.ones(2)}
    fails(directory(tmp_path, held, _use_new_zipfile_serialization=zipped), "pytorch_model.bin ")


def test_a_tensor_for_which_torch_made_room(tmp_path, monkeypatch):
    path, load = directory(tmp_path, {"a": torch.ones(3)}, _use_new_zipfile_serialization=False), torch.load

    def roomy(*args, **kwargs):
        value = load(*args, **kwargs)
        value["a"].resize_(1000)
        return value

    monkeypatch.setattr(torch, "load", roomy)
    fails(path, "holds tensor 'a' of an impossible shape or name")


def test_a_file_that_is_replaced_while_it_is_loaded(tmp_path, monkeypatch):
    path, load = directory(tmp_path, {"a": torch.ones(3)}), torch.load

    def late(*args, **kwargs):
        torch.save({"a": torch.zeros(3)}, path / "other")
        (path / "other").replace(path / BIN)
        return load(*args, **kwargs)

    monkeypatch.setattr(torch, "load", late)
    fails(path, "pytorch_model.bin was replaced by another file while it was in use")


def test_a_long_list_of_tensors_is_refused_before_it_is_unpickled(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "_LARGEST_PICKLE", 2**10)
    fails(directory(tmp_path, dict.fromkeys(map(str, range(99)), torch.ones(1))), "lists its tensors in more than")


def test_a_list_of_records_without_an_end_is_never_read(tmp_path):
    path, size = directory(tmp_path, {}), 2**28
    with (path / BIN).open("wb") as file:
        file.write(b"PK\x03\x04")
        file.seek(size)
        file.write(struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 1, 1, size - 4, 4, 0))
    tracemalloc.start()
    try:
        fails(path, "is no archive that torch.save wrote")
        assert tracemalloc.get_traced_memory()[1] < 2**26
    finally:
        tracemalloc.stop()


def test_an_old_file_is_loaded_only_where_it_is_small(tmp_path):
    path = directory(tmp_path, {"a": torch.ones(2)}, _use_new_zipfile_serialization=False)
    os.truncate(path / BIN, 5 * 2**30)
    fails(path, "is a pickle of before torch 1.6 and larger than 256 MiB")


@pytest.mark.parametrize("change", ["truncated", "gone"])
def test_a_file_that_changes_under_the_reader(tmp_path, change):
    path = directory(tmp_path, {"a": torch.ones(10_000)})
    with opened(path) as checkpoint:
        checkpoint.read("a", 0, 10)
        os.truncate(path / BIN, 100) if change == "truncated" else (path / BIN).unlink()
        with pytest.raises(SourceError, match=f"pytorch_model.bin (was {change}|is no longer there)"):
            checkpoint.read("a", 0, 40_000)


PAGE = mmap.PAGESIZE


def test_where_a_file_is_mapped_follows_from_its_storages():
    records = (Record(64, 8), Record(128, 16), Record(PAGE + 64, 8))
    assert base_of(records, {Record(PAGE + 64, 8), Record(PAGE + 128, 16), Record(2 * PAGE + 64, 8)}) == PAGE
    assert base_of(records, {Record(PAGE + 128, 16)}) == PAGE, "the only one that is long enough"
    assert base_of(records, {Record(PAGE + 64, 8), Record(PAGE + 100, 8)}) is None
    assert base_of(records, {Record(2 * PAGE + 64, 8)}) is None, "it may be the first or the last"
    assert base_of(records, {Record(PAGE + 65, 8)}) is None, "files are mapped at the start of a page"
    assert base_of((), {Record(1, 1)}) is None
    assert base_of((), set()) == 0


def bytes_of(value, **how):
    file = io.BytesIO()
    torch.save(value, file, **how)
    return file.getvalue()


HONEST = [bytes_of({"a": torch.ones(3), "b": torch.ones(2, 2)}, _use_new_zipfile_serialization=new) for new in (1, 0)]


@given(new=st.booleans(), place=st.floats(0, 1), data=st.binary(max_size=4), cut=st.booleans())
@settings(max_examples=150, deadline=None)
def test_whatever_the_bytes_all_of_it_is_read_or_it_is_refused(tmp_path_factory, new, place, data, cut):
    path = tmp_path_factory.getbasetemp() / "fuzzed"
    path.mkdir(exist_ok=True)
    honest = HONEST[not new]
    at = int(place * len(honest))
    (path / "config.json").write_text(json.dumps(LLAMA))
    (path / BIN).write_bytes(honest[:at] + data + (b"" if cut else honest[at + len(data) :]))
    try:
        with opened(path) as checkpoint:
            assert sum(map(len, whole(checkpoint).values())) <= 64
    except ArchdiffError as error:
        assert str(error).isprintable()  # noqa: PT017 - any outcome is right that is one of the two


PROGRAM = """
import sys
from archdiff.sources import resolve
from archdiff.weights.reading import archive, open_checkpoint
import torch

def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))

before = peak()
with open_checkpoint(resolve(sys.argv[1])) as checkpoint:
    size = checkpoint.stored["a"].size
    for start in range(0, size, 2**22):
        checkpoint.read("a", start, min(start + 2**22, size))
print(peak() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the peak of resident memory is read from /proc")
def test_resident_memory_does_not_grow_with_the_file(tmp_path):
    path = directory(tmp_path, {"a": torch.zeros(2**25)})
    done = subprocess.run([sys.executable, "-c", PROGRAM, path], capture_output=True, text=True, check=True, timeout=60)
    assert int(done.stdout) < 2**16, "kilobytes; the file has twice that"


def test_noise_behind_a_head_that_torch_knows(tmp_path):
    path = directory(tmp_path, {})
    for seed in range(20):
        (path / BIN).write_bytes(HONEST[seed % 2][:40] + random.Random(seed).randbytes(400))
        fails(path, "pytorch_model.bin ")
