"""Small GGUF files, honest and lying, written without a library."""

from __future__ import annotations

import struct

QWEN3 = {
    "general.architecture": "qwen3",
    "general.license": "mit",
    "qwen3.block_count": 2,
    "qwen3.embedding_length": 64,
    "qwen3.feed_forward_length": 128,
    "qwen3.attention.head_count": 4,
    "qwen3.attention.head_count_kv": 2,
    "qwen3.attention.key_length": 16,
    "qwen3.attention.layer_norm_rms_epsilon": 1e-6,
    "qwen3.context_length": 512,
    "qwen3.rope.freq_base": 1e6,
    "tokenizer.ggml.tokens": [str(number) for number in range(300)],
}
TENSORS = {"token_embd.weight": ((64, 300), 1), "blk.0.attn_q.weight": ((64, 64), 8)}
BYTES = {0: (1, 4), 1: (1, 2), 8: (32, 34), 30: (1, 2)}


def text(value):
    data = value if isinstance(value, bytes) else value.encode()
    return struct.pack("<Q", len(data)) + data


def value_of(value):
    match value:
        case bytes():
            return value
        case bool():
            return struct.pack("<I?", 7, value)
        case int():
            return struct.pack("<Iq", 11, value)
        case float():
            return struct.pack("<If", 6, value)
        case str():
            return struct.pack("<I", 8) + text(value)
        case [str(), *_]:
            return struct.pack("<IIQ", 9, 8, len(value)) + b"".join(map(text, value))
        case _:
            return struct.pack("<IIQ", 9, 5, len(value)) + b"".join(struct.pack("<i", item) for item in value)


def gguf(metadata=QWEN3, tensors=TENSORS, version=3, counts=None, data=None):
    """A file; `counts` states other numbers of tensors and keys, `data` another amount of data (a MiB at the most)."""
    pairs = metadata.items() if isinstance(metadata, dict) else metadata
    keys = b"".join(text(key) + value_of(value) for key, value in pairs)
    described, end = b"", 0
    for name, (dimensions, kind, *offset) in tensors.items():
        block, size = BYTES.get(kind, (1, 1))
        count = 1
        for dimension in dimensions:
            count *= dimension
        described += text(name) + struct.pack(f"<I{len(dimensions)}Q", len(dimensions), *dimensions)
        described += struct.pack("<IQ", kind, offset[0] if offset else end)
        end = -(-(end + count // block * size) // 32) * 32
    head = b"GGUF" + struct.pack("<IQQ", version, *(counts or (len(tensors), len(pairs)))) + keys + described
    return head + bytes(-len(head) % 32) + bytes(min(end, 2**20) if data is None else data)
