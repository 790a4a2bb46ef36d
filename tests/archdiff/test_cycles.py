"""No module imports one that imports it, not even inside a function."""

from __future__ import annotations

import ast
from pathlib import Path

import networkx as nx

import archdiff

ROOT = Path(archdiff.__file__).parent


def name_of(path):
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path, modules):
    """Modules of archdiff that run when this one does, wherever the import stands; for types alone none does."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing = {n for at in tree.body if isinstance(at, ast.If) and "TYPE_CHECKING" in ast.dump(at.test) for n in at.body}
    for node in set(ast.walk(tree)) - typing:
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("archdiff"):
            each = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in modules else node.module for name in each)


def test_modules_import_one_another_in_one_direction():
    files = {name_of(path): path for path in ROOT.rglob("*.py")}
    edges = [(name, other) for name, path in files.items() for other in imports(path, files)]
    packages = {name for name, path in files.items() if path.name == "__init__.py"}
    graph = nx.DiGraph((a, b) for a, b in edges if a != b and not {a, b} & packages)
    assert len(graph) > 100
    assert list(nx.simple_cycles(graph)) == []
