"""A Python source as a tree whose labels say what is computed, whatever its author called things."""

from __future__ import annotations

import ast
import warnings
from collections import deque
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from archdiff.errors import SourceError
from archdiff.evidence.code.names import Names, names_of
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MOST_NODES", "Labels", "Part", "Tree", "parse", "plant"]

MOST_NODES = 200_000
"""Nodes of a source that is looked at; the largest modelling file of transformers has 27,000."""

_DROPPED = frozenset(
    {"decorator_list", "returns", "annotation", "type_comment", "type_params", "bases", "keywords_of_class", "ctx"}
)
_SKIPPED = (ast.Import, ast.ImportFrom, ast.expr_context)


class Labels:
    """Gives equal nodes equal numbers, in all trees that are planted with it."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, int], int] = {}

    def number(self, label: str, children: int) -> int:
        """The number of a node: of its label and of how many nodes stand in it."""
        return self._numbers.setdefault((label, children), len(self._numbers))


@dataclass(frozen=True, slots=True)
class Part:
    """A class of a source.

    Args:
        name: as its author called it.
        start: position of its first node.
        stop: behind its last one.
    """

    name: str
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Tree:
    """The nodes of a source, each before those that are in it; with their numbers of children these are the tree.

    Args:
        nodes: as `Labels` numbers them.
        classes: in the order of the source.
    """

    nodes: tuple[int, ...]
    classes: tuple[Part, ...]


def parse(text: str, subject: str) -> ast.Module:
    """The syntax tree of a source, which is read and never run.

    Raises:
        SourceError: it is no Python, nests too deep, or is too large.
    """
    remedy = "name a modelling file written in Python"
    try:
        with warnings.catch_warnings(action="ignore"):  # what a file's author is told of its escapes
            tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        cause = printable(str(error.msg if isinstance(error, SyntaxError) else error), 120)
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        raise SourceError(printable(subject), f"is no Python source ({cause}{line})", remedy) from None
    except (RecursionError, MemoryError):
        raise SourceError(printable(subject), "nests too deep to be a modelling file", remedy) from None
    if next(islice(_nodes(tree), MOST_NODES, None), None) is not None:
        raise SourceError(printable(subject), f"has more than {MOST_NODES:,} nodes, which no model has", remedy)
    return tree


def plant(module: ast.Module, labels: Labels) -> Tree:
    """The normalised tree of a source.

    Names that the source defines are all the same, names from outside are themselves; constants count by their kind;
    imports, annotations, decorators, base classes, comments and docstrings are left out.

    Args:
        module: as it was parsed.
        labels: shared by the trees that are to be compared.
    """
    planting = _Planting(names_of(_nodes(module)), labels)
    planting.grow(module)
    return Tree(tuple(planting.nodes), tuple(planting.classes))


def _nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node; without recursion, so that no depth matters."""
    waiting = deque([tree])
    while waiting:
        node = waiting.popleft()
        waiting.extend(ast.iter_child_nodes(node))
        yield node


class _Planting:
    """Numbers nodes from the root down, with a stack of its own in place of recursion."""

    def __init__(self, names: Names, labels: Labels) -> None:
        self.names, self.labels = names, labels
        self.nodes: list[int] = []
        self.classes: list[Part] = []

    def grow(self, root: ast.AST) -> None:
        stack: list[tuple[ast.AST, bool, int]] = [(root, False, -1)]
        while stack:
            node, called, start = stack.pop()
            if start >= 0 and isinstance(node, ast.ClassDef):
                self.classes.append(Part(node.name, start, len(self.nodes)))
                continue
            if isinstance(node, ast.ClassDef):
                stack.append((node, False, len(self.nodes)))
            label, inner = self.look(node, called=called)
            self.nodes.append(self.labels.number(label, len(inner)))
            stack.extend((child, is_called, -1) for child, is_called in reversed(inner))

    def look(self, node: ast.AST, *, called: bool) -> tuple[str, list[tuple[ast.AST, bool]]]:
        """The label of a node, and what is in it, each with whether it is what a call calls."""
        kind = type(node).__name__
        if isinstance(node, ast.Name | ast.Attribute) and (path := self.names.dotted(node)) is not None:
            return f"outside {path}", []
        if isinstance(node, ast.Constant):
            return f"constant {type(node.value).__name__}", []
        if isinstance(node, ast.JoinedStr):
            return "constant str", []
        if isinstance(node, ast.Attribute):
            is_method = called and node.attr not in self.names.own
            return (f"method {node.attr}" if is_method else kind), [(node.value, False)]
        if isinstance(node, ast.AnnAssign):
            kind = "Assign"
        return kind, list(self.inside(node))

    def inside(self, node: ast.AST) -> Iterator[tuple[ast.AST, bool]]:
        for name, value in ast.iter_fields(node):
            if name in _DROPPED or (name == "keywords" and isinstance(node, ast.ClassDef)):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST) and not isinstance(child, _SKIPPED) and not _is_text(child):
                    yield child, name == "func"


def _is_text(node: ast.AST) -> bool:
    """Whether the statement is a text that does nothing: a docstring."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
