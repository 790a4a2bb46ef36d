"""Refuses a config whose values would exhaust the machine, before a module is built from it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from archdiff.errors import ConfigError
from archdiff.sources.bounds import EXPERT_COUNTS, EXPERTS, INFINITE, LABELS, LAYER_COUNTS, LAYERS, bound_of
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from archdiff.sources.bounds import Bound

__all__ = ["check"]

_DEPTH = 32
_VALUES = 1_000_000
_ITEMS = 100_000
_LAYERS_TIMES_EXPERTS = 2**19


class _Value(NamedTuple):
    """A value in a config: the key whose bound it has, the way there, how deep that is, whether in a list."""

    key: str
    path: str
    depth: int
    value: object
    listed: bool


class _RefusedError(Exception):
    """A value that must not be built from; the message says which, and why."""


def check(config: Mapping[str, object], subject: str) -> None:
    """Check every value of `config`, at every depth, against `archdiff.sources.bounds`.

    Takes time in proportion to the config, builds nothing and accepts every config that transformers ships.

    Raises:
        ConfigError: a value is out of its range or of the wrong type; the message names its key.
    """
    try:
        _check_identity(config)
        _check_number(config)
        for item in _values(config):
            _check_value(item)
    except _RefusedError as refusal:
        remedy = "correct the config, or report it if a published model has this value"
        raise ConfigError(printable(subject), str(refusal), remedy) from None


def _check_identity(config: Mapping[str, object]) -> None:
    if not isinstance(config.get("model_type"), str | None):
        raise _RefusedError("model_type must be text")
    names = config.get("architectures")
    if names is None:
        return
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise _RefusedError("architectures must be a list of class names")


def _check_number(config: Mapping[str, object]) -> None:
    """Count before anything is looked at, which takes a hundredth of the time that looking does."""
    stack: list[object] = [dict(config)]
    found = 0
    while stack:
        held = stack.pop()
        values = list(held.values()) if isinstance(held, dict) else held if isinstance(held, list | tuple) else ()
        found += len(values)
        if found > _VALUES:
            raise _RefusedError(f"holds more than {_VALUES:,} values")
        stack.extend(value for value in values if isinstance(value, dict | list | tuple))


def _values(config: Mapping[str, object]) -> Iterator[_Value]:
    stack = [_Value("", "", 0, dict(config), listed=False)]
    while stack:
        item = stack.pop()
        if item.depth > _DEPTH:
            raise _RefusedError(f"nests deeper than {_DEPTH} levels")
        yield item
        stack.extend(_inside(item))


def _inside(item: _Value) -> Iterator[_Value]:
    prefix, depth = f"{item.path}." if item.path else "", item.depth + 1
    if isinstance(item.value, dict):
        inherited = "" if item.key in LABELS else item.key if _is_count(item.key) else None
        for key, value in item.value.items():
            yield _Value(key if inherited is None else inherited, f"{prefix}{key}", depth, value, listed=False)
    elif isinstance(item.value, list | tuple):
        for value in item.value:
            yield _Value(item.key, item.path, depth, value, listed=True)


def _is_count(key: str) -> bool:
    """Tell whether `key` names a count; an object there holds one per part of the model."""
    bound = bound_of(key)
    return bound is not None and bound.strict


def _check_value(item: _Value) -> None:
    value, bound = item.value, bound_of(item.key)
    if isinstance(value, float):
        _check_finite(item, value)
    if isinstance(value, dict):
        _check_modules(item, value)
    elif isinstance(value, list | tuple | str):
        _check_length(item, value)
    if bound is not None and isinstance(value, int | float) and not isinstance(value, bool):
        _check_range(item, value, bound)
    if bound is not None and bound.strict and isinstance(value, bool | str | float):
        raise _RefusedError(f"{_name(item)} is {_show(value)} where a count belongs")


def _check_finite(item: _Value, value: float) -> None:
    if math.isnan(value) or (math.isinf(value) and item.key not in INFINITE):
        raise _RefusedError(f"{_name(item)} is {value}, not a number that a model can be built with")


def _check_range(item: _Value, value: float, bound: Bound) -> None:
    if isinstance(value, float) and not bound.real:
        return
    low = 0 if item.listed and bound.low == 1 else bound.low  # a layer without attention has 0 heads
    if value < low:
        raise _RefusedError(f"{_name(item)} is {_show(value)}, and the least it can be is {low:,}")
    if value > bound.high:
        raise _RefusedError(f"{_name(item)} is {_show(value)}, more than {bound.high:,}, and {bound.why}")


def _check_length(item: _Value, value: list[object] | tuple[object, ...] | str) -> None:
    layered = "layer" in item.key or "block" in item.key or item.key.endswith("pattern")
    if isinstance(value, str) and not layered:
        return
    most = LAYERS if layered else _ITEMS
    if len(value) > most:
        raise _RefusedError(f"{_name(item)} has {len(value):,} items, more than {most:,}")


def _check_modules(item: _Value, config: dict[str, object]) -> None:
    """Check the product of counts that are each within bounds: layers times experts."""
    layers, experts = _largest(config, LAYER_COUNTS), _largest(config, EXPERT_COUNTS)
    each_in_bounds = layers <= LAYERS and experts <= EXPERTS  # else it is refused by its own name
    if each_in_bounds and layers * experts > _LAYERS_TIMES_EXPERTS:
        subject = f"{_name(item)} has" if item.path else "it has"
        excess = f"more than {_LAYERS_TIMES_EXPERTS:,} in all"
        raise _RefusedError(f"{subject} {_show(layers)} layers of {_show(experts)} experts, {excess}")


def _largest(config: dict[str, object], keys: tuple[str, ...]) -> int:
    values = [config[key] for key in keys if key in config]
    flat = [number for value in values for number in (value if isinstance(value, list) else [value])]
    return max((number for number in flat if type(number) is int), default=1)


def _name(item: _Value) -> str:
    return printable(item.path, 80)


def _show(value: object) -> str:
    if type(value) is int and abs(value) >= 10**12:
        return f"about {'-' if value < 0 else ''}10^{len(str(abs(value))) - 1}"
    return printable(repr(value), 40)
