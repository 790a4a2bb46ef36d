"""Small checkpoints whose every byte is known."""

from __future__ import annotations

import json
import math
import random
import struct
from itertools import pairwise

from tests.archdiff.making import LLAMA
from tests.archdiff.sources.weights import BITS, header

TWO = {"b": ("BF16", (3, 5)), "a": ("F32", (4,)), "none": ("F16", (0, 3)), "one": ("I64", ())}


def content(tensors, seed=0):
    """Random bytes for each tensor."""
    noise = random.Random(seed)
    return {name: noise.randbytes(math.prod(shape) * BITS[dtype] // 8) for name, (dtype, shape) in tensors.items()}


def file_of(tensors, data):
    """A safetensors file with this content."""
    text = json.dumps(header(tensors)).encode()
    return struct.pack("<Q", len(text)) + text + b"".join(data[name] for name in tensors)


def sharded(folder, *shards, ending="safetensors"):
    """Write shards and their index; returns the content of all."""
    names = [f"model-{number}.{ending}" for number in range(len(shards))]
    held = [content(tensors, number) for number, tensors in enumerate(shards)]
    for name, tensors, data in zip(names, shards, held, strict=True):
        (folder / name).write_bytes(file_of(tensors, data))
    weight_map = {tensor: name for name, tensors in zip(names, shards, strict=True) for tensor in tensors}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
    return {name: value for data in held for name, value in data.items()}


def model(folder, tensors=None, seed=0):
    """Write a directory with a config and one file; returns its content."""
    tensors = TWO if tensors is None else tensors
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(LLAMA))
    data = content(tensors, seed)
    (folder / "model.safetensors").write_bytes(file_of(tensors, data))
    return data


def whole(checkpoint):
    """The bytes of every tensor, each read in three parts."""
    found = {}
    for name, stored in checkpoint.stored.items():
        cuts = [0, stored.size // 3, stored.size // 2, stored.size]
        found[name] = b"".join(bytes(checkpoint.read(name, *cut)) for cut in pairwise(cuts))
    return found
