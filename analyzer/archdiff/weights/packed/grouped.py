"""Tensors of numbers of 4 or 8 bits in row-major order with scales beside them: most of the published packings."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from archdiff.weights.packed.grid import Grid
    from archdiff.weights.packed.parts import Parts
    from archdiff.weights.tensors import Meaning

__all__ = ["Grouped", "Numbers", "Powers", "Scales"]


class Numbers(Protocol):
    """Scales or zero points, one for each group, in the order of the groups."""

    def read(self, parts: Parts, start: int, stop: int) -> NDArray[np.float32]:
        """Numbers `start` to before `stop`.

        Raises:
            SourceError: they cannot be read, or are none.
        """


@dataclasses.dataclass(frozen=True, slots=True)
class Scales:
    """Scales, with a factor on them.

    Args:
        name: of the tensor that holds them.
        constant: factor on all of them.
        second: name of a tensor with a further factor for all of them or for each matrix; empty for none.
        divides: whether that divides.
        each: scales of one matrix, where there is a further factor for each.
    """

    name: str
    constant: float = 1.0
    second: str = ""
    divides: bool = False
    each: int = 0

    def read(self, parts: Parts, start: int, stop: int) -> NDArray[np.float32]:
        """Scales `start` to before `stop`, as float32.

        Raises:
            SourceError: they cannot be read, or one is not finite.
        """
        found = parts.scales(self.name, start, stop)
        if self.constant != 1.0:
            found = found * np.float32(self.constant)
        return found * self._factor(parts, start, stop) if self.second else found

    def _factor(self, parts: Parts, start: int, stop: int) -> NDArray[np.float32]:
        found = parts.scales(self.second)
        if self.divides and not found.all():
            raise parts.fault(self.second, "holds a zero that divides scales")
        factor = np.float32(1) / found if self.divides else found
        return factor if len(factor) == 1 else factor[np.arange(start, stop) // self.each]


@dataclasses.dataclass(frozen=True, slots=True)
class Powers:
    """Scales that are powers of two, stored as their exponents (E8M0), as which type of 8 bits ever.

    Args:
        name: of the tensor that holds them.
    """

    name: str

    def read(self, parts: Parts, start: int, stop: int) -> NDArray[np.float32]:
        """Scales `start` to before `stop`, as float32.

        Raises:
            SourceError: they cannot be read, or one has the code that stands for none.
        """
        parts.check_size(self.name, 1)
        codes = parts.raw(self.name, start, stop)
        if (codes == 255).any():
            raise parts.fault(self.name, "holds a scale that is not a finite number")
        return np.ldexp(np.float32(1), codes.astype(np.int32) - 127)


@dataclasses.dataclass(frozen=True, slots=True)
class Grouped:
    """A tensor of (code − zero point) × scale.

    Args:
        parts: of the checkpoint.
        meaning: what it stands for.
        codes: name of the tensor that holds the codes.
        table: value of each code, (256,) for codes of a byte, (256, 2) for two in a byte.
        grid: which scale goes with which element; of two codes in a byte, columns and groups are even.
        scales: one for each group.
        zeros: as the scales; None where there are none.
    """

    parts: Parts
    meaning: Meaning
    codes: str
    table: NDArray[np.float32]
    grid: Grid
    scales: Numbers
    zeros: Numbers | None = None

    def read(self, start: int, stop: int) -> NDArray[np.float32]:
        """Elements `start` to before `stop`; raises as `Reader.read`."""
        from archdiff.weights.packed.groups import unpack_bytes, unpack_pairs

        paired = self.table.ndim > 1
        low, high = (start - start % 2, stop + stop % 2) if paired else (start, stop)
        out = np.empty(high - low, dtype=np.float32)
        codes = self.parts.raw(self.codes, *((low // 2, high // 2) if paired else (low, high)))
        columns = self.grid.columns
        places = self.grid.places(low // columns, -(-high // columns))
        first, last = int(places.min()), int(places.max()) + self.grid.groups
        scales = self.scales.read(self.parts, first, last)
        zeros = self.zeros.read(self.parts, first, last) if self.zeros else np.zeros_like(scales)
        unpack = unpack_pairs if paired else unpack_bytes
        unpack(codes, self.table, scales, zeros, (columns, self.grid.width, low % columns), places - first, out)
        return out[start - low : stop - low]
