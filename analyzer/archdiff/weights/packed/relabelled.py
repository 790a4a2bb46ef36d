"""Values under a meaning of their own."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archdiff.weights.packed.parts import Values
    from archdiff.weights.tensors import Array, Meaning

__all__ = ["Relabelled"]


@dataclasses.dataclass(frozen=True, slots=True)
class Relabelled:
    """A tensor whose values are read elsewhere.

    Args:
        meaning: what it stands for.
        values: in its order.
    """

    meaning: Meaning
    values: Values

    def read(self, start: int, stop: int, /) -> Array:
        """Elements `start` to before `stop`; raises as `Reader.read`."""
        return self.values.read(start, stop)
