"""Finished tests, kept by the content that they read: an interrupted check goes on where it stopped.

The key of a result is a digest of the test and of what it read, as far as that is known without reading: the file's
own digest, or its identity, size and time of change. A result whose content is not known so is not kept.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import math
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archdiff.graph.cache import state_of
from archdiff.weights.evidence import Control, Elements, LayerMap, Test

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archdiff.graph.store import Store
    from archdiff.weights.plan import Step
    from archdiff.weights.sample import Reading
    from archdiff.weights.tensors import Tensors

__all__ = ["Kept", "Result"]

_FORMAT = 1
_SPOILT = (AttributeError, LookupError, TypeError, ValueError, RecursionError)
"""What a damaged entry may raise while it is read."""

_UNKNOWN = "unknown"


@dataclasses.dataclass(frozen=True, slots=True)
class Result:
    """What one step came to.

    Args:
        tests: of the step.
        elements: element-wise comparisons of the step.
        maps: layer maps of the step.
    """

    tests: tuple[Test, ...] = ()
    elements: tuple[Elements, ...] = ()
    maps: tuple[LayerMap, ...] = ()

    @classmethod
    def of(cls, results: Iterable[Result | None]) -> Result:
        """All results together; None where a step was not needed."""
        known = [result for result in results if result is not None]
        tests = tuple(test for result in known for test in result.tests)
        elements = tuple(each for result in known for each in result.elements)
        return cls(tests, elements, tuple(each for result in known for each in result.maps))


class Kept:
    """Results of earlier runs.

    Args:
        store: where they are; None keeps nothing.
        sides: OLD and NEW, whose content the keys are made of.
        settings: of the run that a result depends on: the seed, the device's kind.
    """

    def __init__(self, store: Store | None, sides: tuple[Tensors, Tensors], settings: Sequence[object] = ()) -> None:
        self.store, self.sides = store, sides
        self.settings = (_FORMAT, version("archdiff"), _code(), *settings)

    def read(self, step: Step, more: Sequence[object] = ()) -> Result | None:
        """The result of a step that was finished before; None where there is none.

        Args:
            step: of the plan.
            more: what else the result depends on.
        """
        name = self._key(step, more)
        content = self.store.read(name) if self.store is not None and name else None
        if content is None:
            return None
        try:
            return _unpacked(json.loads(content))
        except _SPOILT:
            return None

    def write(self, step: Step, result: Result, more: Sequence[object] = ()) -> None:
        """Keep the result of a step, in one piece or not at all."""
        name = self._key(step, more)
        if self.store is not None and name:
            self.store.write(name, json.dumps(_plain(result)).encode("ascii"))

    def _key(self, step: Step, more: Sequence[object]) -> str:
        """40 hexadecimal digits; empty where the content is not known."""
        contents = [
            _content(reading, tensors)
            for readings, tensors in zip(step.reads(), self.sides, strict=True)
            for reading in (*readings, None)
        ]
        if _UNKNOWN in contents:
            return ""
        parts = (*self.settings, step.kind, step.component, step.place, step.layer, *more, *contents)
        return hashlib.blake2b(repr(parts).encode("utf-8", "backslashreplace"), digest_size=20).hexdigest()


@functools.cache
def _code() -> tuple[str, ...]:
    """The state of what computes results, which may be a checkout, and of the libraries behind it."""
    libraries = (f"{name} {version(name)}" for name in ("numpy", "numba", "scipy", "transformers"))
    return (*libraries, *state_of(Path(__file__).parent))


def _content(reading: Reading | None, tensors: Tensors) -> str:
    """What a reading will read, in a line."""
    if reading is None:
        return "|"
    digests = [tensors.meanings[region.tensor].digest for region in reading.unit.regions]
    if not all(digests):
        return _UNKNOWN
    return repr((digests, reading.unit, reading.runs))


def _plain(value: Any) -> Any:
    """As JSON values: dataclasses and mappings as objects, tuples as lists."""
    if dataclasses.is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _unpacked(data: Mapping[str, Any]) -> Result:
    return Result(
        tuple(_test(row) for row in data["tests"]),
        tuple(Elements(**_tuples(row)) for row in data["elements"]),
        tuple(_map(row) for row in data["maps"]),
    )


def _test(row: Mapping[str, Any]) -> Test:
    controls = tuple(Control(**control) for control in row["controls"])
    return Test(**{**row, "controls": controls})


def _map(row: Mapping[str, Any]) -> LayerMap:
    scores = tuple(tuple(math.nan if value is None else value for value in line) for line in row["scores"])
    return LayerMap(**{**_tuples(row), "scores": scores})


def _tuples(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
