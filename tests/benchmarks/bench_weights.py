"""The element-wise pass over two checkpoints against reading the same files, and against what scripts do today."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
from safetensors.torch import save_file

from tests.benchmarks.measure import BenchmarkError, Row

WIDTH, INNER, VOCABULARY = 2048, 5632, 32000
READ, NAIVE = "element-wise pass, CPU, bandwidth over reading the same files", "the same, over `naive_weights.py`"
MEMORY, FIRST = "the same, peak memory", "the same, loading and compiling before it, first run · later"
GPU = "element-wise pass, GPU, bandwidth over the smaller of reading and transfer"


@dataclass(frozen=True)
class Made:
    """Two checkpoints in a folder of their own: directories, and their shards in order."""

    sides: tuple[Path, Path]

    @property
    def shards(self) -> list[str]:
        """Every file that holds values."""
        return [str(path) for side in self.sides for path in sorted(side.glob("*.safetensors"))]

    @property
    def size(self) -> int:
        """Bytes of all shards."""
        return sum(Path(path).stat().st_size for path in self.shards)


def layer(number: int) -> dict[str, tuple[int, ...]]:
    """The tensors of one layer of a dense model with grouped-query attention."""
    shapes = {
        "self_attn.q_proj": (WIDTH, WIDTH), "self_attn.k_proj": (WIDTH // 4, WIDTH),
        "self_attn.v_proj": (WIDTH // 4, WIDTH), "self_attn.o_proj": (WIDTH, WIDTH), "mlp.gate_proj": (INNER, WIDTH),
        "mlp.up_proj": (INNER, WIDTH), "mlp.down_proj": (WIDTH, INNER), "input_layernorm": (WIDTH,),
        "post_attention_layernorm": (WIDTH,),
    }  # fmt: skip
    return {f"model.layers.{number}.{name}.weight": shape for name, shape in shapes.items()}


def make(folder: Path, layers: int) -> Made:
    """OLD, and NEW as a fine-tune of it, in bfloat16, four layers a shard."""
    outside = {"model.embed_tokens.weight": (VOCABULARY, WIDTH), "lm_head.weight": (VOCABULARY, WIDTH)}
    shards: list[dict[str, tuple[int, ...]]] = [outside]
    for first in range(0, layers, 4):
        names = [layer(number) for number in range(first, min(first + 4, layers))]
        shards.append({name: shape for one in names for name, shape in one.items()})
    random = torch.Generator().manual_seed(0)
    old = 0.02 * torch.randn(VOCABULARY * WIDTH, generator=random)
    pools = old.bfloat16(), (old + 1e-4 * torch.randn(len(old), generator=random)).bfloat16()
    sides = folder / "old", folder / "new"
    for side, pool in zip(sides, pools, strict=True):
        write(side, shards, pool)
    return Made(sides)


def write(side: Path, shards: list[dict[str, tuple[int, ...]]], pool: torch.Tensor) -> None:
    """One checkpoint, its values taken from a pool, each tensor from another place."""
    side.mkdir()
    places: dict[str, str] = {}
    for number, shapes in enumerate(shards):
        name = f"model-{number + 1:05}-of-{len(shards):05}.safetensors"
        sizes = [torch.Size(shape).numel() for shape in shapes.values()]
        starts = [97 * number % (len(pool) - size + 1) for size in sizes]
        values = [pool[start : start + size].clone() for start, size in zip(starts, sizes, strict=True)]
        save_file({key: value.view(shapes[key]) for key, value in zip(shapes, values, strict=True)}, side / name)
        places |= dict.fromkeys(shapes, name)
    (side / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": places}))


def printed(command: list[str], **environment: str) -> str:
    """What a program writes to standard output.

    Raises:
        BenchmarkError: it failed.
    """
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, check=False)
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2]
        raise BenchmarkError(f"`{' '.join(command[:3])} …` ended with {done.returncode}: {last}")
    return done.stdout


def ours(made: Made, device: str, **environment: str) -> dict[str, Any]:
    """One run of our pass."""
    command = [sys.executable, "-m", "tests.benchmarks.weights_pass", device, *map(str, made.sides)]
    told: dict[str, Any] = json.loads(printed(command, **environment))
    return told


def naive(program: Path, large: Made, tiny: Made) -> float:
    """Bytes a second of the naive program, shard by shard, without what it takes on next to nothing (its imports)."""
    taken = []
    for made in (tiny, large):
        begun = time.perf_counter()
        for shards in zip(*(sorted(side.glob("*.safetensors")) for side in made.sides), strict=True):
            printed([sys.executable, str(program), *map(str, shards)])
        taken.append(time.perf_counter() - begun)
    shards = len(list(large.sides[0].glob("*.safetensors")))
    return (large.size - tiny.size) / (taken[1] - shards * taken[0])


def rows(floor: str | None, rounds: int) -> list[Row]:
    """Ratios of interleaved runs; a reason where they cannot be had."""
    folder = Path(floor) if floor else None
    programs = folder if folder is None or folder.is_dir() else folder.parent
    if programs is None:
        return [Row(READ, "skipped: ARCHDIFF_BENCH or --floor is not set", "≥ 0.5", "")]
    with tempfile.TemporaryDirectory() as made_in, tempfile.TemporaryDirectory() as cache:
        place = Path(made_in)
        for name in ("large", "tiny"):
            (place / name).mkdir()
        large = make(place / "large", 8)
        tiny = Made(tuple(place / "tiny" / side for side in ("old", "new")))
        for side in tiny.sides:
            write(side, [{"a": (4,)}], torch.ones(4, dtype=torch.bfloat16))
        first = ours(large, "cpu", NUMBA_CACHE_DIR=cache)
        reading = [sys.executable, str(programs / "read_floor.py"), *large.shards]
        printed(reading)
        taken = [(ours(large, "cpu"), float(printed(reading)) * 1e9) for _ in range(rounds)]
        slow = median(naive(programs / "naive_weights.py", large, tiny) for _ in range(min(rounds, 3)))
        return [*processor(first, taken, slow), gpu(large, reading, rounds)]


def processor(first: dict[str, Any], taken: list[tuple[dict[str, Any], float]], slow: float) -> list[Row]:
    """The rows of the processor."""
    speeds = [run["bytes"] / run["seconds"] for run, _ in taken]
    ratio = median(speed / floor for speed, (_, floor) in zip(speeds, taken, strict=True))
    speed, floor = median(speeds) / 1e9, median(floor for _, floor in taken) / 1e9
    how = f"{speed:.2f} over {floor:.2f} GB/s, {len(taken)} interleaved rounds, {taken[0][0]['bytes'] / 1e9:.1f} GB"
    peak, before = max(run["peak"] for run, _ in taken) / 1e6, median(run["before"] for run, _ in taken)
    return [
        Row(READ, f"{ratio:.2f}", "≥ 0.5", how),
        Row(NAIVE, f"{speed * 1e9 / slow:.0f} ×", "≥ 20 ×", f"{speed:.2f} over {slow / 1e9:.3f} GB/s"),
        Row(MEMORY, f"{peak:.0f} MB", "≤ 1074 MB", "the whole process"),
        Row(FIRST, f"{first['before']:.1f} · {before:.1f} s", "", "torch, numba, two checkpoints"),
    ]


def gpu(made: Made, reading: list[str], rounds: int) -> Row:
    """The row of a GPU, where there is one."""
    budget = "≥ 0.8"
    if not torch.cuda.is_available():
        return Row(GPU, "skipped: torch finds no CUDA device", budget, "")
    taken = [(ours(made, "cuda"), float(printed(reading)) * 1e9) for _ in range(rounds)]
    ratio = median(run["bytes"] / run["seconds"] / min(run["transfer"], floor) for run, floor in taken)
    speed = median(run["bytes"] / run["seconds"] for run, _ in taken) / 1e9
    floor, transfer = median(floor for _, floor in taken) / 1e9, median(run["transfer"] for run, _ in taken) / 1e9
    return Row(GPU, f"{ratio:.2f}", budget, f"{speed:.2f} GB/s; reading {floor:.2f}, transfer {transfer:.2f} GB/s")
