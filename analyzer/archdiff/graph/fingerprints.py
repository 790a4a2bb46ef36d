"""Fingerprints of modules and everything below them; imports nothing heavy."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from archdiff.graph.digests import digest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from archdiff.graph.schema import Node

__all__ = ["identities_of", "static_fingerprints", "structures_of"]


def static_fingerprints(nodes: Sequence[Node]) -> dict[str, str]:
    """Fingerprint of class, settings and tensors of each module and everything below it, names of parts included."""
    return _bottom_up(
        nodes,
        lambda node: [node.class_name, sorted(node.attributes.items()), [_local(t) for t in node.tensors]],
    )


def structures_of(nodes: Sequence[Node]) -> dict[str, str]:
    """Fingerprint of the names and shapes of the tensors of each module and everything below it."""
    return _bottom_up(nodes, lambda node: [(t.name, t.shape) for t in node.tensors if t.persistent])


def identities_of(nodes: Sequence[Node], facts: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Fingerprint of everything known of each module and everything below it."""
    return _bottom_up(
        nodes,
        lambda node: [
            node.class_name, node.role, sorted(node.attributes.items()), [_local(t) for t in node.tensors],
            node.program, node.function, sorted(facts.get(node.id, {}).items()),
        ],
    )  # fmt: skip


def _local(tensor: Any) -> Any:
    """A tensor without the name of the one whose storage it shares, which differs from layer to layer."""
    return dataclasses.replace(tensor, tied_to="another" if tensor.tied_to else None)


def _bottom_up(nodes: Sequence[Node], own: Callable[[Node], object]) -> dict[str, str]:
    below: dict[str, list[tuple[str, str]]] = {node.id: [] for node in nodes}
    done: dict[str, str] = {}
    for node in reversed(nodes):
        done[node.id] = digest(own(node), below[node.id][::-1])
        if node.id:
            below[node.id.rpartition(".")[0]].append((node.name, done[node.id]))
    return done
