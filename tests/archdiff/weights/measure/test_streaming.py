"""Files that compiled code reads by itself: the same figures as through Python, and the same faults."""

from __future__ import annotations

import os

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from archdiff.errors import SourceError
from archdiff.sources import resolve
from archdiff.weights.measure import choose_device, compare, processor
from archdiff.weights.measure.chunks import Reader, chunks
from archdiff.weights.packed import open_tensors
from archdiff.weights.reading import open_checkpoint
from archdiff.weights.units import Region, UnitPair
from tests.archdiff.weights.measure.making import unit, unit_of

PAIRS = [
    (torch.bfloat16, torch.bfloat16),
    (torch.float16, torch.bfloat16),
    (torch.bfloat16, torch.float32),
    (torch.float32, torch.float32),
]
CPU = choose_device("cpu")
PIECE = processor._PIECE


def opened(path, values, before=b""):
    """A file with one tensor, and the tensors in it; `before` shifts where it begins."""
    tensors = {"w": values, **({"a": torch.frombuffer(bytearray(before), dtype=torch.uint8)} if before else {})}
    save_file(tensors, path)
    return open_tensors(open_checkpoint(resolve(str(path))), {})


def both_ways(old, new, pair, monkeypatch):
    """The figures through compiled reading, and those through Python."""
    assert all(chunk.span(Reader(old), Reader(new)) is not None for chunk in chunks(pair))
    direct = list(compare(old, new, [pair], CPU))
    with monkeypatch.context() as without:
        without.setattr(processor, "_streaming", lambda: None)
        return direct, list(compare(old, new, [pair], CPU))


def drawn(count, dtype, seed=0):
    values = torch.randn(count, generator=torch.Generator().manual_seed(seed)).to(dtype)
    values[:: max(1, count // 7)] = float("nan")
    values[1 :: max(2, count // 5)] = float("inf")
    return values


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_the_figures_are_those_of_reading_through_python(tmp_path, monkeypatch, first, second):
    count = PIECE + 4099
    old = opened(tmp_path / "old.safetensors", drawn(count, first))
    new = opened(tmp_path / "new.safetensors", drawn(count, second, 1))
    direct, through = both_ways(old, new, UnitPair(unit_of(old), unit_of(new)), monkeypatch)
    assert direct == through
    assert direct[0].count + sum(direct[0].nan) + sum(direct[0].infinite) >= count


@settings(max_examples=25)
@given(st.integers(1, 5), st.integers(0, 9), st.integers(0, 2))
def test_any_place_in_a_file_is_read(tmp_path_factory, pieces, shift, extra):
    folder, count = tmp_path_factory.mktemp("pair"), pieces * 2048 + extra
    values = torch.arange(count, dtype=torch.float32).bfloat16()
    old = opened(folder / "old.safetensors", values, b"x" * shift)
    new = opened(folder / "new.safetensors", values + 1)
    (found,) = compare(old, new, [UnitPair(unit_of(old), unit_of(new))], CPU)
    assert found.count == count
    assert found.means[0] == pytest.approx(values.double().mean().item(), rel=1e-14)
    assert found.equal == int((values == values + 1).sum())


def test_part_of_a_tensor_is_read_where_it_stands(tmp_path):
    values = torch.arange(6000, dtype=torch.float32).reshape(60, 100)
    old, new = opened(tmp_path / "old.safetensors", values), opened(tmp_path / "new.safetensors", values[20:50].clone())
    pair = UnitPair(unit((30, 100), (Region("w", 2000, (30, 100)),)), unit_of(new))
    (found,) = compare(old, new, [pair], CPU)
    assert (found.count, found.equal) == (3000, 3000)


def test_several_regions_in_one_piece_each(tmp_path):
    values = torch.randn(4, 8)
    old, new = opened(tmp_path / "old.safetensors", values), opened(tmp_path / "new.safetensors", values)
    halves = (Region("w", 16, (2, 8)), Region("w", 0, (2, 8)))
    pair = UnitPair(unit((4, 8), halves), unit((4, 8), halves))
    assert all(chunk.span(Reader(old), Reader(new)) is None for chunk in chunks(pair)), "not in one piece"
    assert Reader(old).extent(pair.old, 16, 32)[0].start == Reader(old).extent(unit_of(old), 0, 16)[0].start
    (found,) = compare(old, new, [pair], CPU)
    assert found.equal == 32


@pytest.mark.parametrize("dtype", [torch.int64, torch.float64, torch.int8])
def test_other_types_go_through_python(tmp_path, dtype):
    values = torch.arange(100).to(dtype)
    old, new = opened(tmp_path / "old.safetensors", values), opened(tmp_path / "new.safetensors", values)
    pair = UnitPair(unit_of(old), unit_of(new))
    assert all(chunk.span(Reader(old), Reader(new)) is None for chunk in chunks(pair))
    (found,) = compare(old, new, [pair], CPU)
    assert found.equal == 100


def test_a_transposed_side_goes_through_python(tmp_path):
    values = torch.randn(4, 8)
    old, new = opened(tmp_path / "old.safetensors", values), opened(tmp_path / "new.safetensors", values.T.contiguous())
    pair = UnitPair(unit_of(old), unit((4, 8), (Region("w", 0, (8, 4), transposed=True),)))
    assert all(chunk.span(Reader(old), Reader(new)) is None for chunk in chunks(pair))
    (found,) = compare(old, new, [pair], CPU)
    assert found.equal == 32


def truncated(path):
    os.truncate(path, 5000)


def written_to(path):
    with path.open("r+b") as file:
        file.seek(4000)
        file.write(b"x")


def removed(path):
    path.unlink()


@pytest.mark.parametrize(
    ("harm", "said"),
    [(truncated, "was truncated from"), (written_to, "was written to"), (removed, "is no longer there")],
)
@pytest.mark.parametrize("side", ["old", "new"])
def test_a_file_that_changes_is_named(tmp_path, harm, said, side):
    values = torch.randn(4096)
    old, new = (opened(tmp_path / f"{name}.safetensors", values) for name in ("old", "new"))
    pair = UnitPair(unit_of(old), unit_of(new))
    assert next(iter(compare(old, new, [pair], CPU))).equal == 4096
    path = tmp_path / f"{side}.safetensors"
    before = path.stat()
    harm(path)
    if path.exists():
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    with pytest.raises(SourceError, match=f"{side}.safetensors {said}"):
        list(compare(old, new, [pair], CPU))


def test_what_compiled_code_could_not_read_is_read_again(tmp_path, monkeypatch):
    values = torch.randn(5000)
    old, new = (opened(tmp_path / f"{name}.safetensors", values) for name in ("old", "new"))
    real = processor._streaming()

    class Short:
        """Stops early, as a read that is interrupted."""

        stopped = 0

        def stream(self, first, second, count, stores, blocks, out):
            Short.stopped += 1
            return real.stream(first, second, count // 2, stores, blocks, out)

    monkeypatch.setattr(processor, "_streaming", Short)
    (found,) = compare(old, new, [UnitPair(unit_of(old), unit_of(new))], CPU)
    assert (found.count, found.equal, Short.stopped) == (5000, 5000, 1)
