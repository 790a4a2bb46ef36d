"""How alike the code of unrelated families is: the control that every similarity is shown with, from a table."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

__all__ = ["Control", "control"]

_FILE = "control.toml"


@dataclass(frozen=True, slots=True)
class Control:
    """Measured between families of transformers that declare no common ancestor.

    Args:
        transformers: version that was measured.
        families: that were drawn from.
        pairs: of files that were compared.
        median: similarity of whole files, between half of the pairs.
        high: similarity that one pair of twenty exceeds.
        highest: of all pairs.
        classes: by the least number of nodes of a class, the similarity to its best match in an unrelated family
            that one class of twenty exceeds.
    """

    transformers: str
    families: int
    pairs: int
    median: float
    high: float
    highest: float
    classes: tuple[tuple[int, float], ...]

    def of_class(self, nodes: int) -> float:
        """What one class of twenty of this size exceeds in an unrelated family."""
        return next((high for least, high in reversed(self.classes) if nodes >= least), 1.0)


@cache
def control() -> Control:
    """The table that `python -m tests.benchmarks.code` wrote."""
    stated = tomllib.loads(resources.files(__package__).joinpath(_FILE).read_text(encoding="utf-8"))
    classes = tuple((int(row["nodes"]), float(row["high"])) for row in stated.pop("class"))
    return Control(**stated, classes=classes)
