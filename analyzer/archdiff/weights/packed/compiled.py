"""Loops compiled by numba. Only modules that are imported when a packed tensor is read import this one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba

__all__ = ["compiled"]

_Loop = TypeVar("_Loop", bound=Callable[..., object])


def compiled(loop: _Loop) -> _Loop:
    """The function, compiled when it is first called and kept on disk; it lets go of the interpreter's lock."""
    return cast("_Loop", numba.njit(loop, cache=True, nogil=True))
