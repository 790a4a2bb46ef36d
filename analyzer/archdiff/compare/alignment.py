"""How the layers of two models correspond."""

from __future__ import annotations

import dataclasses

__all__ = ["LayerPair", "StackAlignment"]


@dataclasses.dataclass(frozen=True, slots=True)
class LayerPair:
    """Two layers that were matched, or one that has no partner.

    Args:
        old: number of the layer in OLD's stack; None if it was added.
        new: number of the layer in NEW's stack; None if it was removed.
        similarity: from 0 to 1; 0 for a layer without partner.
        method: `identical` (equal fingerprints), `aligned` (by similarity in sequence), `unmatched`.
    """

    old: int | None
    new: int | None
    similarity: float
    method: str


@dataclasses.dataclass(frozen=True, slots=True)
class StackAlignment:
    """How the layers of two stacks correspond.

    Args:
        old: id of the stack in OLD; None if NEW alone has such a stack.
        new: id of the stack in NEW; None if OLD alone has it.
        pairs: in order; every layer of both stacks stands in exactly one.
        ambiguous: whether other alignments are as good, as for layers inserted among equal ones.
    """

    old: str | None
    new: str | None
    pairs: tuple[LayerPair, ...]
    ambiguous: bool

    @property
    def matched(self) -> tuple[tuple[int, int], ...]:
        """Numbers in OLD and NEW of the layers that have a partner."""
        return tuple((p.old, p.new) for p in self.pairs if p.old is not None and p.new is not None)

    @property
    def added(self) -> tuple[int, ...]:
        """Numbers in NEW of the layers without partner."""
        return tuple(p.new for p in self.pairs if p.old is None and p.new is not None)

    @property
    def removed(self) -> tuple[int, ...]:
        """Numbers in OLD of the layers without partner."""
        return tuple(p.old for p in self.pairs if p.new is None and p.old is not None)
