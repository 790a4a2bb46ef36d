"""What a source says itself of where it comes from: classes of other families, `# Copied from`, copyright lines."""

from __future__ import annotations

import ast
import re
from collections import Counter
from typing import TYPE_CHECKING

from archdiff.evidence.code import shipped
from archdiff.evidence.code.reading import read
from archdiff.evidence.code.tree import parse
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["ancestors", "copied_from", "copyrights", "inherited"]

_COPIED = re.compile(r"#\s*Copied from transformers\.models\.(\w+)\.")
_ABSOLUTE = re.compile(r"transformers\.models\.(\w+)(?:\.|$)")
_RELATIVE = re.compile(r"(\w+)\.model(?:ing|ular)_\w+")
_COPYRIGHT = re.compile(r"^[\s#*\"']*(.*\bcopyright\b.*?)[\s\"']*$", re.IGNORECASE | re.MULTILINE)
_MOST_LINES = 16
_FAMILY_LEVEL = 2
"""Dots of a relative import from another family: `from ..llama.modeling_llama import LlamaAttention`."""


def inherited(module: ast.Module) -> dict[str, int]:
    """Families of transformers whose classes a source derives its own from, and how many; the most first.

    Args:
        module: of a modular file, or of a modelling file that a model ships.
    """
    brought = {name: family for node in module.body if isinstance(node, ast.ImportFrom) for name, family in _from(node)}
    bases = (base for node in module.body if isinstance(node, ast.ClassDef) for base in _names(node))
    return dict(Counter(brought[base] for base in bases if base in brought).most_common())


def copied_from(text: str) -> dict[str, int]:
    """Families of transformers that `# Copied from` comments name, and how often; the most first."""
    return dict(Counter(_COPIED.findall(text)).most_common())


def copyrights(text: str) -> tuple[str, ...]:
    """Copyright lines as they stand, each once."""
    found = (printable(" ".join(match[1].split()), 160) for match in _COPYRIGHT.finditer(text))
    return tuple(dict.fromkeys(found))[:_MOST_LINES]


def ancestors(family: str) -> frozenset[str]:
    """Every family that a family of transformers is declared to be made from, directly or through others.

    Raises:
        SourceError: a file of transformers cannot be read.
    """
    found: set[str] = set()
    waiting = [family]
    while waiting:
        fresh = set(_parents(waiting.pop())) - found
        found |= fresh
        waiting += sorted(fresh)
    return frozenset(found - {family})


def _parents(family: str) -> Mapping[str, int]:
    file = shipped.file_of_type(family)
    if file is None:
        return {}
    modular = shipped.modular_of(file)
    own = inherited(parse(read(modular, modular.name), modular.name)) if modular is not None else {}
    return {**copied_from(read(file, file.name)), **own}


def _from(node: ast.ImportFrom) -> Iterator[tuple[str, str]]:
    module = node.module or ""
    match = _ABSOLUTE.match(module) if not node.level else _RELATIVE.fullmatch(module)
    if match and node.level in (0, _FAMILY_LEVEL):
        yield from ((alias.asname or alias.name, match[1]) for alias in node.names)


def _names(node: ast.ClassDef) -> Iterator[str]:
    return (base.id for base in node.bases if isinstance(base, ast.Name))
