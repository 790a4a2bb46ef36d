"""What ten times the layers cost, start-up taken away."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from tests.benchmarks.measure import ARCHDIFF, Row, interleaved

LAYERS = (1, 100, 1000)
CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_act": "silu",
    "hidden_size": 1024,
    "intermediate_size": 2816,
    "max_position_embeddings": 8192,
    "num_attention_heads": 16,
    "rms_norm_eps": 1e-05,
    "tie_word_embeddings": False,
    "vocab_size": 32000,
}


def write_config(path: Path, layers: int, key_value_heads: int) -> str:
    """Write a Llama-like config of the given depth and return its path."""
    values = {**CONFIG, "num_hidden_layers": layers, "num_key_value_heads": key_value_heads}
    path.write_text(json.dumps(values))
    return str(path)


def diff_command(folder: Path, layers: int) -> list[str]:
    """A diff of two models of equal depth that differ in every layer."""
    old = write_config(folder / f"old-{layers}.json", layers, 16)
    new = write_config(folder / f"new-{layers}.json", layers, 4)
    return [ARCHDIFF, "diff", old, new]


def rows(rounds: int) -> list[Row]:
    """(1000 layers - start-up) / (100 layers - start-up), where start-up is the time with one layer.

    Each time is the least of interleaved runs: noise only adds, and the difference for 100 layers is small.
    """
    with tempfile.TemporaryDirectory() as folder:
        taken = interleaved([diff_command(Path(folder), layers) for layers in LAYERS], rounds)
    startup, short, deep = (min(one.seconds for one in column) for column in zip(*taken, strict=True))
    how = f"{deep:.2f} s, {short:.2f} s, start-up {startup:.2f} s; least of {rounds} rounds"
    ratio = f"{(deep - startup) / (short - startup):.1f}" if short > startup else "none"
    return [Row("`archdiff diff`, 1000 layers over 100, after start-up", ratio, "≤ 11", how)]
