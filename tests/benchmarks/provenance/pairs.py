"""Every pair of the bench: two models, how they are stored, and the relation that is known to hold."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING

import torch

from tests.benchmarks.provenance import stored
from tests.benchmarks.provenance.member import save
from tests.benchmarks.provenance.members import scratch
from tests.benchmarks.provenance.relations import AT_LENGTH, EVERY, RELATIONS, continued, fine_tuned
from tests.benchmarks.provenance.rounding import released
from tests.benchmarks.provenance.strangers import strangers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.benchmarks.provenance.member import Member

PARENT = 1
"""Seed of the member that others are derived from."""

STORED = {
    "fp8": ("qwen2_moe", stored.fp8),
    "int8": ("llama", stored.int8),
    "gptq": ("llama", stored.gptq),
    "awq": ("llama", stored.awq),
    "mxfp4": ("gpt_oss", stored.mxfp4),
    **{f"gguf-{kind}": ("llama", functools.partial(stored.ggml, kind=kind)) for kind in ("Q8_0", "Q4_0", "BF16")},
}
"""Formats of quantised releases: a kind that is released so, and what writes it."""


@dataclasses.dataclass(frozen=True)
class Pair:
    """Two checkpoints.

    Args:
        relation: as `truth` names it.
        name: of the pair within its relation.
        old: makes OLD.
        new: makes NEW.
        store: writes NEW's checkpoint to a folder and returns what a user would name.
    """

    relation: str
    name: str
    old: Callable[[], Member]
    new: Callable[[], Member]
    store: Callable[[Member, Path], Path] = save


def pairs(size: str) -> Iterator[Pair]:
    """Every pair of a size; nothing is trained before its models are asked for."""
    for relation in RELATIONS:
        if size == "full" and relation.name in AT_LENGTH:
            continue
        for kind in relation.kinds:
            yield _derived(relation.name, kind, size, lambda parent, derive=relation.derive: derive(parent, size))
    for kind in EVERY:
        yield from _retyped(kind, size)
    yield from _stored(size)
    if size != "full":
        yield _siblings(size)
    for relation, name, old, new in strangers(size):
        yield Pair(relation, name, old, new)


def _derived(name: str, kind: str, size: str, derive: Callable[[Member], Member], **store: object) -> Pair:
    def parent() -> Member:
        return scratch(kind, size, PARENT)

    return Pair(name, kind, parent, lambda: derive(parent()), **store)


def _retyped(kind: str, size: str) -> Iterator[Pair]:
    for dtype in (torch.float32, torch.float16):
        name = f"retyped-{str(dtype).removeprefix('torch.')}"
        yield _derived(name, kind, size, lambda parent: parent, store=functools.partial(save, dtype=dtype))


def _stored(size: str) -> Iterator[Pair]:
    """The parent in the formats of quantised releases."""
    for name, (kind, store) in STORED.items():
        if size == "full" and kind not in EVERY:
            continue
        yield _derived(f"stored-{name}", kind, size, lambda parent: parent, store=store)


def _siblings(size: str) -> Pair:
    def parent() -> Member:
        return scratch("llama", size, PARENT)

    return Pair(
        "sibling", "llama", lambda: released(fine_tuned(parent(), size)), lambda: released(continued(parent(), size))
    )
