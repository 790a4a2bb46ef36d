"""Which names of a source come from outside it, under one spelling each; all others are its own and count as equal."""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["Names", "names_of"]

_BUILTINS = frozenset(dir(builtins))
_SHARED = 3
"""Dots of a relative import that leaves the family's own folder and all other families: `from ...activations`."""


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one source.

    Args:
        outside: each name that an import brings from outside, and how it is called everywhere.
        own: methods, functions and attributes that the source defines itself.
    """

    outside: Mapping[str, str]
    own: frozenset[str]

    def dotted(self, node: ast.AST) -> str | None:
        """`torch.nn.functional.silu` for whatever spelling of it the source has; None for a name of its own."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return None
        root = self.outside.get(node.id) or (node.id if node.id in _BUILTINS and node.id not in self.own else None)
        return ".".join((root, *reversed(parts))) if root is not None else None


def names_of(nodes: Iterable[ast.AST]) -> Names:
    """The names of the source that holds these nodes."""
    outside: dict[str, str] = {}
    own: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            outside.update(_imported(node))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            own.add(node.name)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            own.add(node.attr)
    return Names({name: path for name, path in outside.items() if name not in own}, frozenset(own))


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    """Names that are brought from outside; what comes from the family's files, or from other families', is its own."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield (alias.asname, alias.name) if alias.asname else (alias.name.partition(".")[0],) * 2
        return
    module = node.module or ""
    is_family = ".models." in f".{module}." or (module.startswith("modeling_") and not node.level)
    if 0 < node.level < _SHARED or is_family:
        return
    # transformers moves its helpers from module to module, and a shipped file names them in full.
    is_helper = node.level > 0 or module.partition(".")[0] == "transformers"
    for alias in node.names:
        if not (is_helper and alias.name.endswith("Config")):
            yield alias.asname or alias.name, alias.name if is_helper else f"{module}.{alias.name}"
