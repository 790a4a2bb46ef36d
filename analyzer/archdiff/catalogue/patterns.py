"""Run-length patterns: one short line for a list with a value per layer."""

from __future__ import annotations

import re

__all__ = ["expand"]

_LONGEST = 10_000
_RUN = re.compile(r"(\S+?)\*([1-9][0-9]{0,4})")


def expand(pattern: object, layers: object) -> list[str | int]:
    """Expand `["a*5 b*1", 8]`: five times a, once b, and all of that eight times.

    A value that reads as an integer becomes one. When `layers`, the config's number of layers, is an integer,
    a longer sequence is cut to it.

    Raises:
        ValueError: `pattern` is not of that form, or gives fewer values than there are layers.
    """
    match pattern:
        case [str(runs), int(times)] if not isinstance(times, bool) and 1 <= times <= _LONGEST:
            period = [value for run in runs.split() for value in _run(run)]
        case _:
            raise ValueError('must be written like ["sliding_attention*5 full_attention*1", 8]')
    if not 1 <= len(period) * times <= _LONGEST:
        raise ValueError(f"must give between 1 and {_LONGEST} values")
    values = period * times
    if type(layers) is not int:
        return values
    if len(values) < layers:
        raise ValueError(f"gives {len(values)} values for {layers} layers")
    return values[:layers]


def _run(run: str) -> list[str | int]:
    if not (match := _RUN.fullmatch(run)):
        raise ValueError(f"{run!r} is not a value and its count, as in full_attention*1")
    value, count = match.groups()
    return [int(value) if re.fullmatch(r"-?[0-9]{1,9}", value) else value] * int(count)
