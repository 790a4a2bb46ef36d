"""Small safetensors files, honest and lying, written without a library."""

from __future__ import annotations

import json
import math
import struct

BITS = {
    "BF16": 16, "F32": 32, "F16": 16, "U8": 8, "I8": 8, "I32": 32, "I64": 64, "F4": 4, "F8_E4M3": 8, "F8_E8M0": 8,
}  # fmt: skip


def header(tensors, metadata=None):
    """Entries by name of tensors given as name: (dtype, shape), one behind the other."""
    entries, end = {}, 0
    for name, (dtype, shape) in tensors.items():
        begin, end = end, end + math.prod(shape) * BITS[dtype] // 8
        entries[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}
    return entries if metadata is None else {"__metadata__": metadata, **entries}


def packed(entries, size=None, length=None):
    """A file of these entries with zeros for data: `size` of them, and `length` stated for the header."""
    text = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    ends = [entry["data_offsets"][1] for entry in entries.values() if "data_offsets" in entry] if size is None else []
    return struct.pack("<Q", len(text) if length is None else length) + text + bytes(max(ends, default=size or 0))


def file_of(tensors, metadata=None):
    """An honest file."""
    return packed(header(tensors, metadata))


def sharded(folder, *shards):
    """Write shards and their index; returns the index."""
    names = [f"model-{number:05}-of-{len(shards):05}.safetensors" for number in range(1, len(shards) + 1)]
    weight_map = {tensor: name for name, tensors in zip(names, shards, strict=True) for tensor in tensors}
    for name, tensors in zip(names, shards, strict=True):
        (folder / name).write_bytes(file_of(tensors))
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    return weight_map
