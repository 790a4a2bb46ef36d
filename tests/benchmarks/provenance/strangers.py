"""Pairs in which neither model comes from the other."""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING

from tests.benchmarks.provenance.disguises import unit_permuted
from tests.benchmarks.provenance.member import Member, initialised
from tests.benchmarks.provenance.members import RATES, STEPS, scratch, settings
from tests.benchmarks.provenance.relations import EVERY, RMS, disguised, fine_tuned
from tests.benchmarks.provenance.rounding import quantised, released
from tests.benchmarks.provenance.training import Tuning, trained

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Making = Callable[[], Member]

SEEDS = {"small": 8, "middle": 3, "full": 2}
"""How many members of each kind are trained with different seeds; every pair of them is independent."""


ACROSS = (("llama", "qwen2_moe"), ("glm4_moe", "solar_open"), ("solar_open", "qwen2_moe"), ("gpt2", "llama"))
"""Kinds that are compared with each other; the second pair is the dispute in small."""


def distilled(teacher: Member, size: str, seed: int) -> Member:
    """Another initialisation that learns the teacher's predictions."""
    start = initialised(teacher.kind, teacher.settings, seed)
    return released(trained(start, Tuning("code", STEPS[size], seed, RATES[size]), teacher))


def strangers(size: str) -> Iterator[tuple[str, str, Making, Making]]:
    """Relation, name, and how to make OLD and NEW, of every pair without descent."""
    for kind in EVERY:
        yield from _of_kind(kind, size)
    if size != "full":
        yield from _across(size)


def _of_kind(kind: str, size: str) -> Iterator[tuple[str, str, Making, Making]]:
    def first() -> Member:
        return scratch(kind, size, 1)

    for old, new in itertools.combinations(range(1, SEEDS[size] + 1), 2):
        yield "other-seed", f"{kind} {old}-{new}", _made(kind, size, old), _made(kind, size, new)
    if size == "full":
        return
    yield "other-data", f"{kind} 1-9", first, _made(kind, size, 9, "docstrings")
    yield "same-order", f"{kind} 1-10", first, _made(kind, size, 10, order=1)
    yield "distilled", f"{kind} 1-11", first, lambda: distilled(first(), size, 11)
    yield "other-seed+fine-tuned", f"{kind} 1-2", first, lambda: released(fine_tuned(scratch(kind, size, 2), size))
    yield "other-seed+unit-permuted", f"{kind} 1-2", first, lambda: unit_permuted(scratch(kind, size, 2))
    yield "other-seed+quantised-int4", f"{kind} 1-2", first, lambda: released(quantised(scratch(kind, size, 2), "int4"))
    if kind in RMS:
        for old, new in ((1, 2), (3, 4), (5, 6)):
            hidden = functools.partial(_disguised, kind, size, new)
            yield "other-seed+disguised", f"{kind} {old}-{new}", _made(kind, size, old), hidden
    yield "same-initialisation", f"{kind} 1-1", first, _made(kind, size, 1, "docstrings", order=12)
    wider = _wider(kind, size)
    yield "other-width", f"{kind} 1-13", first, _made(kind, size, 13, **wider)


def _across(size: str) -> Iterator[tuple[str, str, Making, Making]]:
    """Models of different classes that read the same text with the same tokens."""
    for old, new in ACROSS:
        yield "other-class", f"{old} 1 {new} 2", _made(old, size, 1), _made(new, size, 2)


def _made(kind: str, size: str, seed: int, data: str = "code", **choices: int) -> Making:
    return lambda: scratch(kind, size, seed, data, **choices)


def _disguised(kind: str, size: str, seed: int) -> Member:
    return released(disguised(scratch(kind, size, seed), size))


def _wider(kind: str, size: str) -> dict[str, int]:
    name = "n_embd" if kind == "gpt2" else "hidden_size"
    return {name: settings(kind, size)[name] * 5 // 4 // 16 * 16}
