"""``python -m tests.benchmarks.weights_pass DEVICE OLD NEW``: the element-wise pass alone, every tensor that both have.

Prints a JSON object: bytes read, seconds from the first byte to the last figure, seconds to load and open everything
before that, and peak resident memory. Names that are equal are pairs, whole tensors are units.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from archdiff.sources import resolve
from archdiff.weights.measure import choose_device, compare
from archdiff.weights.packed import open_tensors
from archdiff.weights.reading import open_checkpoint
from archdiff.weights.units import Region, Unit, UnitPair

if TYPE_CHECKING:
    from archdiff.weights.tensors import Tensors


def opened(reference: str) -> Tensors:
    """The values of a checkpoint that has no config."""
    return open_tensors(open_checkpoint(resolve(reference)), {})


def whole(tensors: Tensors, name: str) -> Unit:
    """A tensor as a unit."""
    shape = tensors.meanings[name].shape
    return Unit(name, "weight", "language-model", "other", "weight", None, None, None, shape, (Region(name, 0, shape),))


def main() -> None:
    """Compare, and print what it took."""
    begun = time.perf_counter()
    device = choose_device(sys.argv[1])
    old, new = opened(sys.argv[2]), opened(sys.argv[3])
    pairs = [UnitPair(whole(old, name), whole(new, name)) for name in old.meanings if name in new.meanings]
    # What is compiled on its first use is compiled here.
    smallest = min(pairs, key=lambda pair: pair.old.count)
    list(compare(old, new, [smallest], device))
    ready = time.perf_counter()
    size = sum(item.size for item in compare(old, new, pairs, device))
    seconds = time.perf_counter() - ready
    told = {"bytes": size, "seconds": seconds, "before": ready - begun, "peak": peak()}
    told["transfer"] = transfer(device.name)
    sys.stdout.write(json.dumps(told) + "\n")


def peak() -> int:
    """Peak resident bytes of this program; getrusage would count what the one that started it had."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])


def transfer(device: str) -> float | None:
    """Bytes a second from pinned memory to a GPU; None where the processor computes."""
    if device == "cpu":
        return None
    import torch

    host = torch.empty(1 << 28, dtype=torch.uint8, pin_memory=True)
    there = torch.empty_like(host, device=device)
    there.copy_(host)
    torch.cuda.synchronize()
    begun = time.perf_counter()
    for _ in range(10):
        there.copy_(host, non_blocking=True)
    torch.cuda.synchronize()
    return 10 * len(host) / (time.perf_counter() - begun)


if __name__ == "__main__":
    main()
