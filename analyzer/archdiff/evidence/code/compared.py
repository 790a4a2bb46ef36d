"""Two sources compared: similarity as a whole and class by class, and what they declare of each other."""

from __future__ import annotations

import ast
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archdiff.evidence.code import declared
from archdiff.evidence.code.similar import RUN, best_matches, shared
from archdiff.evidence.code.tree import Labels, parse, plant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archdiff.evidence.code.find import Code
    from archdiff.evidence.code.similar import Match, Shared
    from archdiff.evidence.code.tree import Tree

__all__ = ["Comparison", "Side", "compare"]


@dataclass(frozen=True, slots=True)
class Side:
    """What one source says of itself.

    Args:
        code: the source.
        digest: SHA-256 of the text: `sha256:…`.
        classes: how many it defines.
        nodes: of its normalised tree.
        copyright: lines as they stand.
        inherits: families whose classes it derives its own from, and how many.
        copied: families that `# Copied from` comments name, and how often.
        ancestors: every family that its own is declared to be made from, directly or through others.
        beside: modules of its own folder that it imports, and that were not looked at.
    """

    code: Code
    digest: str
    classes: int
    nodes: int
    copyright: tuple[str, ...]
    inherits: Mapping[str, int]
    copied: Mapping[str, int]
    ancestors: frozenset[str]
    beside: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What comparing two sources says.

    Args:
        old: the one.
        new: the other.
        shared: what the two share as a whole.
        matches: for each class of NEW that is large enough to tell, the one of OLD that is most like it.
    """

    old: Side
    new: Side
    shared: Shared
    matches: tuple[Match, ...]


def compare(old: Code, new: Code) -> Comparison:
    """Compare two sources, names normalised.

    Raises:
        SourceError: one of them is no Python, nests too deep, or is too large.
    """
    modules = parse(old.text, old.name), parse(new.text, new.name)
    labels = Labels()
    trees = plant(modules[0], labels), plant(modules[1], labels)
    sides = [_side(code, module, tree) for code, module, tree in zip((old, new), modules, trees, strict=True)]
    matches = tuple(match for match in best_matches(*trees) if match.nodes >= RUN)
    return Comparison(sides[0], sides[1], shared(*trees), matches)


def _side(code: Code, module: ast.Module, tree: Tree) -> Side:
    of = parse(code.modular, f"modular file of {code.name}") if code.modular is not None else module
    inherits, copied = declared.inherited(of), declared.copied_from(code.text)
    direct = {*inherits, *copied} - {code.family}
    return Side(
        code=code,
        digest=f"sha256:{hashlib.sha256(code.text.encode('utf-8', 'surrogatepass')).hexdigest()}",
        classes=len(tree.classes),
        nodes=len(tree.nodes),
        copyright=declared.copyrights(code.text),
        inherits=inherits,
        copied=copied,
        ancestors=frozenset(direct).union(*map(declared.ancestors, direct)) - {code.family or ""},
        beside=tuple(sorted(set(_beside(module)))) if code.family is None else (),
    )


def _beside(module: ast.Module) -> list[str]:
    """Modules of the source's own folder that it imports, but for its configuration."""
    named = (node.module for node in ast.walk(module) if isinstance(node, ast.ImportFrom) and node.level == 1)
    return [name for name in named if name and not name.startswith("configuration_")]
