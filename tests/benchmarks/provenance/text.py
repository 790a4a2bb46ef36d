"""What members are trained on: text of the standard library, as bytes. None of it is kept in the project."""

from __future__ import annotations

import ast
import functools
import pydoc_data.topics
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 600_000
"""Bytes kept of a text."""

PARTS = 3
"""A text may be asked for in parts (`code/1`): other data of the same kind."""


@functools.cache
def text(name: str) -> torch.Tensor:
    """The bytes of a text (`manual`, `code`, `docstrings`, or a part of one: `code/0` … `code/2`), int64."""
    kind, _, part = name.partition("/")
    values = torch.frombuffer(bytearray(_bytes(kind)), dtype=torch.uint8).long()
    if not part:
        return values
    size = len(values) // PARTS
    return values[int(part) * size : (int(part) + 1) * size]


def windows(name: str, seed: int, steps: int, rows: int, length: int) -> Iterator[torch.Tensor]:
    """Batches of `rows` windows of `length` bytes, drawn at random from a text, int64."""
    values, generator = text(name), torch.Generator().manual_seed(seed)
    within = torch.arange(length)
    for _ in range(steps):
        starts = torch.randint(0, len(values) - length, (rows, 1), generator=generator)
        yield values[starts + within]


@functools.cache
def _bytes(kind: str) -> bytes:
    if kind == "manual":
        topics = pydoc_data.topics.topics
        return "\n".join(topics[name] for name in sorted(topics)).encode()[:LONGEST]
    pick = _code if kind == "code" else _docstrings
    return "\n".join(pick(source) for source in _sources(kind)).encode()[:LONGEST]


def _sources(kind: str) -> Iterator[str]:
    """Modules of the standard library: every other one is read for its code, the rest for their docstrings."""
    modules = sorted(Path(sysconfig.get_path("stdlib")).glob("[a-z]*.py"))
    for module in modules[::2] if kind == "code" else modules[1::2]:
        yield module.read_text(encoding="utf-8")


def _code(source: str) -> str:
    return source


def _docstrings(source: str) -> str:
    documented = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module
    found = (ast.get_docstring(node) for node in ast.walk(ast.parse(source)) if isinstance(node, documented))
    return "\n\n".join(docstring for docstring in found if docstring)
